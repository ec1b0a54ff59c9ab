"""A model of `core_ext`'s sockets on the standard library, for its test suite. `sockets_c.pyx` explains the algorithm.

The model keeps bytes objects and a `FrameReader` for each socket where the kernel has its own buffers.
"""

import contextlib
import errno
import select
import socket
import sys
from collections import deque
from collections.abc import Callable
from typing import Any, Final

from core_ext.sockets.sockets_c import MAX_ACCEPTS, MAX_EVENTS, READ_BYTES
from core_ext.sockets.websocket_c import CLOSE, PING, PONG, TEXT
from tests.models.intake import Intake
from tests.models.websocket import FrameReader

_REQUEST, _FRAMES, _DRAINING, _GONE = range(4)
_REQUEST_END = b"\r\n\r\n"
_OUT_OF_RESOURCES = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
_LISTENING: Final = 0
"""The number of the listening socket's events."""


class Socket:
    """An accepted socket. Its table makes it."""

    __slots__ = (
        "_data",
        "_id",
        "_intake",
        "_is_corked",
        "_is_ended_by_client",
        "_is_shut",
        "_is_told",
        "_out",
        "_reader",
        "_sock",
        "_state",
        "_table",
        "address",
        "receiver",
    )

    def __init__(self, table: "SocketTable", sock: socket.socket, number: int, address: str) -> None:
        self._table = table
        self._sock = sock
        self._id = number
        self._state = _REQUEST
        self._data = b""
        self._out = bytearray()
        self._is_corked = False
        self._is_told = False
        self._is_shut = False
        self._is_ended_by_client = False
        self._intake: Intake | None = None
        self._reader: FrameReader | None = None
        self.address = address
        """The client's address, as text."""
        self.receiver: Any = None
        """An object of the owner, forgotten when the socket is gone."""

    def fileno(self) -> int:
        """Return the descriptor, on which others may send while `get_write_buffer_size` is 0, or -1 when the socket is
        gone.
        """
        return self._sock.fileno()

    @property
    def is_open(self) -> bool:
        """True until `end`."""
        return self._state < _DRAINING

    def get_write_buffer_size(self) -> int:
        """Return the number of waiting bytes."""
        return len(self._out)

    def write(self, data: bytes) -> None:
        """Send bytes, and keep those that the kernel does not take. Do nothing after `end`."""
        if self._state >= _DRAINING:
            return
        self._put(data)
        if len(self._out) > self._table.max_buffered_bytes and not self._is_told:
            self._is_told = True
            self._table.call(self, self._table.owner.on_blocked)

    def upgrade(self, receiver: object, intake: Intake | None) -> None:
        """Read frames from here on, also from bytes behind the request. `intake` takes heartbeats."""
        if self._state != _REQUEST:
            raise ValueError("only a request can be upgraded")
        self.receiver = receiver
        self._intake = intake
        self._reader = FrameReader(max_bytes=self._table.max_message_bytes, max_fragments=self._table.max_fragments)
        self._state = _FRAMES

    def end(self, data: bytes) -> None:
        """Send the last bytes, end the outgoing stream and drain the client's. Do nothing when called again."""
        if self._state >= _DRAINING:
            return
        self._state = _DRAINING
        self._put(data)
        self._data = b""
        self._intake = self._reader = None
        self._table.begin_drain(self)

    def abort(self) -> None:
        """Close the socket at once. Do nothing when it is gone."""
        self._table.lose(self)

    # ---- for the table

    def read(self) -> None:
        """Read, when the socket has bytes or an error."""
        try:
            data = self._sock.recv(READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self._table.lose(self)
            return
        if not data:
            self._take_end()
        elif self._state == _REQUEST:
            self._take_request(self._data + data)
        elif self._state == _FRAMES:
            self._take_frames(data)

    def send_waiting(self) -> None:
        """Send waiting bytes, when the socket has room or an error."""
        if self._out and not self._is_corked:
            try:
                del self._out[: self._sock.send(self._out)]
            except (BlockingIOError, InterruptedError):
                pass
            except OSError:
                self._out.clear()
        self._arrange()

    def forget(self) -> None:
        """Forget everything about the socket, which is gone."""
        self._out.clear()
        self._data = b""
        self.receiver = self._intake = self._reader = None
        self._sock.close()

    def _put(self, data: bytes) -> None:
        if self._out or self._is_corked:
            self._out += data
            return
        self._out += data
        self.send_waiting()

    def _arrange(self) -> None:
        """Ask for the events that are needed, and shut the outgoing direction down when all is sent."""
        if self._state == _GONE:
            return
        if self._state == _DRAINING and not self._out and not self._is_corked and not self._is_shut:
            self._is_shut = True
            with contextlib.suppress(OSError):
                self._sock.shutdown(socket.SHUT_WR)
            if self._is_ended_by_client:
                self._table.lose(self)
                return
        wanted = 0 if self._is_ended_by_client else select.EPOLLIN
        self._table.ask(self, wanted | (select.EPOLLOUT if self._out and not self._is_corked else 0))

    def _take_end(self) -> None:
        """Handle the end of the client's stream."""
        if self._state == _DRAINING and self._out:
            self._is_ended_by_client = True
            self._arrange()
        else:
            self._table.lose(self)

    def _take_request(self, data: bytes) -> None:
        table = self._table
        end = data.find(_REQUEST_END)
        self._is_corked = True
        if 0 <= end <= table.max_request_bytes - len(_REQUEST_END):
            self._data = b""
            end += len(_REQUEST_END)
            table.call(self, table.owner.on_request, data[:end])
        elif len(data) >= table.max_request_bytes:
            table.call(self, table.owner.on_request_too_large)
        else:
            self._data = data
        self._is_corked = False
        self.send_waiting()
        if self._state == _FRAMES:
            self._take_frames(data[end:])

    def _take_frames(self, data: bytes) -> None:
        table, reader = self._table, self._reader
        if reader is None:
            return
        for opcode, payload in reader.feed(data):
            if self._state != _FRAMES:
                return
            if opcode == CLOSE:
                table.call(self, table.owner.on_close, payload)
            elif opcode == PING:
                table.call(self, table.owner.on_ping, payload)
            elif opcode != PONG:
                self._take_message(payload, is_text=opcode == TEXT)
        if reader.refusal and self._state == _FRAMES:
            table.call(self, table.owner.on_refused, reader.refusal)

    def _take_message(self, payload: bytes, *, is_text: bool) -> None:
        table = self._table
        if self._intake is None or not self._intake.hear(payload, table.now_s):
            table.call(self, table.owner.on_message, payload, is_text)


class SocketTable:
    """All sockets of one server.

    A message may have `max_message_bytes` in `max_fragments` frames, a request `max_request_bytes`. The owner learns of
    a client with more than `max_buffered_bytes` waiting. A request may take `request_s` seconds, a drain `drain_s`.
    """

    __slots__ = (
        "_by_fd",
        "_clock",
        "_drain_s",
        "_drains",
        "_epoll",
        "_is_paused",
        "_last_id",
        "_listening",
        "_request_s",
        "_requests",
        "max_buffered_bytes",
        "max_fragments",
        "max_message_bytes",
        "max_request_bytes",
        "now_s",
        "owner",
    )

    def __init__(
        self,
        *,
        owner: Any,
        clock: Callable[[], float],
        max_message_bytes: int,
        max_fragments: int,
        max_request_bytes: int,
        max_buffered_bytes: int,
        request_s: float,
        drain_s: float,
    ) -> None:
        self.owner = owner
        self.max_message_bytes = max_message_bytes
        self.max_fragments = max_fragments
        self.max_request_bytes = max_request_bytes
        self.max_buffered_bytes = max_buffered_bytes
        self._clock = clock
        self._request_s = request_s
        self._drain_s = drain_s
        self._epoll = select.epoll()
        self._by_fd: dict[int, Socket] = {}
        self._last_id = _LISTENING
        self._listening: socket.socket | None = None
        self._is_paused = False
        self._requests: deque[tuple[float, Socket]] = deque()
        self._drains: deque[tuple[float, Socket]] = deque()
        self.now_s = clock()
        """The time when the current `poll` began."""

    def __len__(self) -> int:
        return len(self._by_fd)

    def fileno(self) -> int:
        """Return the epoll's descriptor. `poll` is due when it is readable."""
        return self._epoll.fileno()

    @property
    def receivers(self) -> list[Any]:
        """Return the receivers of the upgraded sockets."""
        return [sock.receiver for sock in self._by_fd.values() if sock.receiver is not None]

    def listen(self, sock: socket.socket) -> None:
        """Accept from a listening socket, which stays the caller's and must not block."""
        self._listening = sock
        self._epoll.register(sock.fileno(), select.EPOLLIN)

    def unlisten(self) -> None:
        """Stop accepting. Do nothing without a listening socket."""
        sock, self._listening = self._listening, None
        if sock is not None and not self._is_paused:
            self._epoll.unregister(sock.fileno())
        self._is_paused = False

    def poll(self) -> None:
        """Handle all pending events without waiting."""
        self.now_s = self._clock()
        events = [(self._by_fd.get(fd), fd, mask) for fd, mask in self._epoll.poll(0, MAX_EVENTS)]
        for sock, fd, mask in events:
            if sock is None:
                if self._listening is not None and fd == self._listening.fileno():
                    self._accept(self._listening)
                continue
            if mask & select.EPOLLOUT and sock.fileno() >= 0:
                sock.send_waiting()
            if mask & ~select.EPOLLOUT and sock.fileno() >= 0:
                sock.read()

    def sweep(self, now_s: float) -> None:
        """End sockets that are too slow, and try again to accept. Call it a few times within the shortest limit."""
        for waiting, state in ((self._requests, _REQUEST), (self._drains, _DRAINING)):
            while waiting and waiting[0][0] <= now_s:
                _, sock = waiting.popleft()
                if sock._state == state:
                    self.lose(sock)
        if self._is_paused and self._listening is not None:
            self._is_paused = False
            self._epoll.register(self._listening.fileno(), select.EPOLLIN)

    def close(self) -> None:
        """Drop every socket and close the epoll. A second call does nothing."""
        if self._epoll.closed:
            return
        self.unlisten()
        for sock in list(self._by_fd.values()):
            self.lose(sock)
        self._requests.clear()
        self._drains.clear()
        self._epoll.close()

    # ---- for sockets

    def call(self, sock: Socket, method: Callable[..., None], *args: object) -> None:
        """Call one of the owner's methods."""
        try:
            method(sock, *args)
        except Exception:
            self.owner.on_fault(sock)

    def ask(self, sock: Socket, mask: int) -> None:
        """Register the wanted events of a socket."""
        self._epoll.modify(sock.fileno(), mask)

    def begin_drain(self, sock: Socket) -> None:
        """Note a socket that was ended."""
        self._drains.append((self._clock() + self._drain_s, sock))

    def lose(self, sock: Socket) -> None:
        """Note a socket that is gone."""
        fd = sock.fileno()
        if sock._state == _GONE:
            return
        sock._state = _GONE
        self._epoll.unregister(fd)
        del self._by_fd[fd]
        self.call(sock, self.owner.on_lost)
        sock.forget()

    def _accept(self, listening: socket.socket) -> None:
        for _ in range(MAX_ACCEPTS):
            try:
                accepted, address = listening.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno in _OUT_OF_RESOURCES:
                    self._is_paused = True
                    self._epoll.unregister(listening.fileno())
                    self.owner.on_accept_failed(error.errno)
                return
            accepted.settimeout(0)
            self._add(accepted, sys.intern(str(address[0])))

    def _add(self, accepted: socket.socket, address: str) -> None:
        self._last_id += 1
        sock = Socket(self, accepted, self._last_id, address)
        self._by_fd[accepted.fileno()] = sock
        self._epoll.register(accepted.fileno(), select.EPOLLIN)
        self._requests.append((self.now_s + self._request_s, sock))
        self.call(sock, self.owner.on_accept)
