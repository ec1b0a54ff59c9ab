"""The gateway's listener on a loopback socket, with a test's own handler behind it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any, Generic, TypeVar

import msgspec

from core.runtime.clock import Clock, SystemClock
from core.runtime.metrics.metrics import Metrics
from core.runtime.settings.settings import GatewaySettings
from gateway.sessions.connection import ConnectionHandler
from gateway.transport.listener import Listener, make_listener

H = TypeVar("H", bound=ConnectionHandler)


class RunningListener(msgspec.Struct, Generic[H]):
    """A listener that runs, its handler and its metrics."""

    listener: Listener
    handler: H
    metrics: Metrics

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        return self.listener.address

    async def wait_until_empty(self) -> None:
        """Wait until no connection is left."""
        async with asyncio.timeout(60):
            while self.listener.connections:  # noqa: ASYNC110 - no event tells that a socket is gone
                await asyncio.sleep(0.005)


@contextlib.asynccontextmanager
async def run_listener(
    handler: H, *, transport: str, clock: Clock | None = None, **settings: Any
) -> AsyncIterator[RunningListener[H]]:
    """Run a listener with a handler, and with settings of the gateway. Clients are late by the clock, which is the
    system's unless the test has one.
    """
    metrics = Metrics()
    listener = make_listener(
        settings=GatewaySettings(host="127.0.0.1", port=0, transport=transport, **settings),  # type: ignore[arg-type]
        clock=clock or SystemClock(),
        call_later=asyncio.get_running_loop().call_later,
        handler=handler,
        metrics=metrics,
    )
    await listener.start()
    try:
        yield RunningListener(listener, handler, metrics)
    finally:
        await listener.stop()
