# cython: nonecheck=True
"""What a packet of VP8 says before its content (RFC 7741 section 4.2), and those parts of it that count pictures.

```
 X R N S  PID │ I L T K … │ picture id, 7 or 15 bits │ TL0PICIDX │ TID … │ first byte of VP8: P is 0 in a keyframe
 (X)           (I, L, T, K)  (I)                       (L)          (T, K)  (at the start of partition 0)
```

Reading takes any bytes and never raises.
"""

from typing import Final

_EXTENDED: Final = 0x80
_START: Final = 0x10
_PARTITION: Final = 0x07
_HAS_PICTURE: Final = 0x80
_HAS_LAYER: Final = 0x40
_HAS_MORE: Final = 0x30
_LONG: Final = 0x80
_NO_KEY: Final = 0x01
_LAYERS: Final = 0x100
_PICTURES: Final = 1 << 7
_LONG_PICTURES: Final = 1 << 15


class Vp8:
    """Where the counters are in a payload; 0 for one that it does not have."""

    __slots__ = ("is_keyframe", "layer", "layer_at", "picture", "picture_at", "picture_bytes")

    def __init__(self) -> None:
        self.is_keyframe = False
        """Whether a keyframe begins with this packet."""
        self.picture_at = self.picture_bytes = self.picture = 0
        self.layer_at = self.layer = 0
        """TL0PICIDX: the number of the newest picture of the lowest temporal layer."""

    @property
    def pictures(self) -> int:
        """How many numbers pictures have until they go round."""
        return _LONG_PICTURES if self.picture_bytes > 1 else _PICTURES

    def renumber(self, payload: bytes, pictures: int, layers: int) -> tuple[bytes, "Vp8"]:
        """Return the payload, and what it says, with so much added to its counters, which go round."""
        changed, after = bytearray(payload), Vp8()
        after.is_keyframe, after.picture_at, after.picture_bytes = self.is_keyframe, self.picture_at, self.picture_bytes
        after.layer_at = self.layer_at
        if self.picture_bytes:
            after.picture = (self.picture + pictures) % self.pictures
            written = after.picture | _LONG << 8 if self.picture_bytes > 1 else after.picture
            end = self.picture_at + self.picture_bytes
            changed[self.picture_at : end] = written.to_bytes(self.picture_bytes, "big")
        if self.layer_at:
            after.layer = changed[self.layer_at] = (self.layer + layers) % _LAYERS
        return bytes(changed), after


def parse_vp8(payload: bytes) -> Vp8 | None:
    """Read a payload; None when it ends too soon."""
    size, at, says = len(payload), 1, Vp8()
    if not size:
        return None
    first = payload[0]
    if first & _EXTENDED:
        at = _read_counters(says, payload)
    if at >= size:
        return None
    says.is_keyframe = bool(first & _START) and not first & _PARTITION and not payload[at] & _NO_KEY
    return says


def _read_counters(says: Vp8, payload: bytes) -> int:
    """Read what is behind the first byte; return where it ends, which is the end of a payload that is too short."""
    size, at = len(payload), 2
    if size < at:
        return size
    has = payload[1]
    if has & _HAS_PICTURE and at < size:
        says.picture_at, says.picture_bytes, says.picture = at, 1, payload[at]
        at += 1
        if says.picture & _LONG and at < size:
            says.picture_bytes, says.picture = 2, (says.picture & 0x7F) << 8 | payload[at]
            at += 1
    if has & _HAS_LAYER and at < size:
        says.layer_at, says.layer = at, payload[at]
        at += 1
    return at + 1 if has & _HAS_MORE else at
