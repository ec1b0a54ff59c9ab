"""One WebSocket connection, seen from the sessions: what can be sent, and how it ends.

It owns the choice of form (encoding, compression), the client's allowances and the order in which things are sent. It does
not know what a session is: `session` is a place where the owner of sessions keeps its own.
"""

from typing import Protocol

from core.wire.close_codes import CloseCode
from gateway.commands import Command
from gateway.compression import Compression
from gateway.dispatch_body import DispatchBody
from gateway.encodings import Encoding


class ConnectionHandler(Protocol):
    """Who handles what clients say. Both methods are called in the event loop and must not block."""

    def on_command(self, connection: "Connection", command: Command) -> None:
        """A command, decoded. Heartbeats never come here. Before `session` is set only Identify and Resume do."""

    def on_closed(self, connection: "Connection", code: int | None) -> None:
        """The connection is gone: once for each connection, never from within a call of one of its methods.

        `code` is the client's close code (1000 and 1001 end its session), None when the socket was lost or the server
        closed it.
        """


class Connection:
    """See the module."""

    __slots__ = ("compression", "encoding", "is_open", "remote_address", "session")

    encoding: Encoding
    compression: Compression
    remote_address: str
    session: object | None
    """Set by the handler once the client is authenticated; decides between 4003 and 4005."""
    is_open: bool
    """False as soon as either side has closed; everything sent after that is dropped."""

    @property
    def buffered_bytes(self) -> int:
        """What the kernel has not taken yet."""
        raise NotImplementedError

    def send(self, op: int, d: object = None) -> None:
        """Sends a payload without `s`. Op 9 also lets the client identify or resume again."""
        raise NotImplementedError

    def send_dispatch(self, body: DispatchBody, seq: int) -> None:
        """Sends an event with the session's `seq`, in the connection's form."""
        raise NotImplementedError

    def close(self, close_code: CloseCode) -> None:
        """Says why, and ends the connection. `on_closed` follows in a later turn of the loop."""
        raise NotImplementedError
