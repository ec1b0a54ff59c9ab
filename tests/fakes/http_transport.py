"""An HTTP connection without a socket: what is written is kept, and taken when the test says so."""

import asyncio
from collections.abc import Callable
from typing import Any

from core.http.bounds import HttpBounds
from core.http.peers import HttpPeers
from core.http.protocol import HttpProtocol
from tests.fakes.clock import FakeClock
from tests.fakes.timers import FakeTimers

HIGH_WATER_BYTES = 65_536
"""As the event loop's transports have it."""


class FakeHttpTransport:
    """What an `HttpProtocol` needs of a transport. With `is_reader` false the client takes nothing."""

    def __init__(self, *, is_reader: bool = True, address: str = "203.0.113.1") -> None:
        self._is_reader = is_reader
        self._address = address
        self.waiting_bytes = 0
        self.written = b""
        self.is_aborted = False
        self.is_closed = False
        self.is_shut = False
        self.is_reading = True
        self.protocol: HttpProtocol

    def get_extra_info(self, name: str, default: object = None) -> object:
        return {"peername": (self._address, 5000), "sockname": ("127.0.0.1", 8080)}.get(name, default)

    def write(self, data: bytes) -> None:
        self.written += data
        if not self._is_reader:
            self.waiting_bytes += len(data)
            if self.waiting_bytes > HIGH_WATER_BYTES:
                self.protocol.pause_writing()

    def take(self, size_bytes: int) -> None:
        """The client reads so much of what waits."""
        self.waiting_bytes -= size_bytes

    def get_write_buffer_size(self) -> int:
        return self.waiting_bytes

    def write_eof(self) -> None:
        self.is_shut = True

    def pause_reading(self) -> None:
        self.is_reading = False

    def resume_reading(self) -> None:
        self.is_reading = True

    def is_closing(self) -> bool:
        return self.is_closed

    def close(self) -> None:
        self.is_closed = True

    def abort(self) -> None:
        self.is_aborted = self.is_closed = True


class FakeTimeLoop:
    """The running loop, with a time of the test's own."""

    def __init__(self, clock: FakeClock, timers: FakeTimers) -> None:
        loop = asyncio.get_running_loop()
        self.create_task = loop.create_task
        self.create_future = loop.create_future
        self.time = clock.monotonic_s
        self.call_later: Callable[..., Any] = timers.call_later


class FakeHttpConnection:
    """A protocol on a fake transport: `protocol.data_received` is the client's voice, `timers.advance` its patience."""

    def __init__(self, app: Any, *, bounds: HttpBounds, peers: HttpPeers | None = None, is_reader: bool = True) -> None:
        self.clock = FakeClock()
        self.timers = FakeTimers(self.clock)
        self.transport = FakeHttpTransport(is_reader=is_reader)
        self._config = type("Config", (), {"loaded_app": staticmethod(app), "root_path": ""})()
        self._state = type("State", (), {"connections": set(), "tasks": set()})()
        loop: Any = FakeTimeLoop(self.clock, self.timers)
        config: Any = self._config
        state: Any = self._state
        transport: Any = self.transport
        if peers is None:
            peers = HttpPeers(bounds=bounds)
        self.protocol = HttpProtocol(config, state, {}, loop, bounds=bounds, peers=peers)
        self.transport.protocol = self.protocol
        self.protocol.connection_made(transport)
