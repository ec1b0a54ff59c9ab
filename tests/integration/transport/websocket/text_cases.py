"""RFC 6455 section 8.1 (and 5.6): text is UTF-8, wherever it is cut. The gateway says 4002 where the RFC has 1007."""

from tests.integration.transport.websocket.wire_case import WireCase, refused, taken
from tests.support.gateway.client_frames import BINARY, TEXT, make_client_frame, make_fragments
from tests.support.gateway.websocket_client import make_say

_NO_TEXT = 4002

VALID = {
    "two-byte characters": "\u0080\u00e9\u07ff",
    "three-byte characters": "\u0800\u20ac\ud7ff\ue000\uffff",
    "four-byte characters": "\U00010000\U0001f389\U0010ffff",
    "noncharacters": "\ufdd0\ufffe\U0001fffe",
    "a byte order mark": "\ufeffa",
    "combined characters": "e\u0301\u200d🏳️\u200d🌈",
}
INVALID = {
    "a lone continuation byte": b"\x80",
    "the last continuation byte": b"\xbf",
    "a character without its end": b"\xe2\x82",
    "a character of four without its end": b"\xf0\x9f\x8e",
    "an overlong slash in two bytes": b"\xc0\xaf",
    "an overlong slash in three bytes": b"\xe0\x80\xaf",
    "an overlong slash in four bytes": b"\xf0\x80\x80\xaf",
    "an overlong NUL": b"\xc0\x80",
    "the largest overlong of two bytes": b"\xc1\xbf",
    "the largest overlong of three bytes": b"\xe0\x9f\xbf",
    "the largest overlong of four bytes": b"\xf0\x8f\xbf\xbf",
    "the first surrogate": b"\xed\xa0\x80",
    "the last surrogate": b"\xed\xbf\xbf",
    "a surrogate pair": b"\xed\xa0\xbd\xed\xb8\x80",
    "the first character past the last": b"\xf4\x90\x80\x80",
    "a lead byte of five": b"\xf8\x88\x80\x80\x80",
    "a lead byte of six": b"\xfc\x84\x80\x80\x80\x80",
    "0xfe": b"\xfe",
    "0xff": b"\xff",
}


def _around(broken: bytes) -> bytes:
    return make_say("before @ after").replace(b"@", broken)


_CUT = make_say("é€🎉")
_CUT_START = _CUT.index("é".encode())
_CUT_PLACES = [[_CUT[:place], _CUT[place:]] for place in range(_CUT_START, _CUT_START + 10)]

TEXTS: list[WireCase] = [
    *(taken(name, make_client_frame(TEXT, make_say(text)), text) for name, text in VALID.items()),
    *(refused(name, make_client_frame(TEXT, _around(broken)), _NO_TEXT) for name, broken in INVALID.items()),
    *(
        refused(f"{name} in a binary message of JSON", make_client_frame(BINARY, _around(broken)), _NO_TEXT)
        for name, broken in (("0xff", b"\xff"), ("the first surrogate", b"\xed\xa0\x80"))
    ),
    *(
        taken(f"characters cut at {len(pieces[0])}", b"".join(make_fragments(TEXT, pieces)), "é€🎉")
        for pieces in _CUT_PLACES
    ),
    *(
        refused(
            f"{name} in a fragment a byte",
            b"".join(make_fragments(TEXT, [bytes((byte,)) for byte in _around(broken)])),
            _NO_TEXT,
        )
        for name, broken in INVALID.items()
    ),
    refused(
        "a character begun and never ended",
        b"".join(make_fragments(TEXT, [b'{"op":1,"x":"\xe2', b'\x82"}'])),
        _NO_TEXT,
    ),
    refused("text that is only half a character", make_client_frame(TEXT, b"\xf0\x9f"), _NO_TEXT),
    refused("empty text", make_client_frame(TEXT), _NO_TEXT),
    refused("empty binary", make_client_frame(BINARY), _NO_TEXT),
]
