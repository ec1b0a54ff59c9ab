"""Echo servers on each transport."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from tests.integration.transport.websocket.echo_server import EchoServer, run_echo_server

TIMED_BY = {"picows": "gateway.transport.picows_peer", "native": "gateway.transport.native_listener"}
"""The modules that hold the time limits of each transport."""

RunServer = Callable[..., AbstractAsyncContextManager[EchoServer]]


@pytest.fixture
def hurried(transport: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Time limits of half a second on handshakes and drains, for tests that wait for them."""
    for name in ("HANDSHAKE_S", "DRAIN_S"):
        monkeypatch.setattr(f"{TIMED_BY[transport]}.{name}", 0.5)


@pytest.fixture
def run_server(transport: str) -> RunServer:
    """Run a server with a test's own settings."""

    def run(**settings: Any) -> AbstractAsyncContextManager[EchoServer]:
        return run_echo_server(transport, **settings)

    return run


@pytest.fixture
async def server(run_server: RunServer) -> AsyncIterator[EchoServer]:
    """A server with the default settings, but without a limit on commands."""
    async with run_server() as server:
        yield server
