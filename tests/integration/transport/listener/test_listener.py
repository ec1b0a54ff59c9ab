"""The listener over real sockets: handshakes, transports, frames, time and the end."""

import asyncio
import json
import logging
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest

from core.wire.close_codes import UNKNOWN_ERROR
from core_ext.payloads import etf_encode
from gateway.commands.commands import Heartbeat, RequestGuildMembers
from gateway.payloads.dispatch_body import DispatchBody
from gateway.payloads.encodings import Encoding
from tests.fakes.clock import FakeClock
from tests.integration.transport.listener.conftest import RecordingListener, RunListener
from tests.support.gateway.client_frames import BINARY, CLOSE, PING, PONG, TEXT, make_client_frame
from tests.support.gateway.transports import on_first_transport
from tests.support.gateway.websocket_client import UPGRADE, WebSocketClient, ask, make_request, open_websocket
from tests.support.gateway.websocket_frames import STREAM_DECODERS

IDENTIFY = {"op": 2, "d": {"token": "t", "intents": 1, "properties": {}}}
MEMBERS = {"op": 8, "d": {"guild_id": "1", "query": "", "limit": 0}}
ENCODERS: dict[Encoding, Callable[[Any], bytes]] = {
    Encoding.JSON: msgspec.json.encode,
    Encoding.ETF: etf_encode,
    Encoding.MSGPACK: msgspec.msgpack.encode,
}
COMPRESS = {"none": ("", None)} | {
    name: (compression.name.lower().replace("_", "-"), make) for name, (compression, make) in STREAM_DECODERS.items()
}


def json_of(payload: Any) -> bytes:
    return msgspec.json.encode(payload)


async def log_in(client: WebSocketClient) -> None:
    assert (await client.read_payload())["op"] == 10
    await client.say(ENCODERS[client.encoding](IDENTIFY), BINARY)
    assert (await client.read_payload())["t"] == "READY"


@pytest.mark.parametrize("compress", COMPRESS)
@pytest.mark.parametrize(
    # An ETF or msgpack document is no text, except by chance.
    ("encoding", "opcode"),
    [(Encoding.JSON, TEXT), (Encoding.JSON, BINARY), (Encoding.ETF, BINARY), (Encoding.MSGPACK, BINARY)],
)
async def test_every_transport_says_hello_acknowledges_and_dispatches(
    served: RecordingListener, encoding: Encoding, compress: str, opcode: int
) -> None:
    name, make = COMPRESS[compress]
    query = f"v=10&encoding={encoding.name.lower()}&compress={name}"
    async with open_websocket(
        served.address, query, encoding=encoding, decompressor=make() if make is not None else None
    ) as client:
        assert (await client.read_payload())["op"] == 10
        say = ENCODERS[encoding]
        await client.say(say({"op": 1, "d": None}), opcode)
        assert await client.read_payload() == {"t": None, "s": None, "op": 11, "d": None}
        await client.say(say(IDENTIFY), opcode)
        assert await client.read_payload() == {"t": "READY", "s": 1, "op": 0, "d": {"v": 10, "session_id": "s"}}
        for seq in range(2, 40):
            d = {"n": seq, "text": "again and again " * seq}
            assert served.handler.tracks[0].push(DispatchBody("E", json_of(d))) == seq
            assert await client.read_payload() == {"t": "E", "s": seq, "op": 0, "d": d}


@pytest.mark.parametrize(
    ("query", "code"),
    [("v=8", 4012), ("v=11&encoding=json", 4012), ("v=10&encoding=xml", 4002), ("v=10&compress=br", 4002)],
)
async def test_unknown_transport_is_opened_and_closed_with_a_code(
    served: RecordingListener, query: str, code: int
) -> None:
    async with open_websocket(served.address, query) as client:
        assert await client.read_close_code() == code
        assert await client.read() is None


async def test_permessage_deflate_is_not_agreed_to(served: RecordingListener) -> None:
    async with open_websocket(served.address, headers={"Sec-WebSocket-Extensions": "permessage-deflate"}) as client:
        assert b"Extensions" not in client.upgrade_answer


async def test_firefoxs_connection_header_is_taken(served: RecordingListener) -> None:
    async with open_websocket(served.address, headers={"Connection": "keep-alive, Upgrade"}) as client:
        assert (await client.read_payload())["op"] == 10


@pytest.mark.parametrize("public_url", ["", "wss://example.org", "wss://example.org/gateway", "wss://example.org/a/b/"])
async def test_gateway_is_where_libraries_and_proxies_ask_for_it(run_listener: RunListener, public_url: str) -> None:
    prefix = urlsplit(public_url).path.rstrip("/")
    async with run_listener(public_url=public_url) as served:
        for path in ("", "/", "//", "/gateway", "/gateway/", prefix, f"{prefix}/", f"{prefix}//", f"{prefix}/gateway/"):
            for query in ("", "?v=10&encoding=json"):
                target = path + query if path else f"http://example.org{query}"
                answer = await ask(served.address, make_request(target, UPGRADE) + make_client_frame(CLOSE, b""))
                assert answer.startswith(b"HTTP/1.1 101 "), target
        for path in ("/a", "/a/b/c", "/gateway/x", "/api/v10/gateway"):
            assert (await ask(served.address, make_request(path, UPGRADE))).startswith(b"HTTP/1.1 404 "), path


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (make_request("/health", {"Host": "x"}), b"200"),
        (make_request("/health", UPGRADE), b"200"),
        (make_request("/health", {**UPGRADE, "Upgrade": "h2c"}), b"200"),
        (make_request("/health", {"Host": "x"}, method="HEAD"), b"200"),
        (make_request("/ready", {"Host": "x"}), b"200"),
        (b"GET /health HTTP/1.0\r\n\r\n", b"200"),
        (b"HEAD /ready HTTP/1.0\r\n\r\n", b"200"),
        (b"OPTIONS /ready HTTP/1.0\r\n\r\n", b"200"),
        (make_request("/", UPGRADE, method="OPTIONS"), b"400"),
        (make_request("/", UPGRADE, method="HEAD"), b"400"),
        (make_request("/", UPGRADE).replace(b"HTTP/1.1", b"HTTP/1.0"), b"400"),
        (make_request("/nothing", UPGRADE), b"404"),
        (make_request("/", {"Host": "x"}), b"426"),
        (make_request("/", {"Host": "x", "Connection": "Upgrade"}), b"426"),
        (make_request("/", {**UPGRADE, "Sec-WebSocket-Version": "1"}), b"400"),
        (make_request("/", {**UPGRADE, "Sec-WebSocket-Key": "short"}), b"400"),
        (make_request("/", {**UPGRADE, "Upgrade": "h2c"}), b"400"),
        (make_request("/", UPGRADE, method="POST"), b"400"),
        (make_request("/", {**UPGRADE, "Content-Length": "5"}) + b"hello", b"400"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", b"400"),
        (b"GET\r\n\r\n", b"400"),
    ],
)
async def test_other_http_requests_get_an_http_answer(
    served: RecordingListener, request_bytes: bytes, status: bytes
) -> None:
    answer = await ask(served.address, request_bytes)
    assert answer.split(b" ")[1] == status
    assert b"Connection: close" in answer


async def test_endless_http_header_is_cut_off(served: RecordingListener) -> None:
    answer = await ask(served.address, b"GET / HTTP/1.1\r\nX: " + b"x" * 100_000)
    assert b"101" not in answer


@pytest.mark.parametrize(("size", "code"), [(4096, None), (4097, 4002), (70_000, 4002), (3_000_000, 4002)])
async def test_payload_size_limit_is_exact_and_told(served: RecordingListener, size: int, code: int | None) -> None:
    payload = json_of({"op": 1, "x": ""})
    payload = payload.replace(b'""', b'"' + b"x" * (size - len(payload)) + b'"')
    assert len(payload) == size
    async with open_websocket(served.address) as client:
        await client.read_payload()
        sending = asyncio.create_task(client.say(payload))
        if code is None:
            assert (await client.read_payload())["op"] == 11
        else:
            assert await client.read_close_code() == code
        await sending


async def test_fragments_are_put_together_around_control_frames(served: RecordingListener) -> None:
    text = json_of({"op": 1, "d": None, "x": "é🎉"})
    async with open_websocket(served.address) as client:
        await client.read_payload()
        # The pieces cut characters: only the whole is UTF-8.
        pieces = [text[index : index + 1] for index in range(len(text))]
        for index, piece in enumerate(pieces):
            is_final = index == len(pieces) - 1
            await client.send(make_client_frame(TEXT if index == 0 else 0, piece, is_final=is_final))
            if index == 10:
                await client.send(make_client_frame(PING, b"in between"))
        assert await client.read() == (PONG, b"in between")
        assert (await client.read_payload())["op"] == 11


async def test_fragments_share_one_size_limit(served: RecordingListener) -> None:
    async with open_websocket(served.address) as client:
        await client.send(make_client_frame(TEXT, b" " * 3000, is_final=False))
        await client.send(make_client_frame(0, b" " * 3000))
        assert await client.read_close_code() == 4002


async def test_several_messages_in_one_segment_are_all_heard(served: RecordingListener) -> None:
    async with open_websocket(served.address) as client:
        await log_in(client)
        await client.send(make_client_frame(TEXT, json_of(MEMBERS)) * 50)
        await client.say(json_of({"op": 1}))
        assert (await client.read_payload())["op"] == 11
        assert served.handler.commands == [RequestGuildMembers(guild_id=1, query="", limit=0)] * 50


async def test_message_byte_by_byte_is_heard(served: RecordingListener) -> None:
    async with open_websocket(served.address) as client:
        await client.read_payload()
        for byte in make_client_frame(TEXT, json_of({"op": 1})):
            await client.send(bytes((byte,)))
        assert (await client.read_payload())["op"] == 11


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        (make_client_frame(TEXT, b"{}", key=None), 1002),
        (make_client_frame(TEXT, b"{}", reserved=4), 1002),
        (make_client_frame(TEXT, b"{}", reserved=1), 1002),
        (make_client_frame(3, b"{}"), 1002),
        (make_client_frame(11, b""), 1002),
        (make_client_frame(0, b"{}"), 1002),
        (make_client_frame(TEXT, b"{", is_final=False) + make_client_frame(TEXT, b"}"), 1002),
        (make_client_frame(PING, b"x" * 126), 1002),
        (make_client_frame(PING, b"", is_final=False), 1002),
        (make_client_frame(CLOSE, b"\x03"), 1002),
        (make_client_frame(CLOSE, (999).to_bytes(2, "big")), 1002),
        (make_client_frame(CLOSE, (1000).to_bytes(2, "big") + b"\xff\xfe"), 1002),
        (b"\x81\xff" + b"\xff" * 8, 1002),
        (b"\x81\xff" + (1 << 62).to_bytes(8, "big") + b"\x00" * 4, 4002),
        (make_client_frame(TEXT, b"\xff\xfe"), 4002),
        (make_client_frame(TEXT, b'{"op":1,"d":"\xff"}'), 4002),
        (make_client_frame(BINARY, b"x\x9c\x03\x00\x00\x00\x00\x01"), 4002),
        (make_client_frame(TEXT, b""), 4002),
        (make_client_frame(TEXT, b"[" * 4096), 4002),
        (make_client_frame(TEXT, b'{"op":77}'), 4001),
        (make_client_frame(TEXT, json_of(MEMBERS)), 4003),
        (make_client_frame(TEXT, json_of(IDENTIFY)) * 2, 4005),
        (make_client_frame(TEXT, b'{"op":1}') * 121, 4008),
        (make_client_frame(PING, b"") * 121, 4008),
    ],
)
async def test_wrong_frames_are_closed_with_their_code(served: RecordingListener, frames: bytes, code: int) -> None:
    async with open_websocket(served.address) as client:
        await client.send(frames)
        close = await client.read_close()
        assert close is not None
        assert close[0] == code
        assert close[1] != ""
        assert await client.read() is None
        assert await served.handler.wait_end() is None


@on_first_transport
@pytest.mark.parametrize("compress", COMPRESS)
@pytest.mark.parametrize("encoding", list(Encoding))
async def test_close_codes_are_the_same_on_every_transport(
    served: RecordingListener, encoding: Encoding, compress: str
) -> None:
    name, _ = COMPRESS[compress]
    query = f"v=10&encoding={encoding.name.lower()}&compress={name}"
    for payload, code in (({"op": 77}, 4001), ({"op": 2, "d": 5}, 4002), (MEMBERS, 4003)):
        async with open_websocket(served.address, query) as client:
            await client.say(ENCODERS[encoding](payload), BINARY)
            assert await client.read_close_code() == code


@pytest.mark.parametrize(("code", "answer"), [(1000, 1000), (1001, 1001), (3000, 3000), (4000, 4000), (4999, 4999)])
async def test_client_close_is_answered_and_reported(served: RecordingListener, code: int, answer: int) -> None:
    async with open_websocket(served.address) as client:
        await client.send(make_client_frame(CLOSE, code.to_bytes(2, "big") + b"bye"))
        assert await client.read_close_code() == answer
        assert await client.read() is None
        assert await served.handler.wait_end() == code


async def test_client_close_without_a_code_is_answered_with_1000(served: RecordingListener) -> None:
    async with open_websocket(served.address) as client:
        await client.send(make_client_frame(CLOSE, b""))
        assert await client.read_close_code() == 1000
        assert await served.handler.wait_end() == 1005


async def test_lost_socket_is_reported_without_a_code(served: RecordingListener) -> None:
    async with open_websocket(served.address) as client:
        await client.read_payload()
        client.abort()
        assert await served.handler.wait_end() is None
    assert served.listener.connections == []


async def test_what_follows_a_close_is_not_heard(served: RecordingListener) -> None:
    async with open_websocket(served.address) as client:
        await log_in(client)
        await client.send(make_client_frame(TEXT, b'{"op":77}') + make_client_frame(TEXT, json_of(MEMBERS)) * 100)
        assert await client.read_close_code() == 4001
        assert served.handler.commands == []


async def test_silent_client_times_out(run_listener: RunListener) -> None:
    async with run_listener(heartbeat_interval_s=0.2) as served, open_websocket(served.address) as client:
        assert (await client.read_payload())["d"]["heartbeat_interval"] <= 220
        await client.say(json_of(IDENTIFY))
        assert await client.read_close_code() == 4009


async def test_beating_client_does_not_time_out(run_listener: RunListener) -> None:
    clock = FakeClock()
    async with run_listener(heartbeat_interval_s=0.2, clock=clock) as served:
        async with open_websocket(served.address) as silent, open_websocket(served.address) as beating:
            await log_in(silent)
            await log_in(beating)
            closing = asyncio.create_task(silent.read_close_code())
            while not closing.done():
                await beating.say(json_of({"op": 1}))
                assert (await beating.read_payload())["op"] == 11
                clock.advance(0.1)
                await asyncio.wait([closing], timeout=0.1)
            assert closing.result() == 4009
        assert served.handler.commands == []


async def test_client_that_does_not_identify_times_out(run_listener: RunListener) -> None:
    async with run_listener(identify_timeout_s=0.2) as served, open_websocket(served.address) as client:
        assert await client.read_close_code() == 4009


async def test_slow_client_is_closed_resumably_and_others_are_not(run_listener: RunListener) -> None:
    async with (
        run_listener(session_buffer_bytes=100_000, socket_buffer_bytes=4096) as served,
        open_websocket(served.address) as slow,
        open_websocket(served.address) as quick,
    ):
        await log_in(slow)
        await log_in(quick)
        slow_end, quick_end = served.handler.connections
        slow_track, quick_track = served.handler.tracks
        body = DispatchBody("E", json_of("x" * 10_000))
        seq = 1
        # The client of `slow` reads nothing until its kernel buffers and its allowance here are full.
        while slow_end.is_open and seq < 5000:
            seq += 1
            slow_track.push(body)
            quick_track.push(body)
            assert (await quick.read_payload())["s"] == seq
        assert not slow_end.is_open
        assert quick_end.is_open
        assert await served.handler.wait_end() is None
        assert await slow.read_close_code() == 1013
        await quick.say(json_of({"op": 1}))
        assert (await quick.read_payload())["op"] == 11


async def test_buffered_bytes_grow_while_a_client_does_not_read(run_listener: RunListener) -> None:
    async with run_listener(socket_buffer_bytes=4096) as served, open_websocket(served.address) as client:
        await log_in(client)
        connection = served.handler.connections[0]
        assert connection.buffered_bytes == 0
        served.handler.tracks[0].push(DispatchBody("E", json_of("x" * 1_000_000)))
        await asyncio.sleep(0)
        assert connection.buffered_bytes > 0
        assert served.metrics.registry.get_sample_value("guildway_session_buffer_bytes") == connection.buffered_bytes
        assert (await client.read_payload())["s"] == 2
        assert connection.buffered_bytes == 0


async def test_too_many_connections_of_an_address_are_refused(run_listener: RunListener) -> None:
    async with (
        run_listener(connections_per_address=2) as served,
        open_websocket(served.address),
        open_websocket(served.address) as second,
    ):
        answer = await ask(served.address, make_request("/", UPGRADE))
        assert answer.startswith(b"HTTP/1.1 429 ")
        await second.send(make_client_frame(CLOSE, b""))
        await second.read_close()
        second.close()
        async with asyncio.timeout(60):
            while len(served.listener.connections) > 1:  # noqa: ASYNC110 - nothing tells when a socket is gone
                await asyncio.sleep(0)
        async with open_websocket(served.address) as third:
            assert (await third.read_payload())["op"] == 10


async def test_failing_handler_ends_one_connection_only(
    served: RecordingListener, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_websocket(served.address) as failing, open_websocket(served.address) as other:
        await log_in(other)
        with caplog.at_level(logging.ERROR):
            await failing.say(json_of({"op": 2, "d": {"token": "fail"}}))
            assert await failing.read_close_code() == 1011
        assert "the handler fails" in caplog.text
        await other.say(json_of({"op": 1}))
        assert (await other.read_payload())["op"] == 11


async def test_close_from_the_server_waits_for_what_was_sent(served: RecordingListener) -> None:
    async with open_websocket(served.address) as client:
        await log_in(client)
        connection = served.handler.connections[0]
        served.handler.tracks[0].push(DispatchBody("BIG", json_of("x" * 3_000_000)))
        connection.send(7)
        connection.close(UNKNOWN_ERROR)
        assert (await client.read_payload())["t"] == "BIG"
        assert (await client.read_payload())["op"] == 7
        assert await client.read_close_code() == 4000


async def test_metrics_count_open_connections(served: RecordingListener) -> None:
    def count() -> float | None:
        return served.metrics.registry.get_sample_value("guildway_websocket_connections", {"worker": "0"})

    async with open_websocket(served.address) as client:
        await client.read_payload()
        assert count() == 1
        client.abort()
        await served.handler.wait_end()
    assert count() == 0


async def test_stop_says_going_away_and_leaves_nothing(run_listener: RunListener) -> None:
    async with run_listener() as served:
        address = served.address
        async with open_websocket(address) as first, open_websocket(address) as second:
            await log_in(first)
            await second.read_payload()
            stopping = asyncio.create_task(served.listener.stop())
            assert await first.read_close_code() == 1001
            assert await second.read_close_code() == 1001
            first.close()
            second.close()
            await stopping
            assert served.listener.connections == []
            with pytest.raises(ConnectionError):
                await asyncio.open_connection(*address)


async def test_heartbeat_intervals_are_jittered_within_their_bounds(served: RecordingListener) -> None:
    intervals = set()
    for _ in range(5):
        async with open_websocket(served.address) as client:
            intervals.add((await client.read_payload())["d"]["heartbeat_interval"])
    assert len(intervals) > 1  # two of a few thousand values may be the same
    assert all(37_500 <= interval <= 45_000 for interval in intervals)


async def test_heartbeats_do_not_reach_the_handler(served: RecordingListener) -> None:
    async with open_websocket(served.address) as client:
        await log_in(client)
        await client.say(json.dumps({"op": 1, "d": 1}).encode())
        assert (await client.read_payload())["op"] == 11
        assert not any(isinstance(command, Heartbeat) for command in served.handler.commands)
