"""A gateway connection without a socket, which keeps its sent payloads."""

from typing import Any

import msgspec

from core.wire.close_codes import CloseCode
from core_ext.delivery import Outlet, SendQueue
from gateway.payloads.body import Body


class _Recorder:
    """A wire format that keeps the arguments of its encodings and returns empty frames."""

    index = -1
    is_stream = False

    def __init__(self, connection: "FakeConnection") -> None:
        self._connection = connection

    def encode_dispatch(self, body: Body, seq: int) -> bytes:
        """Keep a dispatch."""
        self._connection.dispatched.append((body.event, msgspec.json.decode(body.payload), seq))
        return b""


class _Nowhere:
    """A link that drops all bytes."""

    def write(self, data: bytes) -> None:
        """Drop the bytes."""

    def get_write_buffer_size(self) -> int:
        """Return 0: nothing waits."""
        return 0


class FakeConnection:
    """The part of a connection that sessions and logins use. A dispatch counts as sent at once."""

    def __init__(self) -> None:
        self.session: Any = None
        self.is_open = True
        self.remote_address = "203.0.113.1"
        self.host = ""
        self.sent: list[tuple[int, Any]] = []
        self.dispatched: list[tuple[str, Any, int]] = []
        """Event, `d` and `s` of each dispatch."""
        self.close_code: CloseCode | None = None

        self._queue = SendQueue(lambda: self._queue.flush(1))
        self.outlet = Outlet(queue=self._queue, wire_format=_Recorder(self), link=_Nowhere())

    def send(self, op: int, d: object = None) -> None:
        """Keep a payload."""
        self.sent.append((op, d))

    def close(self, close_code: CloseCode) -> None:
        """Keep the reason."""
        self.is_open = False
        self.outlet.close()
        self.close_code = close_code

    def names(self) -> list[str]:
        """Return the names of all dispatches."""
        return [event for event, _, _ in self.dispatched]

    def take(self) -> list[tuple[str, Any]]:
        """Return the dispatches since the last call."""
        taken = [(event, d) for event, d, _ in self.dispatched]
        self.dispatched.clear()
        return taken
