"""Payloads that try to break a decoder: each ends its own connection with 4002, and the process lives on.

They come in through the socket, with the ordinary limit of 4096 bytes and with one of megabytes: the decoders' own
bounds must hold, too.
"""

import msgspec
import pytest

from core_ext.payloads import etf_encode
from gateway.payloads.encodings import Encoding
from tests.integration.transport.websocket.conftest import RunServer
from tests.integration.transport.websocket.echo_server import EchoServer
from tests.support.gateway.client_frames import BINARY, CLOSE, TEXT, make_client_frame
from tests.support.gateway.transports import on_first_transport
from tests.support.gateway.websocket_client import UPGRADE, make_request, open_tcp

DEPTHS = (33, 1000, 10_000, 1_000_000)
HUGE = (1 << 31) - 1, (1 << 32) - 1

JSON, ETF, MSGPACK = Encoding.JSON, Encoding.ETF, Encoding.MSGPACK


def etf_within(term: bytes) -> bytes:
    """Return a payload of ETF: op 2 with this `d`."""
    return b"\x83t\x00\x00\x00\x02m\x00\x00\x00\x02opa\x02m\x00\x00\x00\x01d" + term


def etf_tuples(depth: int) -> bytes:
    """Nest tuples, at two bytes a level."""
    return etf_within(b"h\x01" * depth + b"a\x00")


def etf_lists(depth: int) -> bytes:
    """Nest lists, at six bytes a level."""
    return etf_within(b"l\x00\x00\x00\x01" * depth + b"j" + b"j" * depth)


def etf_maps(depth: int) -> bytes:
    """Nest maps."""
    return etf_within(b"t\x00\x00\x00\x01m\x00\x00\x00\x01a" * depth + b"j")


def msgpack_within(value: bytes) -> bytes:
    """Return a payload of msgpack: op 2 with this `d`."""
    return b"\x82\xa2op\x02\xa1d" + value


def identify_with(encoding: Encoding, value: bytes) -> bytes:
    """Return an Identify with a value in its `properties`, which are taken as they are."""
    marker = "@@@@"
    payload = {"op": 2, "d": {"token": "t", "intents": 1, "properties": {"x": marker}}}
    encoded, placeholder = {
        JSON: (msgspec.json.encode, b'"@@@@"'),
        ETF: (etf_encode, b"m\x00\x00\x00\x04@@@@"),
        MSGPACK: (msgspec.msgpack.encode, b"\xa4@@@@"),
    }[encoding]
    whole: bytes = encoded(payload)
    assert placeholder in whole
    return whole.replace(placeholder, value)


def deep(depth: int) -> dict[str, tuple[Encoding, bytes]]:
    """Nest so many containers."""
    return {
        "json lists": (JSON, b"[" * depth),
        "json lists that end": (JSON, b'{"op":2,"d":' + b"[" * depth + b"]" * depth + b"}"),
        "json maps": (JSON, b'{"op":2,"d":' + b'{"a":' * depth + b"1" + b"}" * depth + b"}"),
        "json in properties": (JSON, identify_with(JSON, b"[" * depth + b"]" * depth)),
        "json in what is ignored": (JSON, b'{"op":2,"x":' + b"[" * depth + b"]" * depth + b',"d":{}}'),
        "json behind a string of brackets": (
            JSON,
            b'{"op":2,"x":"' + b"]" * 50 + b'","d":' + b"[" * depth + b"]" * depth + b"}",
        ),
        "json message": (
            JSON,
            b'{"op":0,"t":"MESSAGE_CREATE","d":{"channel_id":"1","x":' + b"[" * depth + b"]" * depth + b"}}",
        ),
        "etf tuples": (ETF, etf_tuples(depth)),
        "etf lists": (ETF, etf_lists(depth)),
        "etf maps": (ETF, etf_maps(depth)),
        "etf in properties": (ETF, identify_with(ETF, b"h\x01" * depth + b"a\x00")),
        "etf as a key": (ETF, b"\x83" + b"t\x00\x00\x00\x01" * depth + b"j"),
        "msgpack lists": (MSGPACK, b"\x91" * depth + b"\xc0"),
        "msgpack lists in d": (MSGPACK, msgpack_within(b"\x91" * depth + b"\xc0")),
        "msgpack maps in d": (MSGPACK, msgpack_within(b"\x81\xa1a" * depth + b"\xc0")),
        "msgpack in properties": (MSGPACK, identify_with(MSGPACK, b"\x91" * depth + b"\xc0")),
        "msgpack as a key": (MSGPACK, b"\x81" * depth + b"\xc0\xc0"),
        "msgpack in what is ignored": (MSGPACK, b"\x83\xa2op\x02\xa1x" + b"\x91" * depth + b"\xc0\xa1d\x80"),
        "msgpack message": (
            MSGPACK,
            b"\x83\xa2op\x00\xa1t\xaeMESSAGE_CREATE\xa1d\x82\xaachannel_id\x01\xa1x" + b"\x91" * depth + b"\xc0",
        ),
    }


def announced(count: int) -> dict[str, tuple[Encoding, bytes]]:
    """Return a few bytes that declare a large size. The decoder must not allocate it."""
    size = count.to_bytes(4, "big")
    return {
        **{f"etf tag {tag}": (ETF, etf_within(bytes((tag,)) + size)) for tag in (105, 108, 109, 110, 111, 116)},
        "etf small things": (ETF, etf_within(b"k\xff\xff") + b"h\xff"),
        "etf atom": (ETF, etf_within(b"d\xff\xff" + b"a" * 300)),
        "etf bits": (ETF, etf_within(b"M" + size + b"\x01")),
        "etf compressed": (ETF, b"\x83P" + size + b"x\x9c\x03\x00\x00\x00\x00\x01"),
        "etf whole": (ETF, b"\x83l" + size),
        "msgpack text": (MSGPACK, msgpack_within(b"\xdb" + size)),
        "msgpack bytes": (MSGPACK, msgpack_within(b"\xc6" + size)),
        "msgpack list": (MSGPACK, msgpack_within(b"\xdd" + size)),
        "msgpack map": (MSGPACK, msgpack_within(b"\xdf" + size)),
        "msgpack extension": (MSGPACK, msgpack_within(b"\xc9" + size + b"\x01")),
        "msgpack list in properties": (MSGPACK, identify_with(MSGPACK, b"\xdd" + size)),
        "msgpack whole": (MSGPACK, b"\xdf" + size),
    }


BOMBS: dict[str, tuple[Encoding, bytes]] = {
    # Erlang never frees atoms. Here each is a string, as short-lived as its payload.
    "etf atoms": (ETF, etf_within(b"l\x00\x00\x01\x00" + b"".join(b"s\x03%03d" % n for n in range(256)) + b"j")),
    "etf atoms as keys": (ETF, etf_within(b"t\x00\x00\x01\x00" + b"".join(b"s\x03%03da\x00" % n for n in range(256)))),
    "etf endless text list": (ETF, etf_within(b"k\x0f\x00" + b"\x00" * 3840)),
    "etf references": (ETF, etf_within(b"r\x00\x01s\x01a\x00\x00\x00\x00\x00")),
    "etf functions": (ETF, etf_within(b"p\x00\x00\x00\x01")),
    "etf integer of 255 bytes": (ETF, etf_within(b"n\xff\x00" + b"\xff" * 255)),
    "json exponent": (JSON, b'{"op":1e999999999}'),
    "json backslashes": (JSON, b'{"op":2,"d":"' + b"\\" * 4001 + b'"}'),
    "json quotes": (JSON, b'{"op":2,"d":[' + b'"' * 4001 + b"]}"),
    "json keys": (JSON, b'{"op":2,"d":{' + b",".join(b'"%03d":[' % n for n in range(500)) + b"}}"),
    "msgpack floats for an opcode": (MSGPACK, b"\x81\xa2op\xcb\x7f\xf0\x00\x00\x00\x00\x00\x00"),
    "msgpack keys of lists": (MSGPACK, msgpack_within(b"\x81\x91\x91\x01\x01")),
}


HARMLESS: dict[str, tuple[Encoding, bytes, int]] = {
    "an opcode of 4000 digits": (JSON, b'{"op":' + b"9" * 4000 + b"}", 4001),
    "a heartbeat of 4000 digits": (JSON, b'{"op":1,"d":' + b"9" * 4000 + b"}", 1000),
    "halves of surrogate pairs in a heartbeat": (JSON, b'{"op":1,"d":"' + b"\\ud800" * 600 + b'"}', 1000),
    "a heartbeat in a string": (JSON, b'{"op":1,"d":"' + b"9" * 300 + b'"}', 1000),
}
"""Large payloads that are valid. 1000 is the answer to the close that follows."""


async def suffer(server: EchoServer, encoding: Encoding, payload: bytes, opcode: int = BINARY) -> int | None:
    """Return the close code of a payload right after the handshake. The server is well after it."""
    async with open_tcp(server.address) as client:
        await client.send(make_request(f"/?v=10&encoding={encoding.name.lower()}", UPGRADE))
        await client.read_upgrade()
        await client.read()
        await client.send(make_client_frame(opcode, payload, key=bytes(4)) + make_client_frame(CLOSE))
        return await client.read_close_code()


@on_first_transport
@pytest.mark.parametrize("name", deep(1))
async def test_deep_payload_is_refused_at_every_depth(run_server: RunServer, name: str) -> None:
    async with run_server(max_payload_bytes=1 << 25) as server:
        for depth in DEPTHS:
            encoding, payload = deep(depth)[name]
            assert await suffer(server, encoding, payload) == 4002, depth
        async with open_tcp(server.address) as client:
            await client.log_in("afterwards")


@on_first_transport
@pytest.mark.parametrize("count", HUGE)
@pytest.mark.parametrize("name", announced(1))
async def test_announcement_without_its_bytes_is_refused(server: EchoServer, name: str, count: int) -> None:
    encoding, payload = announced(count)[name]
    assert await suffer(server, encoding, payload) == 4002


@on_first_transport
@pytest.mark.parametrize("name", BOMBS)
async def test_bomb_is_refused(server: EchoServer, name: str) -> None:
    encoding, payload = BOMBS[name]
    assert len(payload) <= 4096
    assert await suffer(server, encoding, payload) == 4002


@pytest.mark.parametrize("name", HARMLESS)
async def test_large_number_is_taken_for_what_it_is(server: EchoServer, name: str) -> None:
    encoding, payload, code = HARMLESS[name]
    assert await suffer(server, encoding, payload) == code


@pytest.mark.parametrize("encoding", list(Encoding))
async def test_text_that_is_none_is_refused_in_every_encoding(server: EchoServer, encoding: Encoding) -> None:
    heartbeat = {
        JSON: b'{"op":1,"d":"\xff"}',
        ETF: b"\x83t\x00\x00\x00\x01m\x00\x00\x00\x02opa\x01",
        MSGPACK: b"\x82\xa2op\x01\xa1d\xcc\xff",
    }[encoding]
    assert await suffer(server, encoding, heartbeat, TEXT) == 4002
