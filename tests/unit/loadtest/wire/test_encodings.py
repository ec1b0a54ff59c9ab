"""The encodings of load tests read what servers write."""

from typing import Any

import msgspec
import pytest

from core_ext import payloads
from loadtest.wire.encodings import ENCODINGS

ENCODERS = {"json": msgspec.json.encode, "etf": payloads.etf_encode}


class _Body(msgspec.Struct):
    content: str
    numbers: list[int]


@pytest.mark.parametrize("name", list(ENCODINGS))
def test_read_a_servers_dispatch_gives_envelope_and_body(name: str) -> None:
    coded = ENCODINGS[name]()
    body = {"content": "ünïcode", "numbers": [1, 2**40], "more": None}
    message = ENCODERS[name]({"op": 0, "s": 7, "t": "MESSAGE_CREATE", "d": body})
    payload: Any = coded.read(message)
    assert (payload.op, payload.s, payload.t) == (0, 7, "MESSAGE_CREATE")
    assert coded.take(payload, _Body) == _Body("ünïcode", [1, 2**40])


@pytest.mark.parametrize("name", list(ENCODINGS))
def test_encode_command_is_read_back(name: str) -> None:
    coded = ENCODINGS[name]()
    payload: Any = coded.read(coded.encode({"op": 1, "d": 5}))
    assert (payload.op, payload.t, coded.take(payload, int)) == (1, None, 5)


@pytest.mark.parametrize("name", list(ENCODINGS))
@pytest.mark.parametrize("message", [b"", b"\x83", b"\x83m\x00\x00\x00\x01x", b"[]", b"\x83t\x00\x00\x00\x00", b"{}"])
def test_read_what_is_no_payload_raises(name: str, message: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        ENCODINGS[name]().read(message)
