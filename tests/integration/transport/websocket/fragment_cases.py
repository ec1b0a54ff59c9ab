"""RFC 6455 sections 5.4 and 5.5: messages in fragments, and the control frames between them."""

from tests.integration.transport.websocket.framing_cases import HEARTBEAT, heartbeat_of
from tests.integration.transport.websocket.wire_case import ACK, WireCase, closed, refused, taken
from tests.support.gateway.client_frames import (
    BINARY,
    CONTINUATION,
    CONTROL_OPCODES,
    PING,
    PONG,
    TEXT,
    make_client_frame,
    make_close,
    make_fragments,
)
from tests.support.gateway.websocket_client import make_say

_MAX_FRAGMENTS = 128
"""The bound of `gateway.transport.fragments`, more than any library sends."""
_SAID = make_say("in pieces: é 🎉")


def _split(data: bytes, size: int) -> list[bytes]:
    return [data[index : index + size] for index in range(0, len(data), size)]


def _between(frames: list[bytes], other: bytes) -> bytes:
    return other.join(frames)


_BYTES = make_fragments(TEXT, _split(_SAID, 1))
_HALVES = make_fragments(TEXT, [_SAID[:20], _SAID[20:]])
_START = make_client_frame(TEXT, HEARTBEAT[:5], is_final=False)
_REST = make_client_frame(CONTINUATION, HEARTBEAT[5:])

WHOLE: list[WireCase] = [
    taken("two fragments", b"".join(_HALVES), "in pieces: é 🎉"),
    taken("a fragment a byte", b"".join(_BYTES), "in pieces: é 🎉"),
    taken(
        "binary fragments", b"".join(make_fragments(BINARY, [_SAID[:9], _SAID[9:30], _SAID[30:]])), "in pieces: é 🎉"
    ),
    taken("empty first fragment", b"".join(make_fragments(TEXT, [b"", HEARTBEAT])), ACK),
    taken("empty last fragment", b"".join(make_fragments(TEXT, [HEARTBEAT, b""])), ACK),
    taken("empty fragments around", b"".join(make_fragments(TEXT, [b"", b"", HEARTBEAT, b"", b""])), ACK),
    taken(
        "fragments of all lengths",
        b"".join(make_fragments(TEXT, [HEARTBEAT, b" " * 125, b" " * 126, b" " * 3000])),
        ACK,
    ),
    taken("as many fragments as there may be", b"".join(make_fragments(TEXT, _split(heartbeat_of(128 * 32), 32))), ACK),
    taken("two fragmented messages", b"".join(_HALVES * 2), "in pieces: é 🎉", "in pieces: é 🎉"),
    taken(
        "a whole message after a fragmented one",
        b"".join(_HALVES) + make_client_frame(TEXT, HEARTBEAT),
        "in pieces: é 🎉",
        ACK,
    ),
]

BETWEEN: list[WireCase] = [
    taken("ping between fragments", _between(_HALVES, make_client_frame(PING, b"p")), b"p", "in pieces: é 🎉"),
    taken(
        "a ping between all fragments",
        _between(_BYTES, make_client_frame(PING, b"!")),
        *([b"!"] * (len(_BYTES) - 1)),
        "in pieces: é 🎉",
    ),
    taken("pong between fragments", _between(_HALVES, make_client_frame(PONG, b"x" * 125)), "in pieces: é 🎉"),
    taken(
        "empty pings between fragments",
        _between(_HALVES, make_client_frame(PING) * 3),
        b"",
        b"",
        b"",
        "in pieces: é 🎉",
    ),
    closed("close between fragments", _between(_HALVES, make_close(1000)), 1000),
    taken("an unfinished message holds no ping up", _START + make_client_frame(PING, b"now"), b"now"),
]

BROKEN: list[WireCase] = [
    refused("continuation of nothing", make_client_frame(CONTINUATION, HEARTBEAT)),
    refused("continuation of nothing, not final", make_client_frame(CONTINUATION, HEARTBEAT, is_final=False)),
    refused("empty continuation of nothing", make_client_frame(CONTINUATION)),
    refused("continuation after the end", _START + _REST + _REST, 1002, (ACK,)),
    refused("continuation after a whole message", make_client_frame(TEXT, HEARTBEAT) + _REST, 1002, (ACK,)),
    *(
        refused(
            f"opcode {opcode} within fragments, {'' if is_final else 'not '}final",
            _START + make_client_frame(opcode, HEARTBEAT, is_final=is_final),
        )
        for opcode in (TEXT, BINARY)
        for is_final in (True, False)
    ),
    *(
        refused(
            f"control opcode {opcode} of {len(payload)} bytes not final",
            make_client_frame(opcode, payload, is_final=False),
        )
        for opcode in CONTROL_OPCODES
        for payload in (b"", b"\x03\xe8")
    ),
    *(
        refused(
            f"control opcode {opcode} not final within fragments", _START + make_client_frame(opcode, is_final=False)
        )
        for opcode in CONTROL_OPCODES
    ),
    refused("unmasked continuation", _START + make_client_frame(CONTINUATION, HEARTBEAT[5:], key=None)),
]

BOUNDED: list[WireCase] = [
    taken("fragments of exactly the limit", b"".join(make_fragments(TEXT, _split(heartbeat_of(4096), 1000))), ACK),
    refused("fragments of one byte too many", b"".join(make_fragments(TEXT, _split(heartbeat_of(4097), 1000))), 4002),
    refused(
        "a last fragment too large by itself",
        _START + make_client_frame(CONTINUATION, length_bytes=9, declared=1 << 40),
        4002,
    ),
    refused("one fragment too many", b"".join(make_fragments(TEXT, _split(heartbeat_of(129 * 8), 8))), 4002),
    refused(
        "empty fragments for ever", _START + make_client_frame(CONTINUATION, is_final=False) * _MAX_FRAGMENTS, 4002
    ),
]

FRAGMENTS = [*WHOLE, *BETWEEN, *BROKEN, *BOUNDED]
