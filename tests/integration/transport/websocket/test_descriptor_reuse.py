"""Descriptors that are closed and opened again all the time: no byte reaches another socket.

A new connection gets the number of one that has just gone, while bytes of the old one may still be on their way: in the
same batch of events, in a queue, in a callback. Each client has its own name, which every answer repeats. Pipes that
take part in the reuse must stay empty.
"""

import asyncio
import contextlib
import os
import random
from collections.abc import Sequence

from tests.fakes.clock import FakeClock
from tests.integration.transport.websocket.conftest import RunServer
from tests.integration.transport.websocket.echo_server import KILL, EchoServer
from tests.integration.transport.websocket.footprint import check_nothing_is_left, take_footprint
from tests.integration.transport.websocket.framing_cases import HEARTBEAT
from tests.support.gateway.client_frames import CLOSE, PONG, TEXT, make_client_frame, make_close
from tests.support.gateway.websocket_client import WebSocketClient, make_login, make_say, open_tcp

_WORKERS = 40
_LIVES = 8
_PUSH = "pushed"


def make_words(text: str) -> bytes:
    """Make a frame whose answer contains its text."""
    return make_client_frame(TEXT, make_say(text))


async def hear(client: WebSocketClient, name: str, words: Sequence[str | None]) -> int | None:
    """Read until all words have come back, in order; None is the welcome. Return the close code of an early end."""
    waiting = list(words)
    while waiting:
        received = await client.read()
        if received is None or received[0] == CLOSE:
            return received and int(received[1][0])
        d = client.decode(received)["d"]
        assert d["name"] == name, f"{name} got what was for {d['name']}"
        if d["text"] != _PUSH:
            assert d["text"] == waiting.pop(0)
    return 0


async def drain(client: WebSocketClient, name: str) -> None:
    """Read to the end. All of it must be the client's own."""
    while (received := await client.read()) is not None:
        if received[0] not in (CLOSE, PONG):
            payload = client.decode(received)
            assert payload["op"] == 11 or payload["d"]["name"] == name


async def live(server: EchoServer, name: str, chance: random.Random) -> None:
    """Live one connection: log in, send words, and end it in one of many ways."""
    words = [f"{name} says {chance.random()}" for _ in range(chance.randrange(1, 6))]
    async with open_tcp(server.address) as client:
        await client.shake_hands()
        assert (await client.read_payload())["op"] == 10
        await client.send(make_login(name) + b"".join(make_words(text) for text in words))
        match chance.randrange(8):
            case 0:
                client.reset()
            case 1:
                await client.send(make_words("half")[:-5])
            case 2:
                await hear(client, name, [None, *words][: chance.randrange(3)])
                client.reset()
            case 3:
                await client.send(make_client_frame(TEXT, HEARTBEAT, key=None))
                await drain(client, name)
            case 4:
                await client.send(make_close(1000) + make_words("not heard"))
                await drain(client, name)
            case 5:
                victim = chance.choice(list(server.handler.connections) or ["nobody"])
                await client.send(make_words(f"{KILL}{victim}"))
            case _:
                if await hear(client, name, [None, *words]) == 0:
                    await client.send(make_close(1000))
                    await drain(client, name)


async def push_to_all(server: EchoServer) -> None:
    """Write to every connection, again and again, from outside any callback."""
    while True:
        for connection in list(server.handler.connections.values()):
            server.handler.answer(connection, _PUSH)
        await asyncio.sleep(0)


async def reuse_numbers() -> None:
    """Open pipes in the place of sockets. Fail when a byte is written to one."""
    while True:
        pipes = [os.pipe2(os.O_NONBLOCK) for _ in range(8)]
        try:
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            for reader, writer in pipes:
                with contextlib.suppress(BlockingIOError):
                    raise AssertionError(f"a pipe got {os.read(reader, 100)!r}")
                os.write(writer, b"x")
                assert os.read(reader, 100) == b"x"
        finally:
            for descriptor in (descriptor for pair in pipes for descriptor in pair):
                os.close(descriptor)


async def test_no_answer_goes_astray_while_descriptors_are_reused(run_server: RunServer) -> None:
    async def work(server: EchoServer, worker: int) -> None:
        chance = random.Random(worker)
        for life in range(_LIVES):
            await live(server, f"{worker}-{life}", chance)

    clock = FakeClock()
    async with run_server(heartbeat_interval_s=0.3, clock=clock) as server:
        await work(server, _WORKERS)
        await server.wait_until_empty()
        before = take_footprint()
        others = [asyncio.create_task(push_to_all(server)), asyncio.create_task(reuse_numbers())]
        async with asyncio.TaskGroup() as group:
            for worker in range(_WORKERS):
                group.create_task(work(server, worker))
        for other in others:
            assert not other.done()
            other.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await server.wait_until_empty()
        server.handler.ends.clear()
        del others, other
        await check_nothing_is_left(before, _WORKERS * _LIVES, clock)


async def test_connections_that_close_each_other_in_one_turn_are_all_told(server: EchoServer) -> None:
    """Each client's message closes the neighbour, and one batch reads all messages."""
    names = [f"neighbour {index}" for index in range(30)]
    async with contextlib.AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(open_tcp(server.address)) for _ in names]
        for client, name in zip(clients, names, strict=True):
            await client.log_in(name)
        for client, neighbour in zip(clients, [*names[1:], names[0]], strict=True):
            await client.send(make_words(f"{KILL}{neighbour}") + make_close(1000))
        codes = [await client.read_close_code() for client in clients]
        assert set(codes) == {1000, 4000}
        # A connection that was closed before its own message was read closes no other.
        for index, code in enumerate(codes):
            assert code == 1000 or codes[index - 1] == 1000


async def test_connection_that_closes_itself_hears_nothing_more(server: EchoServer) -> None:
    async with open_tcp(server.address) as client:
        await client.log_in("itself")
        await client.send(make_words(f"{KILL}itself") + make_words("not heard") * 10)
        assert await client.read() == (CLOSE, (4000, "Unknown error."))
        assert await client.read() is None
