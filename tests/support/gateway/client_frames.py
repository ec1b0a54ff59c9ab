"""Frames as a client sends them (RFC 6455 section 5.2), valid and invalid in every field."""

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
DATA_OPCODES = (CONTINUATION, TEXT, BINARY)
CONTROL_OPCODES = (CLOSE, PING, PONG)

MASK = b"\x37\xfa\x21\x3d"
"""The mask of the RFC's examples (section 5.7)."""

_SHORT = 126
_FORMS = {1: 0, 3: 126, 9: 127}


def mask_bytes(data: bytes, key: bytes) -> bytes:
    """Mask bytes by section 5.3, one at a time: the reference. A mask of zeros costs nothing, for payloads of
    megabytes.
    """
    if key == bytes(4):
        return data
    return bytes(byte ^ key[index % 4] for index, byte in enumerate(data))


def make_client_frame(
    opcode: int,
    payload: bytes = b"",
    *,
    is_final: bool = True,
    reserved: int = 0,
    key: bytes | None = MASK,
    length_bytes: int | None = None,
    declared: int | None = None,
) -> bytes:
    """Make a frame.

    `reserved` is the three bits as a number. `key` None leaves the payload unmasked. `length_bytes` is the size of the
    length field (1, 3 or 9; the least one when None). `declared` is a length in the place of the payload's own.
    """
    length = len(payload) if declared is None else declared
    if length_bytes is None:
        length_bytes = 1 if length < _SHORT else 3 if length < 1 << 16 else 9
    form = _FORMS[length_bytes] or length
    head = bytes((is_final << 7 | reserved << 4 | opcode, (key is not None) << 7 | form))
    head += length.to_bytes(length_bytes - 1, "big") if length_bytes > 1 else b""
    return head + payload if key is None else head + key + mask_bytes(payload, key)


def make_close(code: int, reason: bytes = b"") -> bytes:
    """Make a close frame with a code."""
    return make_client_frame(CLOSE, code.to_bytes(2, "big") + reason)


def make_fragments(opcode: int, pieces: list[bytes]) -> list[bytes]:
    """Make a message in so many frames."""
    last = len(pieces) - 1
    return [
        make_client_frame(opcode if index == 0 else CONTINUATION, piece, is_final=index == last)
        for index, piece in enumerate(pieces)
    ]
