"""Many clients at one moment, and more of them than the process has descriptors for."""

import asyncio
import contextlib
import resource
import socket
import sys
from collections.abc import AsyncIterator, Iterator

import pytest

from tests.fakes.clock import FakeClock
from tests.integration.transport.websocket.conftest import RunServer
from tests.integration.transport.websocket.echo_server import EchoServer
from tests.integration.transport.websocket.footprint import check_nothing_is_left, take_footprint
from tests.integration.transport.websocket.rude_client import Leave, leave_now
from tests.support.gateway.client_frames import TEXT, make_client_frame
from tests.support.gateway.websocket_client import HANDSHAKE, make_login, make_say, open_tcp

_CROWD = 700
_DESCRIPTORS = 60
"""The descriptors of the second test's server, a dozen of which it needs itself."""
_SERVER = """
import asyncio, resource, sys, uvloop
from tests.integration.transport.websocket.echo_server import run_echo_server

async def main(transport, descriptors):
    resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))
    async with run_echo_server(transport) as server:
        print(server.address[1], flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)

uvloop.run(main(sys.argv[1], int(sys.argv[2])))
"""


@pytest.fixture
def many_descriptors() -> Iterator[None]:
    """A limit on descriptors that holds both ends of a crowd."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = 3 * _CROWD
    if soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, max(hard, needed)))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def come(address: tuple[str, int], name: str) -> socket.socket:
    """Connect a client, and send its whole handshake and its name at once."""
    sock = socket.socket()
    sock.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(sock, address)
    await loop.sock_sendall(sock, HANDSHAKE + make_login(name))
    return sock


async def speak(sock: socket.socket, name: str) -> None:
    """Send a word, and read it back and nothing else."""
    loop = asyncio.get_running_loop()
    heard = b""
    await loop.sock_sendall(sock, make_client_frame(TEXT, make_say(f"I am {name}!")))
    async with asyncio.timeout(60):
        while f"I am {name}!".encode() not in heard:
            data = await loop.sock_recv(sock, 65_536)
            assert data, heard
            heard += data
    assert heard.count(b"I am ") == 1


async def visit(server: EchoServer, leave: Leave) -> None:
    """Let a crowd connect, speak and disconnect."""
    names = [f"visitor {index}" for index in range(_CROWD)]
    crowd = await asyncio.gather(*(come(server.address, name) for name in names))
    await asyncio.gather(*map(speak, crowd, names))
    assert len(server.listener.connections) == _CROWD
    for sock in crowd:
        await leave_now(sock, leave)
        sock.close()
    await server.wait_until_empty()
    server.handler.ends.clear()


async def test_crowd_that_comes_speaks_and_goes_in_one_moment(run_server: RunServer, many_descriptors: None) -> None:
    clock = FakeClock()  # nobody is late, however long a busy machine takes
    async with run_server(heartbeat_interval_s=1.0, clock=clock) as server:
        # The first visits grow the tables by descriptor, and make the single allocations of each way to disconnect.
        for leave in Leave:
            await visit(server, leave)
        before = take_footprint()
        await visit(server, Leave.RESET)
        await check_nothing_is_left(before, _CROWD, clock)


@contextlib.asynccontextmanager
async def run_poor_server(transport: str) -> AsyncIterator[tuple[str, int]]:
    """Run a server in its own process, which must end without a logged fault."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _SERVER, transport, str(_DESCRIPTORS), stdin=pipe, stdout=pipe
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield "127.0.0.1", int(await process.stdout.readline())
        process.stdin.close()
        async with asyncio.timeout(60):
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def try_to_log_in(address: tuple[str, int]) -> bool:
    """Tell whether a new client is accepted. libuv drops clients without a descriptor for them."""
    async with open_tcp(address) as client:
        try:
            await client.log_in("afterwards")
        except (asyncio.IncompleteReadError, ConnectionError):
            return False
        await client.check_alive()
        return True


async def test_server_without_descriptors_serves_on_when_some_are_free_again(transport: str) -> None:
    async with run_poor_server(transport) as address, contextlib.AsyncExitStack() as stack:
        early = [await stack.enter_async_context(open_tcp(address)) for _ in range(20)]
        for index, client in enumerate(early):
            await client.log_in(f"early {index}")
        # These are more than there is room for: they wait in the kernel or are dropped, and early clients notice
        # nothing.
        late = [await stack.enter_async_context(open_tcp(address)) for _ in range(_DESCRIPTORS)]
        for client in late:
            await client.send(HANDSHAKE)
        for client in early:
            await client.check_alive()
        for client in [*late, *early[10:]]:
            client.reset()
        async with asyncio.timeout(60):
            while not await try_to_log_in(address):
                pass
        for client in early[:10]:
            await client.check_alive()
