"""RFC 6455 sections 5.5.1, 5.5.2, 5.5.3 and 7.4: pings, pongs and the client's close."""

from tests.integration.transport.websocket.framing_cases import HEARTBEAT
from tests.integration.transport.websocket.wire_case import ACK, WireCase, closed, refused, taken
from tests.support.gateway.client_frames import CLOSE, PING, PONG, TEXT, make_client_frame, make_close

_LATER = make_client_frame(TEXT, HEARTBEAT) + make_client_frame(PING, b"not heard")

PINGS: list[WireCase] = [
    *(
        taken(f"ping of {size} bytes", make_client_frame(PING, bytes(range(size))), bytes(range(size)))
        for size in (0, 1, 2, 3, 4, 5, 7, 8, 9, 124, 125)
    ),
    taken("ping that is no text", make_client_frame(PING, b"\xff\xfe\xc0\x80"), b"\xff\xfe\xc0\x80"),
    taken(
        "pings in their order",
        b"".join(make_client_frame(PING, b"%d" % n) for n in range(30)),
        *(b"%d" % n for n in range(30)),
    ),
    taken("unasked pong", make_client_frame(PONG)),
    taken("unasked pongs with payloads", b"".join(make_client_frame(PONG, b"p" * size) for size in (1, 100, 125))),
    taken(
        "a pong, a ping and a heartbeat",
        make_client_frame(PONG, b"1") + make_client_frame(PING, b"2") + make_client_frame(TEXT, HEARTBEAT),
        b"2",
        ACK,
    ),
]

VALID_CODES = (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 3000, 3999, 4000, 4009, 4999)
"""The codes of sections 7.4.1 and 7.4.2, with those that IANA has registered since."""
INVALID_CODES = (0, 1, 255, 999, 1005, 1006, 1015, 5000, 65_535)
"""Codes that must never be sent: too small, reserved for use without a frame, and too large."""
_BROKEN_TEXTS = {
    "no UTF-8": b"\xff\xfe",
    "a character cut off": b"bye \xe2\x82",
    "an overlong form": b"\xc0\xaf",
    "half a surrogate pair": b"\xed\xa0\x80",
    "a character past the last": b"\xf4\x90\x80\x80",
}

CLOSES: list[WireCase] = [
    closed("close without a code", make_client_frame(CLOSE), 1000),
    *(closed(f"close with {code}", make_close(code), code) for code in VALID_CODES),
    closed("close with a reason", make_close(1000, b"bye"), 1000),
    closed("close with a reason in UTF-8", make_close(4000, "tschüß 🎉".encode()), 4000),
    closed("close with the longest reason", make_close(1000, b"x" * 123), 1000),
    closed("close with a reason of characters only", make_close(1000, "é".encode() * 61), 1000),
    *(refused(f"close with {code}", make_close(code)) for code in INVALID_CODES),
    *(refused(f"close of one byte {byte}", make_client_frame(CLOSE, bytes((byte,)))) for byte in (0, 3, 255)),
    *(refused(f"close with {name}", make_close(1000, text)) for name, text in _BROKEN_TEXTS.items()),
    refused("close with a reason too long", make_close(1000, b"x" * 124)),
    closed("nothing is heard after a close", make_close(1000) + _LATER, 1000),
    closed("nothing is heard after an empty close", make_client_frame(CLOSE) + _LATER, 1000),
    refused("nothing is heard after a fault", make_client_frame(TEXT, HEARTBEAT, reserved=1) + _LATER),
    closed("a second close is not answered", make_close(1000) + make_close(4000), 1000),
    closed("what came before a close is answered", make_client_frame(TEXT, HEARTBEAT) + make_close(3000), 3000, (ACK,)),
    closed("garbage after a close is no fault", make_close(1001) + b"\xff" * 300, 1001),
]

CLOSING = [*PINGS, *CLOSES]
