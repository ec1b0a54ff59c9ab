"""An HTTP connection without a socket. Written bytes are kept, and taken on the test's command."""

from collections.abc import Sequence
from typing import Any

from core.http.bounds import HttpBounds
from core.http.connection import HttpConnection
from core.http.open_work import OpenWork
from core.http.peers import HttpPeers
from core.http.proxies import TrustedProxies
from core.http.serving import Serving
from tests.fakes.clock import FakeClock
from tests.fakes.timers import FakeTimers

HIGH_WATER_BYTES = 65_536
"""The default of the event loop's transports."""


class FakeHttpTransport:
    """The part of a transport that an `HttpConnection` uses. With `is_reader` false the client reads nothing."""

    def __init__(self, *, is_reader: bool = True, address: str = "203.0.113.1") -> None:
        self._is_reader = is_reader
        self._address = address
        self.waiting_bytes = 0
        self.written = b""
        self.is_aborted = False
        self.is_closed = False
        self.is_shut = False
        self.is_reading = True
        self.protocol: HttpConnection

    def get_extra_info(self, name: str, default: object = None) -> object:
        peer = (self._address, 5000) if self._address else ""
        return {"peername": peer, "sockname": ("127.0.0.1", 8080)}.get(name, default)

    def write(self, data: bytes) -> None:
        self.written += data
        if not self._is_reader:
            self.waiting_bytes += len(data)
            if self.waiting_bytes > HIGH_WATER_BYTES:
                self.protocol.pause_writing()

    def take(self, size_bytes: int) -> None:
        """Read so many of the waiting bytes, as the client."""
        self.waiting_bytes -= size_bytes

    def get_write_buffer_size(self) -> int:
        return self.waiting_bytes

    def can_write_eof(self) -> bool:
        """Return True: it is no TLS."""
        return True

    def write_eof(self) -> None:
        self.is_shut = True

    def pause_reading(self) -> None:
        self.is_reading = False

    def resume_reading(self) -> None:
        self.is_reading = True

    def set_write_buffer_limits(self, high: int = HIGH_WATER_BYTES) -> None:
        if self.waiting_bytes > high:
            self.protocol.pause_writing()

    def is_closing(self) -> bool:
        return self.is_closed

    def close(self) -> None:
        self.is_closed = True

    def abort(self) -> None:
        self.is_aborted = self.is_closed = True


class FakeHttpConnection:
    """A connection on a fake transport. `protocol.data_received` takes the client's bytes, and `timers.advance` lets
    its timeouts expire.
    """

    def __init__(
        self,
        app: Any,
        *,
        bounds: HttpBounds,
        peers: HttpPeers | None = None,
        is_reader: bool = True,
        address: str = "203.0.113.1",
        trusted_proxies: Sequence[str] = (),
    ) -> None:
        self.clock = FakeClock()
        self.timers = FakeTimers(self.clock)
        self.transport = FakeHttpTransport(is_reader=is_reader, address=address)
        self.work = OpenWork()
        self.protocol = HttpConnection(
            Serving(
                application=app,
                bounds=bounds,
                peers=HttpPeers(bounds=bounds) if peers is None else peers,
                proxies=TrustedProxies(trusted_proxies),
                work=self.work,
                clock=self.clock,
                call_later=self.timers.call_later,
            )
        )
        self.transport.protocol = self.protocol
        transport: Any = self.transport
        self.protocol.connection_made(transport)
