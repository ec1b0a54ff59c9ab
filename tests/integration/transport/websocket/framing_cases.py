"""RFC 6455 sections 5.2 and 5.3: lengths, masks, reserved bits and opcodes."""

from tests.integration.transport.websocket.wire_case import ACK, WireCase, refused, taken
from tests.support.gateway.client_frames import (
    BINARY,
    CLOSE,
    CONTINUATION,
    CONTROL_OPCODES,
    PING,
    TEXT,
    make_client_frame,
)
from tests.support.gateway.websocket_client import make_say

HEARTBEAT = b'{"op":1,"d":5}'
_LIMIT = 4096
_TOO_LARGE = 4002
"""Discord's code, in the place of the RFC's 1009 (section 7.4.1)."""


def heartbeat_of(size: int) -> bytes:
    """Return a heartbeat padded to so many bytes."""
    return HEARTBEAT.ljust(size)


def _header(length_bytes: int, declared: int, opcode: int = TEXT) -> bytes:
    return make_client_frame(opcode, length_bytes=length_bytes, declared=declared)


LENGTHS: list[WireCase] = [
    *(
        taken(f"{kind} of {size} bytes", make_client_frame(opcode, heartbeat_of(size)), ACK)
        for kind, opcode in (("text", TEXT), ("binary", BINARY))
        for size in (14, 124, 125, 126, 127, 128, 255, 256, 257, 1023, 4095, _LIMIT)
    ),
    *(
        refused(f"message of {size} bytes", make_client_frame(TEXT, heartbeat_of(size)), _TOO_LARGE)
        for size in (_LIMIT + 1, 65_535, 65_536, 70_000)
    ),
    *(
        refused(f"announcement of {declared:#x} bytes", _header(9, declared), _TOO_LARGE)
        for declared in (0x10000, (1 << 31) - 1, 1 << 31, (1 << 32) - 1, 1 << 32, (1 << 62) + 4, (1 << 63) - 1)
    ),
    refused("announcement of 65535 bytes", _header(3, 65_535), _TOO_LARGE),
    *(
        refused(f"length {declared:#x} with its highest bit set", _header(9, declared))
        for declared in (1 << 63, (1 << 63) + 14, (1 << 64) - 1)
    ),
    *(
        refused(f"{size} bytes told in 16 bits", make_client_frame(TEXT, b"x" * size, length_bytes=3))
        for size in (0, 1, 125)
    ),
    *(
        refused(f"{size} bytes told in 64 bits", make_client_frame(TEXT, b"x" * size, length_bytes=9))
        for size in (0, 125, 126, 4096)
    ),
    refused("65535 bytes told in 64 bits", _header(9, 65_535)),
    *(
        refused(f"opcode {opcode} of {size} bytes", make_client_frame(opcode, b"\x03\xe8" * (size // 2)))
        for opcode in CONTROL_OPCODES
        for size in (126, 128, 65_536)
    ),
    *(refused(f"opcode {opcode} told in 16 bits", _header(3, 5, opcode)) for opcode in CONTROL_OPCODES),
]

_TEXT_OF_A_LENGTH = "".join(chr(97 + index % 26) for index in range(40))

MASKS: list[WireCase] = [
    *(
        taken(f"mask {key.hex()}", make_client_frame(TEXT, make_say("masked ✓"), key=key), "masked ✓")
        for key in (bytes(4), b"\xff" * 4, b"\x01\x00\x00\x00", b"\x00\x00\x00\x80", b"{}\"'")
    ),
    # The lengths have every remainder modulo a machine word, and so every alignment of the last word to unmask.
    *(
        taken(
            f"masked text of {size} characters",
            make_client_frame(
                TEXT, make_say(_TEXT_OF_A_LENGTH[:size]), key=bytes((size, 255 - size, 7 * size & 255, 1))
            ),
            _TEXT_OF_A_LENGTH[:size],
        )
        for size in range(0, 40, 3)
    ),
    taken(
        "masks that differ from frame to frame",
        b"".join(make_client_frame(PING, b"same", key=bytes((n, n * 3, n * 7, n * 11))) for n in range(20)),
        *([b"same"] * 20),
    ),
    *(
        refused(f"unmasked opcode {opcode} of {len(payload)} bytes", make_client_frame(opcode, payload, key=None))
        for opcode in (TEXT, BINARY, CONTINUATION, *CONTROL_OPCODES)
        for payload in (b"", b"\x03\xe8")
    ),
    refused(
        "unmasked after masked",
        make_client_frame(TEXT, HEARTBEAT) + make_client_frame(TEXT, HEARTBEAT, key=None),
        1002,
        (ACK,),
    ),
]

RESERVED: list[WireCase] = [
    *(
        refused(f"reserved bits {bits:03b} in {name}", make_client_frame(opcode, payload, reserved=bits))
        for name, opcode, payload in (
            ("a text", TEXT, HEARTBEAT),
            ("an empty binary", BINARY, b""),
            ("a ping", PING, b"p"),
            ("a close", CLOSE, b"\x03\xe8"),
        )
        for bits in (1, 2, 3, 4, 5, 6, 7)
    ),
    refused(
        "reserved bit in a continuation",
        make_client_frame(TEXT, HEARTBEAT[:5], is_final=False)
        + make_client_frame(CONTINUATION, HEARTBEAT[5:], reserved=4),
    ),
    *(
        refused(f"opcode {opcode} of {len(payload)} bytes", make_client_frame(opcode, payload))
        for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)
        for payload in (b"", HEARTBEAT)
    ),
    refused("opcode 3 not final", make_client_frame(3, HEARTBEAT, is_final=False)),
]

FRAMING = [*LENGTHS, *MASKS, *RESERVED]
