from collections.abc import Callable
from typing import Any, Protocol, type_check_only

from core_ext.sockets.intake_c import Intake

MAX_EVENTS: int
READ_BYTES: int
MAX_ACCEPTS: int

@type_check_only
class SocketOwner(Protocol):
    """The owner of the sockets, which is told of their events."""

    def on_accept(self, sock: Socket) -> None:
        """Hear that a client has connected."""

    def on_accept_failed(self, error_number: int) -> None:
        """Hear that no client can be accepted until the next sweep."""

    def on_request(self, sock: Socket, request: bytes) -> None:
        """Take a whole request, up to its blank line. `upgrade` or `end` must follow within the call.

        All that is written meanwhile leaves in one send.
        """

    def on_request_too_large(self, sock: Socket) -> None:
        """Call `end` now: the request is longer than it may be."""

    def on_message(self, sock: Socket, data: bytes, is_text: bool) -> None:
        """Take a whole message; text is UTF-8."""

    def on_ping(self, sock: Socket, data: bytes) -> None:
        """Answer a ping."""

    def on_close(self, sock: Socket, data: bytes) -> None:
        """Answer the client's close frame, with a valid code or without any. `end` must follow within the call."""

    def on_refused(self, sock: Socket, refusal: int) -> None:
        """Answer a frame that is wrong, as `websocket_c` says. `end` must follow within the call."""

    def on_blocked(self, sock: Socket) -> None:
        """Hear that more bytes wait for the client than may. `write` calls it once a socket."""

    def on_lost(self, sock: Socket) -> None:
        """Hear that the socket is gone. Its descriptor is closed next."""

    def on_fault(self, sock: Socket) -> None:
        """Log an exception of another of these methods, while it is handled."""

class Socket:
    """One accepted socket, made by its table."""

    @property
    def address(self) -> str:
        """The client's address, as text."""

    receiver: Any
    """A place for an object of the owner; it is emptied when the socket is gone."""

    def fileno(self) -> int:
        """The descriptor, which others may send on while `get_write_buffer_size` is 0; -1 when the socket is gone."""

    @property
    def is_open(self) -> bool:
        """Whether `end` is still to come."""

    def get_write_buffer_size(self) -> int:
        """Return the number of bytes that wait."""

    def write(self, data: bytes) -> None:
        """Send bytes; those that the kernel does not take wait. Do nothing after `end`."""

    def upgrade(self, receiver: object, intake: Intake | None) -> None:
        """Read frames from here on, those behind the request too. `intake` takes heartbeats."""

    def end(self, data: bytes) -> None:
        """Send the last bytes, end our stream and drain the client's. Do nothing when called again."""

    def abort(self) -> None:
        """Close the socket at once. Do nothing when it is gone."""

class SocketTable:
    """All sockets of one server.

    A message may have `max_message_bytes` in `max_fragments` frames, a request `max_request_bytes`. The owner is told
    when more than `max_buffered_bytes` wait for a client. A request may take `request_s` seconds, a drain `drain_s`.
    """

    def __init__(
        self,
        *,
        owner: SocketOwner,
        clock: Callable[[], float],
        max_message_bytes: int,
        max_fragments: int,
        max_request_bytes: int,
        max_buffered_bytes: int,
        request_s: float,
        drain_s: float,
    ) -> None: ...
    def __len__(self) -> int: ...
    @property
    def now_s(self) -> float:
        """The time when the current `poll` began."""

    def fileno(self) -> int:
        """The epoll's descriptor. Call `poll` when it is readable."""

    @property
    def receivers(self) -> list[Any]:
        """The number of sockets that were upgraded and are not gone."""

    def listen(self, sock: Any) -> None:
        """Begin to accept from a listening socket, which stays the caller's and must not block."""

    def unlisten(self) -> None:
        """Stop accepting. Safe to call twice."""

    def poll(self) -> None:
        """Handle the events that are there, without waiting."""

    def sweep(self, now_s: float) -> None:
        """End sockets that are late, and try again to accept. Call it a few times within the shortest time."""

    def close(self) -> None:
        """Lose every socket and let go of the epoll. Safe to call twice."""
