"""Sessions' dispatches over real sockets, past the event loop's transport and through it: order, caps, and the end."""

import asyncio
import contextlib
import os
import random
from typing import Any

import pytest

from core.wire.close_codes import UNKNOWN_ERROR
from core_ext.delivery import Track, deliver
from core_ext.guild import SlotSet
from gateway.payloads.dispatch_body import DispatchBody
from gateway.payloads.encodings import Encoding
from gateway.sessions.connection import Connection
from tests.integration.transport.listener.conftest import RecordingListener, RunListener
from tests.integration.transport.listener.test_listener import COMPRESS, json_of, log_in
from tests.support.gateway.websocket_client import WebSocketClient, open_websocket


def attach_track(connection: Connection, *, max_events: int = 10_000) -> Track:
    """Attach a session's dispatches to a connection."""
    track = Track(max_events=max_events, max_bytes=1 << 30)
    track.attach(connection.outlet)
    return track


async def read_all(client: WebSocketClient, count: int) -> list[Any]:
    """Read so many payloads: `s` of dispatches, the op of others."""
    found = []
    for _ in range(count):
        payload = await client.read_payload()
        found.append(payload["op"] or payload["s"])
    return found


@pytest.mark.parametrize("compress", COMPRESS)
@pytest.mark.parametrize("encoding", list(Encoding))
async def test_mixture_arrives_in_order_at_a_stalling_reader(
    run_listener: RunListener, encoding: Encoding, compress: str
) -> None:
    name, make = COMPRESS[compress]
    query = f"v=10&encoding={encoding.name.lower()}&compress={name}"
    chance = random.Random(f"{encoding} {compress}")
    bodies = [DispatchBody("E", json_of("".join(chance.choices("abcdef", k=size)))) for size in (5, 300, 60_000)]
    async with (
        run_listener(socket_buffer_bytes=4096) as served,
        open_websocket(served.address, query, encoding=encoding, decompressor=make() if make else None) as client,
    ):
        await log_in(client)
        connection = served.handler.connections[0]
        track = attach_track(connection, max_events=20)
        for _ in range(6):
            expected: list[int] = []
            for _ in range(120):
                match chance.randrange(8):
                    case 0:
                        connection.send(11)
                        expected.append(11)
                    case 1:
                        await asyncio.sleep(0)
                    case 2 if track.seq > 3 and track.has_all_after(track.seq - 3):
                        track.replay_after(track.seq - 3)
                        expected += range(track.seq - 2, track.seq + 1)
                    case _:
                        expected.append(track.push(chance.choices(bodies, (10, 10, 1))[0]))
            # The client reads only from now on.
            assert await read_all(client, len(expected)) == expected
        assert connection.buffered_bytes == 0


class Watched:
    """An event that counts its looks back."""

    def __init__(self, number: int) -> None:
        self.body = DispatchBody("E", json_of(f"event {number} " + "of many that are alike " * 20))
        self.size_bytes = self.body.size_bytes
        self.chains = 0

    def find_template(self, wire_format: Any) -> Any:
        return self.body.find_template(wire_format)

    def chain(self, wire_format: Any, previous: "Watched") -> Any:
        self.chains += 1
        return self.body.chain(wire_format, previous.body)


@pytest.mark.parametrize("compress", [name for name, (_, make) in COMPRESS.items() if make])
async def test_events_that_look_back_arrive_on_many_connections(run_listener: RunListener, compress: str) -> None:
    name, make = COMPRESS[compress]
    assert make is not None
    async with run_listener() as served, contextlib.AsyncExitStack() as stack:
        clients = []
        for _ in range(40):
            opened = open_websocket(served.address, f"v=10&encoding=json&compress={name}", decompressor=make())
            clients.append(await stack.enter_async_context(opened))
            await log_in(clients[-1])
        tracks = [attach_track(connection) for connection in served.handler.connections]
        bodies = [Watched(number) for number in range(6)]
        for number, body in enumerate(bodies):
            if number == 4:
                # One stream gets another payload here, so that the next event does not follow the one before.
                served.handler.connections[39].send(11)
            for track in tracks:
                track.push(body)
            if number > 2:
                await asyncio.sleep(0)
        for client in clients:
            expected = [1, 2, 3, 4, 5, 6] if client is not clients[39] else [1, 2, 3, 4, 11, 5, 6]
            assert await read_all(client, len(expected)) == expected
        assert [body.chains for body in bodies] == [0, 1, 1, 1, 1, 1]


async def test_client_that_reads_nothing_is_closed_at_its_cap_and_others_go_on(run_listener: RunListener) -> None:
    async with (
        run_listener(session_buffer_bytes=100_000, socket_buffer_bytes=4096) as served,
        open_websocket(served.address) as slow,
        open_websocket(served.address) as quick,
    ):
        await log_in(slow)
        await log_in(quick)
        slow_end, quick_end = served.handler.connections
        tracks: list[Track | None] = [attach_track(slow_end), attach_track(quick_end)]
        body = DispatchBody("E", json_of("x" * 10_000))
        for seq in range(1, 5000):
            deliver(tracks, SlotSet((0, 1)), body)
            assert (await quick.read_payload())["s"] == seq
            if not slow_end.is_open:
                break
        assert not slow_end.is_open
        assert tracks[0] is not None
        assert tracks[0].outlet is None
        assert await slow.read_close_code() == 1013


async def test_frames_before_a_close_arrive_before_it(served: RecordingListener) -> None:
    async with open_websocket(served.address) as client:
        await log_in(client)
        connection = served.handler.connections[0]
        track = attach_track(connection)
        for size in (10, 2_000_000, 10):
            track.push(DispatchBody("E", json_of("x" * size)))
        connection.send(7)
        connection.close(UNKNOWN_ERROR)
        assert await read_all(client, 4) == [1, 2, 3, 7]
        assert await client.read_close_code() == 4000


async def test_descriptor_of_a_lost_socket_is_never_written_to(served: RecordingListener) -> None:
    async with open_websocket(served.address) as client:
        await log_in(client)
        connection = served.handler.connections[0]
        track = attach_track(connection)
        track.push(DispatchBody("E", b"{}"))
        assert (await client.read_payload())["s"] == 1
        client.abort()
        assert await served.handler.wait_end() is None
        # The next connection with the number must not get the frames.
        readers, writers = zip(*(os.pipe() for _ in range(20)), strict=True)
        track.push(DispatchBody("E", b"{}"))
        await asyncio.sleep(0)
        assert (track.outlet, connection.outlet.is_open) == (None, False)
        for descriptor in writers:
            os.close(descriptor)
        assert {os.read(descriptor, 1) for descriptor in readers} == {b""}
        for descriptor in readers:
            os.close(descriptor)
