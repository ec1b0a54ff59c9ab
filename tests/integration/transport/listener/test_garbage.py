"""Any bytes over a socket end in a documented close code or in the client's own end, and no other client notices.

Each example opens a connection, says what hypothesis made up and ends its stream. Then the server must have sent whole
frames only, its close code must be one of `core.wire.close_codes`, and a bystander's heartbeat must be acknowledged.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.wire import close_codes
from core.wire.close_codes import CloseCode
from core_ext.payloads import etf_encode
from gateway.payloads.encodings import Encoding
from tests.integration.transport.listener.conftest import RecordingListener, RunListener
from tests.support.gateway.client_frames import BINARY, TEXT, make_client_frame
from tests.support.gateway.transports import on_first_transport
from tests.support.gateway.websocket_client import WebSocketClient, open_websocket

DOCUMENTED = {value.code for value in vars(close_codes).values() if isinstance(value, CloseCode)}
OUR_FAULT = close_codes.INTERNAL_ERROR.code
DECODING = {close_codes.DECODE_ERROR.code, close_codes.UNKNOWN_OPCODE.code, close_codes.NOT_AUTHENTICATED.code}

ENCODERS: dict[Encoding, Callable[[Any], bytes]] = {
    Encoding.JSON: msgspec.json.encode,
    Encoding.ETF: etf_encode,
    Encoding.MSGPACK: msgspec.msgpack.encode,
}
IDENTIFY = {"op": 2, "d": {"token": "t", "properties": {"os": "x"}, "intents": 1, "shard": [0, 1]}}
COMMANDS: list[dict[str, Any]] = [
    {"op": 0, "t": "MESSAGE_CREATE", "d": {"channel_id": "1", "content": "é" * 20, "nonce": "n"}},
    {"op": 1, "d": 3},
    IDENTIFY,
    {"op": 3, "d": {"status": "online", "since": None, "afk": False, "activities": [{"name": "a", "type": 0}]}},
    {"op": 4, "d": {"guild_id": "1", "channel_id": None, "self_mute": False, "self_deaf": True}},
    {"op": 6, "d": {"token": "t", "session_id": "s", "seq": 5}},
    {"op": 8, "d": {"guild_id": "1", "user_ids": ["2", "3"], "presences": True, "nonce": "n"}},
    {"op": 14, "d": {"guild_id": "1", "channels": {"2": [[0, 99]]}}},
    {"op": 31, "d": {"guild_ids": ["1"]}},
    {"op": 37, "d": {"subscriptions": {"1": {"typing": True}}}},
]
TRANSPORTS = [
    f"encoding={encoding}{compress}"
    for encoding in ("json", "etf", "msgpack")
    for compress in ("", "&compress=zlib-stream", "&compress=zstd-stream")
]

over_a_socket = settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
encodings = pytest.mark.parametrize("encoding", list(Encoding))

values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(1 << 62), 1 << 62), st.text(st.characters(codec="utf-8"))),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=4)
    ),
    max_leaves=10,
)


class ListenerWithBystander:
    """A listener with a bystander, a client that is logged in and only sends heartbeats."""

    def __init__(self, served: RecordingListener, bystander: WebSocketClient) -> None:
        self.served = served
        self.bystander = bystander

    async def check_bystander(self) -> None:
        await self.bystander.say(b'{"op":1,"d":null}')
        assert (await self.bystander.read_payload())["op"] == 11

    async def suffer(self, data: bytes, query: str = "v=10", *, is_logged_in: bool = False) -> int | None:
        """Send `data` and return the close code, or None when the client's own end came first."""
        async with open_websocket(self.served.address, query) as client:
            if is_logged_in:
                await client.say(ENCODERS[Encoding[query.rpartition("encoding=")[2].upper()]](IDENTIFY), BINARY)
            await client.send(data)
            with contextlib.suppress(OSError):
                client.end_stream()
            code = await client.read_close_code()
            assert await client.read() is None
        await self.check_bystander()
        assert code != OUR_FAULT
        return code


@pytest.fixture
async def scene(run_listener: RunListener) -> AsyncIterator[ListenerWithBystander]:
    async with run_listener(commands_per_minute=1_000_000) as served, open_websocket(served.address) as bystander:
        await bystander.read_payload()
        await bystander.say(msgspec.json.encode(IDENTIFY))
        assert (await bystander.read_payload())["t"] == "READY"
        yield ListenerWithBystander(served, bystander)
        await scene_is_whole(served)


async def scene_is_whole(served: RecordingListener) -> None:
    """Only the bystander's connection is left."""
    async with asyncio.timeout(60):
        while len(served.listener.connections) > 1:
            await served.handler.ends.get()


@over_a_socket
@given(data=st.binary(max_size=400), query=st.sampled_from(TRANSPORTS))
async def test_any_bytes_after_the_upgrade(scene: ListenerWithBystander, data: bytes, query: str) -> None:
    assert await scene.suffer(data, f"v=10&{query}") in {None, *DOCUMENTED}


frames = st.builds(
    make_client_frame,
    st.integers(0, 15),
    st.one_of(st.binary(max_size=200), st.just(b'{"op":1}'), st.just(b" " * 4096), st.just(b" " * 70_000)),
    is_final=st.booleans(),
    key=st.sampled_from([*[bytes(4)] * 4, None]),
    reserved=st.sampled_from([0, 0, 0, 0, 0, 0, 1, 2, 4, 7]),
)


@over_a_socket
@given(sequence=st.lists(frames, max_size=8), cut=st.integers(0, 20), query=st.sampled_from(TRANSPORTS))
async def test_any_frames(scene: ListenerWithBystander, sequence: list[bytes], cut: int, query: str) -> None:
    data = b"".join(sequence)
    code = await scene.suffer(data[: len(data) - cut], f"v=10&{query}")
    # A close frame of the client's own is answered with its code, so any code may come back.
    assert code is None or code in DOCUMENTED or b"\x88" in data


@on_first_transport
@encodings
@over_a_socket
@given(payload=st.binary(max_size=300), opcode=st.sampled_from([TEXT, BINARY]))
async def test_any_payload_in_a_whole_message(
    scene: ListenerWithBystander, encoding: Encoding, payload: bytes, opcode: int
) -> None:
    query = f"v=10&encoding={encoding.name.lower()}"
    code = await scene.suffer(make_client_frame(opcode, payload) + make_client_frame(opcode, b"\xff"), query)
    assert code in DECODING


@on_first_transport
@encodings
@over_a_socket
@given(
    command=st.sampled_from(COMMANDS),
    flips=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=3),
    cut=st.integers(0, 60),
    is_logged_in=st.booleans(),
)
async def test_damaged_commands(
    scene: ListenerWithBystander,
    encoding: Encoding,
    command: dict[str, Any],
    flips: list[tuple[int, int]],
    cut: int,
    is_logged_in: bool,
) -> None:
    payload = bytearray(ENCODERS[encoding](command))
    for position, byte in flips:
        payload[position % len(payload)] = byte
    data = make_client_frame(BINARY, bytes(payload[: max(0, len(payload) - cut)]))
    query = f"v=10&encoding={encoding.name.lower()}"
    assert await scene.suffer(data, query, is_logged_in=is_logged_in) in {None, 4001, 4002, 4003, 4005}


@on_first_transport
@encodings
@over_a_socket
@given(
    command=st.sampled_from(COMMANDS), field=st.integers(0, 20), value=values, extra=values, is_logged_in=st.booleans()
)
async def test_commands_with_wrong_types(
    scene: ListenerWithBystander,
    encoding: Encoding,
    command: dict[str, Any],
    field: int,
    value: Any,
    extra: Any,
    is_logged_in: bool,
) -> None:
    d = command["d"]
    is_one_field = isinstance(d, dict) and field % 4
    d = {**d, sorted(d)[field % len(d)]: value, "extra": extra} if is_one_field else value
    query = f"v=10&encoding={encoding.name.lower()}"
    data = make_client_frame(BINARY, ENCODERS[encoding]({**command, "d": d}))
    assert await scene.suffer(data, query, is_logged_in=is_logged_in) in {None, 4001, 4002, 4003, 4005}


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"\x00" * 1000,
        b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 500 + b"\r\n",
        b"GET /?" + b"v=10&" * 300 + b" HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
        b"GET /%ff%fe?encoding=%ff HTTP/1.1\r\n\r\n",
        "GET /é HTTP/1.1\r\n\r\n".encode(),
        b"GET / HTTP/1.1\r\nUpgrade: \xff\r\nConnection: Upgrade\xff\r\n\r\n",
        b"GET / HTTP/1.1\nHost: x\n\n",
    ],
)
async def test_any_handshake(scene: ListenerWithBystander, request_bytes: bytes) -> None:
    reader, writer = await asyncio.open_connection(*scene.served.address)
    writer.write(request_bytes)
    writer.write_eof()
    async with asyncio.timeout(60):
        try:
            answer = await reader.read()
        except ConnectionError:
            answer = b""
    writer.close()
    assert answer == b"" or answer.split(b" ")[1][:1] == b"4"
    await scene.check_bystander()


async def test_many_connections_of_garbage_at_once(scene: ListenerWithBystander) -> None:
    """Hundreds of broken clients in one turn each get their own code, and the bystander's heartbeats are answered."""
    wrong = [
        (make_client_frame(TEXT, b'{"op":77}'), 4001),
        (make_client_frame(TEXT, b"x" * 5000), 4002),
        (make_client_frame(TEXT, b'{"op":3,"d":{}}'), 4003),
        (make_client_frame(TEXT, msgspec.json.encode(IDENTIFY)) * 2, 4005),
        (make_client_frame(TEXT, b"{}", key=None), 1002),
    ]

    async def break_in(data: bytes) -> int | None:
        async with open_websocket(scene.served.address) as client:
            await client.send(data)
            return await client.read_close_code()

    codes = asyncio.gather(*[break_in(data) for data, _ in wrong * 40])
    while not codes.done():
        await scene.check_bystander()
        await asyncio.wait([codes], timeout=0.01)
    assert codes.result() == [code for _, code in wrong * 40]
