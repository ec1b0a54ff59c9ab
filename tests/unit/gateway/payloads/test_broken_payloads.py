"""Payloads of clients that are no document of their encoding, or that nest too deep."""

import pytest

from core.wire import close_codes
from gateway.commands.commands import (
    Heartbeat,
)
from gateway.payloads.encodings import MAX_CLIENT_DEPTH, Encoding
from tests.support.gateway.client_commands import parse, refusal_of


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b'{"op":1}{',
        b'{"op":1,"d":"\xff"}',
        b'{"op":1,"d":{"x":"\xed\xa0\x80"}}',
        b'{"op":1e999}',
        b'{"op":NaN}',
        b'{"op":' + b"9" * 4000 + b".5}",
        b'{"op":3,"d":' + b"[" * 4000,
        b'{"op":3,"d":' + b"[" * 2000 + b"]" * 2000 + b"}",
        b'{"op":2,"d":{"token":"t","properties":' + b'{"a":' * 800 + b"1" + b"}" * 800 + b"}}",
        b'{"op":0,"t":"MESSAGE_CREATE","d":' + b'{"channel_id":1,"a":' * 200 + b"1" + b"}" * 199 + b"}",
        b"\x83t\x00\x00\x00\x00",
        b"\x00" * 100,
    ],
)
def test_parse_broken_json_is_a_decode_error(data: bytes) -> None:
    assert refusal_of(Encoding.JSON, data) is close_codes.DECODE_ERROR


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x82\xa2op",
        b"\xdf\xff\xff\xff\xff",
        b"\x82\xa2op\x03\xa1d\xdd\xff\xff\xff\xff",
        b"\x82\xa2op\x03\xa1d\x81\xaaactivities\xdd\xff\xff\xff\xff",
        b"\x82\xa2op\x03\xa1d" + b"\x91" * 4000 + b"\x01",
        b"\x82\xa2op\x02\xa1d\x81\xa5token\xa2\xff\xfe",
        b"\x83\xa2op\x00\xa1t\xaeMESSAGE_CREATE\xa1d\x82\xaachannel_id\x01\x91\x01\x01",
        b"\x83\xa2op\x00\xa1t\xaeMESSAGE_CREATE\xa1d\x82\xaachannel_id\x01\xa1x\xd4\x05\x00",
        b"\xc1",
        b"\x81\xa2op\x01\x00",
        b"\x83\xa2op\x00\xa1t\xaeMESSAGE_CREATE\xa1d\x82\xaachannel_id\x01\xa1x" + b"\x91" * 500 + b"\x01",
    ],
)
def test_parse_broken_msgpack_is_a_decode_error(data: bytes) -> None:
    assert refusal_of(Encoding.MSGPACK, data) is close_codes.DECODE_ERROR


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x83",
        b"\x83t\xff\xff\xff\xff",
        b"\x83t\x00\x00\x00\x01m\x00\x00\x00\x02opl\xff\xff\xff\xff",
        b"\x83" + b"l\x00\x00\x00\x01" * 800,
        b"\x83t\x00\x00\x00\x01m\x00\x00\x00\x02opn\xff\x00" + b"\x01" * 255,
        b"\x83P\x00\x00\x10\x00x\x9c\x03\x00\x00\x00\x00\x01",
        b"\x83t\x00\x00\x00\x01a\x01a\x01",
        b'{"op":1}',
    ],
)
def test_parse_broken_etf_is_a_decode_error(data: bytes) -> None:
    assert refusal_of(Encoding.ETF, data) is close_codes.DECODE_ERROR


def nested(depth: int) -> bytes:
    """A heartbeat of this depth, which nests in a field that nobody reads."""
    return b'{"op":1,"x":' + b"[" * (depth - 1) + b'"[[[\\"[["' + b"]" * (depth - 1) + b"}"


def test_parse_json_nested_as_deep_as_allowed_is_taken() -> None:
    assert parse(Encoding.JSON, nested(MAX_CLIENT_DEPTH)) == Heartbeat()
    assert refusal_of(Encoding.JSON, nested(MAX_CLIENT_DEPTH + 1)) is close_codes.DECODE_ERROR


def test_parse_json_with_many_brackets_and_little_depth_is_taken() -> None:
    assert parse(Encoding.JSON, b'{"op":1,"x":[' + b"[]," * 500 + b"[]]}") == Heartbeat()


def nested_msgpack(depth: int) -> bytes:
    """A heartbeat of this depth, with alternating lists and maps."""
    levels = [b"\x91", b"\x81\xa1a"] * depth
    return b"\x82\xa2op\x01\xa1x" + b"".join(levels[: depth - 1]) + b"\xc0"


def test_parse_msgpack_nested_as_deep_as_allowed_is_taken() -> None:
    assert parse(Encoding.MSGPACK, nested_msgpack(MAX_CLIENT_DEPTH)) == Heartbeat()
    assert refusal_of(Encoding.MSGPACK, nested_msgpack(MAX_CLIENT_DEPTH + 1)) is close_codes.DECODE_ERROR


def test_parse_msgpack_with_many_containers_and_little_depth_is_taken() -> None:
    data = b"\x82\xa2op\x01\xa1x\xdc\x02\x00" + b"\x90\x80" * 256
    assert parse(Encoding.MSGPACK, data) == Heartbeat()
