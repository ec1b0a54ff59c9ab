"""A gateway connection without a socket: what was sent over it, decoded."""

from typing import Any

import msgspec

from core.wire.close_codes import CloseCode
from gateway.dispatch_body import DispatchBody


class FakeConnection:
    """As far as sessions and logins use a connection."""

    def __init__(self) -> None:
        self.session: Any = None
        self.is_open = True
        self.sent: list[tuple[int, Any]] = []
        self.dispatched: list[tuple[str, Any, int]] = []
        """Event, `d`, `s`."""
        self.close_code: CloseCode | None = None

    def send(self, op: int, d: object = None) -> None:
        """Remember a payload."""
        self.sent.append((op, d))

    def send_dispatch(self, body: DispatchBody, seq: int) -> None:
        """Remember a dispatch."""
        self.dispatched.append((body.event, msgspec.json.decode(body.payload), seq))

    def close(self, close_code: CloseCode) -> None:
        """Remember why."""
        self.is_open = False
        self.close_code = close_code

    def names(self) -> list[str]:
        """The events that were dispatched."""
        return [event for event, _, _ in self.dispatched]

    def take(self) -> list[tuple[str, Any]]:
        """What was dispatched since the last time."""
        taken = [(event, d) for event, d, _ in self.dispatched]
        self.dispatched.clear()
        return taken
