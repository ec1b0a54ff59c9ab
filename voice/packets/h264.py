"""Whether a keyframe of H.264 begins with a packet (RFC 6184 section 5)."""

from typing import Final

_TYPE: Final = 0x1F
_PICTURE: Final = 5
_PARAMETERS: Final = 7
"""A sequence parameter set, which is sent before each keyframe."""
_SEVERAL: Final = 24
_SIZE_BYTES: Final = 2
_PART: Final = 28
_FIRST_PART: Final = 0x80
_KEY: Final = frozenset({_PICTURE, _PARAMETERS})


def begins_keyframe(payload: bytes) -> bool:
    """Tell it of any bytes."""
    kind = payload[0] & _TYPE if payload else 0
    if kind == _SEVERAL:
        return _has_key(payload)
    if kind == _PART:
        return len(payload) > 1 and bool(payload[1] & _FIRST_PART) and payload[1] & _TYPE in _KEY
    return kind in _KEY


def _has_key(payload: bytes) -> bool:
    """Look at each unit of several in one packet: some encoders put a delimiter or a remark before the parameters."""
    at = 1
    while at + _SIZE_BYTES < len(payload):
        if payload[at + _SIZE_BYTES] & _TYPE in _KEY:
            return True
        at += _SIZE_BYTES + int.from_bytes(payload[at : at + _SIZE_BYTES], "big")
    return False
