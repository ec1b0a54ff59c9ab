from collections.abc import Callable
from typing import Any, Protocol, type_check_only

from core_ext.sockets.intake_c import Intake

MAX_EVENTS: int
READ_BYTES: int
MAX_ACCEPTS: int

@type_check_only
class SocketOwner(Protocol):
    """Who is told what sockets do."""

    def on_accept(self, sock: Socket) -> None:
        """A client has connected."""

    def on_accept_failed(self, error_number: int) -> None:
        """No client can be accepted until the next sweep."""

    def on_request(self, sock: Socket, request: bytes) -> None:
        """A whole request, up to its blank line. `upgrade` or `end` must follow, now.

        What is written meanwhile leaves in one send.
        """

    def on_request_too_large(self, sock: Socket) -> None:
        """`end` must follow, now."""

    def on_message(self, sock: Socket, data: bytes, is_text: bool) -> None:
        """A whole message; text is UTF-8."""

    def on_ping(self, sock: Socket, data: bytes) -> None:
        """A ping."""

    def on_close(self, sock: Socket, data: bytes) -> None:
        """The client's close frame, with a code that may be sent or without any. `end` must follow, now."""

    def on_refused(self, sock: Socket, refusal: int) -> None:
        """A frame that is wrong, as `websocket_c` has it. `end` must follow, now."""

    def on_blocked(self, sock: Socket) -> None:
        """More bytes wait for the client than may: once a socket, by `write`."""

    def on_lost(self, sock: Socket) -> None:
        """The socket is gone. Its descriptor is closed next."""

    def on_fault(self, sock: Socket) -> None:
        """Another of these methods raised; called while the exception is handled."""

class Socket:
    """One accepted socket. Made by its table."""

    @property
    def address(self) -> str:
        """The client's, as text."""

    receiver: Any
    """The owner's to use; forgotten when the socket is gone."""

    def fileno(self) -> int:
        """The descriptor, which others may send on while `get_write_buffer_size` is 0; -1 when the socket is gone."""

    @property
    def is_open(self) -> bool:
        """Whether `end` is still to come."""

    def get_write_buffer_size(self) -> int:
        """How many bytes wait."""

    def write(self, data: bytes) -> None:
        """Sends, or has wait what the kernel does not take. Nothing after `end`."""

    def upgrade(self, receiver: object, intake: Intake | None) -> None:
        """Frames are read from here on; what was read behind the request is read as such. `intake` takes heartbeats."""

    def end(self, data: bytes) -> None:
        """Sends the last bytes, ends our stream, drains the client's. Nothing when called again."""

    def abort(self) -> None:
        """Closes the socket with no more words. Nothing when it is gone."""

class SocketTable:
    """All sockets of one server. See the module.

    A message may have `max_message_bytes` in `max_fragments` frames, a request `max_request_bytes`; of what waits for a
    client past `max_buffered_bytes` the owner is told. A request may take `request_s` seconds, a drain `drain_s`.
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
        """When the current `poll` began."""

    def fileno(self) -> int:
        """The epoll's descriptor: `poll` when it is readable."""

    @property
    def receivers(self) -> list[Any]:
        """Of the sockets that were upgraded and are not gone."""

    def listen(self, sock: Any) -> None:
        """Begins to accept from a listening socket, which stays the caller's and must not block."""

    def unlisten(self) -> None:
        """Accepts no more. Nothing when it does not."""

    def poll(self) -> None:
        """Handles what is there, and does not wait."""

    def sweep(self, now_s: float) -> None:
        """Ends what has taken too long, and tries again to accept. Call it a few times within the shortest time."""

    def close(self) -> None:
        """Loses every socket and lets go of the epoll. Safe to call twice."""
