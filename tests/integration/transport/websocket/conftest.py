"""Everything here runs once for each transport, on uvloop, which is what the server runs on."""

import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
import uvloop

from gateway.transport.listener import TRANSPORTS
from tests.integration.transport.websocket.echo_server import EchoServer, run_echo_server

TIMED_BY = {"picows": "gateway.transport.picows_peer", "native": "gateway.transport.native_listener"}
"""The modules that use the times."""

RunServer = Callable[..., AbstractAsyncContextManager[EchoServer]]


def pytest_asyncio_loop_factories(config: pytest.Config, item: pytest.Item) -> dict[str, Callable[[], Any]]:
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture(params=TRANSPORTS)
def transport(request: pytest.FixtureRequest) -> str:
    """The name of an implementation, as the setting has it."""
    return str(request.param)


@pytest.fixture
def hurried(transport: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Handshakes and drains that take too long are ended after half a second, for tests that wait for it."""
    for name in ("HANDSHAKE_S", "DRAIN_S"):
        monkeypatch.setattr(f"{TIMED_BY[transport]}.{name}", 0.5)


@pytest.fixture
def run_server(transport: str) -> RunServer:
    """Run a server with settings of the test's own."""

    def run(**settings: Any) -> AbstractAsyncContextManager[EchoServer]:
        return run_echo_server(transport, **settings)

    return run


@pytest.fixture
async def server(run_server: RunServer) -> AsyncIterator[EchoServer]:
    """A server with the default settings, save that a client may say as much as it likes."""
    async with contextlib.AsyncExitStack() as stack:
        yield await stack.enter_async_context(run_server())
