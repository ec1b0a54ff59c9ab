"""Clients that disconnect at every stage, by the thousand, and clients that never read: the server keeps nothing of
them.
"""

import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import AsyncIterator

import pytest

from tests.fakes.clock import FakeClock
from tests.integration.transport.websocket.conftest import RunServer
from tests.integration.transport.websocket.echo_server import EchoServer
from tests.integration.transport.websocket.footprint import (
    check_nothing_is_left,
    count_descriptors,
    take_footprint,
    wait_for_descriptors,
)
from tests.integration.transport.websocket.rude_client import STAGES, Leave, open_deaf, read_end, say_and_leave
from tests.support.gateway.client_frames import PING, TEXT, make_client_frame
from tests.support.gateway.websocket_client import HANDSHAKE, make_login, make_say, open_tcp

_CHILD = """
import json, socket, sys, time
address, said = json.loads(sys.argv[1])
sockets = [socket.create_connection(address) for _ in said]
for sock, words in zip(sockets, said):
    sock.sendall(words.encode("latin-1"))
print("said", flush=True)
time.sleep(600)
"""
_WAVE = 90
_ROUNDS = 30


@pytest.fixture
def clock() -> FakeClock:
    """The clock by which clients are late. It stands still while they are there, so that a slow machine makes none late."""
    return FakeClock()


@pytest.fixture
async def forgetful(run_server: RunServer, clock: FakeClock) -> AsyncIterator[EchoServer]:
    """A server that checks heartbeats so often that it soon releases ended connections."""
    async with run_server(heartbeat_interval_s=0.3, clock=clock) as server:
        await say_something(server)
        yield server


async def say_something(server: EchoServer) -> None:
    """Make the single allocations of libuv and of caches before the first footprint."""
    async with open_tcp(server.address) as client:
        await client.log_in("first")
    await server.wait_until_empty()


async def leave_in_waves(address: tuple[str, int], stages: list[str], leave: Leave, rounds: int) -> int:
    """Open so many connections of each stage, and return their number."""
    plan = stages * rounds
    for start in range(0, len(plan), _WAVE):
        await asyncio.gather(*(say_and_leave(address, stage, leave) for stage in plan[start : start + _WAVE]))
    return len(plan)


async def check_all_is_gone(server: EchoServer, descriptors: int) -> None:
    """There is no connection and no descriptor left, and a new client is served."""
    await server.wait_until_empty()
    await wait_for_descriptors(descriptors)
    assert server.metrics.registry.get_sample_value("guildway_websocket_connections", {"worker": "0"}) in (0, None)
    async with open_tcp(server.address) as client:
        await client.log_in("next")
        await client.check_alive()
    await server.wait_until_empty()
    await wait_for_descriptors(descriptors)


@pytest.mark.parametrize("leave", list(Leave))
async def test_connections_dropped_at_every_stage_leave_nothing(
    forgetful: EchoServer, clock: FakeClock, leave: Leave
) -> None:
    server = forgetful
    stages, descriptors = list(STAGES), count_descriptors()
    await leave_in_waves(server.address, stages, leave, 2)
    await check_all_is_gone(server, descriptors)
    before = take_footprint()
    connections = await leave_in_waves(server.address, stages, leave, _ROUNDS)
    await check_all_is_gone(server, before.descriptors)
    server.handler.ends.clear()
    await check_nothing_is_left(before, connections, clock)


async def test_bystander_hears_nothing_of_those_who_go(server: EchoServer) -> None:
    async with open_tcp(server.address) as bystander:
        await bystander.log_in("bystander")
        leaving = [asyncio.create_task(leave_in_waves(server.address, list(STAGES), leave, 5)) for leave in Leave]
        while (await asyncio.wait(leaving, timeout=0.005))[1]:
            await bystander.check_alive()
        await bystander.check_alive()


async def test_clients_that_never_read_are_closed_at_their_cap_and_cost_no_more(run_server: RunServer) -> None:
    cap = 100_000
    chunk = "x" * 9000
    async with (
        run_server(session_buffer_bytes=cap, socket_buffer_bytes=4096) as server,
        open_tcp(server.address) as quick,
        contextlib.AsyncExitStack() as stack,
    ):
        await quick.log_in("quick")
        names = [f"slow {index}" for index in range(20)]
        slow = [await stack.enter_async_context(open_deaf(server, name)) for name in names]
        connections = [server.handler.connections[name] for name in names]
        for turn in range(5000):
            for connection in list(server.handler.connections.values()):
                server.handler.answer(connection, f"{turn} {chunk}")
            assert (await quick.read_payload())["d"] == {"name": "quick", "text": f"{turn} {chunk}"}
            assert all(connection.buffered_bytes <= cap + 10_000 for connection in connections)
            if not any(connection.is_open for connection in connections):
                break
        assert [await read_end(sock) for sock in slow] == [1013] * len(slow)
        assert [await server.handler.wait_for_end(name) for name in names] == [None] * len(slow)
        await quick.check_alive()


async def test_client_that_asks_and_never_reads_is_closed_at_its_cap(run_server: RunServer) -> None:
    """The client's own pings fill its buffer."""
    asks = make_client_frame(PING, b"p" * 125) * 500 + make_client_frame(TEXT, make_say("x" * 3000)) * 20
    async with run_server(session_buffer_bytes=100_000, socket_buffer_bytes=4096) as server:
        async with open_deaf(server, "deaf") as sock:
            connection = server.handler.connections["deaf"]
            with contextlib.suppress(ConnectionError):
                async with asyncio.timeout(60):
                    while connection.is_open:
                        await asyncio.get_running_loop().sock_sendall(sock, asks)
                        assert connection.buffered_bytes < 200_000
            assert await server.handler.wait_for_end("deaf") is None
        await check_all_is_gone(server, 1 << 20)


async def test_client_that_goes_on_after_a_fault_is_cut_off(server: EchoServer, hurried: None) -> None:
    """Bytes after a fault are thrown away, and only for a while."""
    flood = b"\x00" * 65_536
    async with open_tcp(server.address) as client:
        await client.log_in("flood")
        await client.send(make_client_frame(TEXT, b"x", reserved=7))
        async with asyncio.timeout(60):
            while not client.is_lost:
                await client.send_pieces([flood])
    await check_all_is_gone(server, 1 << 20)


async def test_killed_client_process_leaves_nothing(forgetful: EchoServer, clock: FakeClock) -> None:
    server = forgetful
    count = 100
    before = take_footprint()
    half = make_client_frame(TEXT, make_say("cut off by a kill"))[:-9]
    said = [(HANDSHAKE + make_login(f"child {index}") + half).decode("latin-1") for index in range(count)]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _CHILD, json.dumps([server.address, said]), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"said\n"
    async with asyncio.timeout(60):
        while len(server.handler.connections) < count:  # noqa: ASYNC110 - the handler counts, and tells nobody
            await asyncio.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    await process.wait()
    assert [await server.handler.wait_for_end(f"child {index}") for index in range(count)] == [None] * count
    await check_all_is_gone(server, 1 << 20)
    server.handler.ends.clear()
    await check_nothing_is_left(before, count, clock)


async def test_server_that_stops_amid_all_that_leaves_nothing(run_server: RunServer) -> None:
    async def churn(address: tuple[str, int], leave: Leave) -> None:
        with contextlib.suppress(OSError):
            while True:
                await leave_in_waves(address, list(STAGES), leave, 1)

    async with run_server(heartbeat_interval_s=0.3) as server:
        await say_something(server)
    before = take_footprint()
    async with run_server(heartbeat_interval_s=0.3) as server:
        churning = [asyncio.create_task(churn(server.address, leave)) for leave in Leave]
        await leave_in_waves(server.address, list(STAGES), Leave.RESET, 3)
        async with open_tcp(server.address) as witness, asyncio.timeout(60):
            await witness.log_in("witness")  # not before the waves: who does not beat is closed soon here
            stopping = asyncio.create_task(server.listener.stop())
            assert await witness.read_close_code() == 1001
            await stopping
            await asyncio.gather(*churning)
    await wait_for_descriptors(before.descriptors)
    del server, witness, churning, stopping
    await check_nothing_is_left(before, 500, FakeClock())
