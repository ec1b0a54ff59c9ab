"""The sockets of a WebSocket server on one epoll: accepting, requests, clients' frames, and bytes that wait to be sent.

    loop ─ epoll is readable ─→ SocketTable.poll ─┬─ listening socket: accept ───────────────→ owner.on_accept
                                                  ├─ request: up to its blank line ──────────→ owner.on_request
                                                  ├─ frames: heartbeats ─→ Intake (answered)
                                                  │          messages, pings, closes ────────→ owner.on_message, …
                                                  └─ room to send: the bytes that wait
    Socket.write, Socket.end ─→ send ─ bytes that the kernel does not take wait, and EPOLLOUT is asked for

A socket is a descriptor and a few numbers. All sockets are read into one buffer; a socket keeps only a frame, a message
or a request of its client that is not complete yet. So an idle connection costs its objects and nothing else.

The life of a socket:

    REQUEST ──upgrade──→ FRAMES ──end──→ DRAINING ──the client's end, or `drain_s`──→ gone
       └──────────end (an HTTP answer)──────┘
    and from each of them, by an error, the client's end, `abort` or (in REQUEST) `request_s`: gone

*Ending*: closing a socket while bytes of its client are unread makes the kernel reset the connection, and the client
may never see the last bytes. So `end` sends its bytes behind those that wait, shuts our direction down when all is
sent, and drops all that still comes until the client's own end.

*Bounded work*: one `poll` handles at most `MAX_EVENTS` sockets, each with one read of at most `READ_BYTES`, and accepts
at most `MAX_ACCEPTS`. Epoll is level-triggered: events that are left make the descriptor readable again.

*Descriptors* are used again as soon as they are closed. `on_lost` is called before, so that every writer past the table
lets go of the descriptor. Each event carries the number of its socket, so that an event of a closed socket never
reaches its descriptor's next owner.

*No descriptors left* (EMFILE and its like): the listening socket leaves the epoll until the next `sweep`, or it would
be readable all the time.

*Calls from within*: each of the owner's methods may write to, end or abort any socket, this one too. A write does not
report errors: the next `poll` finds the socket broken. `on_lost` is called once for each
accepted socket, by `poll`, `sweep`, `close` or `abort`; never by `write` or `end`. An exception of an owner's method
goes to `on_fault`, and no further.

The table owns the epoll and all accepted descriptors, not the listening one. It must be closed, because sockets and
their receivers refer to each other. Times are the `clock`'s, in seconds. The module is for Linux only.

Buffers: the table owns the buffer for reads. Frames are unmasked and judged there, and the owner gets new bytes
objects. A socket owns the incomplete part of its client's data (a frame, a request, fragments) and the bytes that wait
to be sent; both are malloced, and freed as soon as they are empty. After a call of the owner's method, only the bytes
behind the frame of that call are used, and no other read fills the buffer meanwhile.

The garbage collector does not look into sockets: closing a table breaks each socket's reference cycle. The suite runs
on a model in Python too, `tests/models/sockets.py`.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.errno cimport EAGAIN, ECONNABORTED, EINTR, EMFILE, ENFILE, ENOBUFS, ENOMEM, EPROTO, errno
from libc.stdlib cimport free, malloc, realloc
from libc.string cimport memcpy, memmove

import sys
from collections import deque

from core_ext.sockets.websocket_c cimport (
    FRAME_CLOSE,
    FRAME_PING,
    FRAME_PONG,
    FRAME_TEXT,
    MAX_HEAD,
    REFUSED_MEMORY,
    clear_fragments,
    read_frame,
)

cdef enum:
    _MAX_EVENTS = 512
    _READ_BYTES = 65536
    _MAX_ACCEPTS = 64
    _REQUEST = 0
    _FRAMES = 1
    _DRAINING = 2
    _GONE = 3
    _REQUEST_END_BYTES = 4
    _ADDRESS_BYTES = 64
    # The smallest memory for waiting bytes, which doubles when it is full.
    _LEAST_BYTES = 4096
    # A table of descriptors grows by so many.
    _MORE_PLACES = 256

MAX_EVENTS = _MAX_EVENTS
READ_BYTES = _READ_BYTES
MAX_ACCEPTS = _MAX_ACCEPTS


cdef inline bint _is_for_later() noexcept:
    return errno == EAGAIN or errno == EINTR


@cython.final
@cython.no_gc
@cython.freelist(64)
cdef class Socket:
    """One accepted socket, made by its table."""

    def __cinit__(self):
        self._fd = -1
        self._state = _GONE

    def __dealloc__(self):
        self._free()
        if self._fd >= 0:
            guildway_close(self._fd)

    def fileno(self):
        """The descriptor, which others may send on while `get_write_buffer_size` is 0; -1 when the socket is gone."""
        return self._fd

    @property
    def is_open(self):
        """Whether `end` is still to come."""
        return self._state < _DRAINING

    def get_write_buffer_size(self):
        """Return the number of bytes that wait."""
        return self._waiting

    def write(self, bytes data not None):
        """Send bytes; those that the kernel does not take wait. Do nothing after `end`."""
        if self._state >= _DRAINING:
            return
        self._put(PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data))
        if self._waiting > self._table._max_buffered_bytes and not self._is_told:
            self._is_told = True
            self._table._call(self, self._table._owner.on_blocked, None)

    def upgrade(self, receiver, Intake intake):
        """Read frames from here on, those behind the request too. `intake` takes heartbeats."""
        if self._state != _REQUEST:
            raise ValueError("only a request can be upgraded")
        self.receiver = receiver
        self._intake = intake
        self._state = _FRAMES

    def end(self, bytes data not None):
        """Send the last bytes, end our stream and drain the client's. Do nothing when called again."""
        if self._state >= _DRAINING:
            return
        self._state = _DRAINING
        self._keep(NULL, 0)
        clear_fragments(&self._fragments)
        self._intake = None
        self._put(PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data))
        self._table._begin_drain(self)

    def abort(self):
        """Close the socket at once. Do nothing when it is gone."""
        if self._state != _GONE:
            self._table._lose(self)

    cdef void _free(self) noexcept:
        free(self._data)
        free(self._out)
        self._data = NULL
        self._out = NULL
        self._size = 0
        self._first = self._waiting = self._places = 0
        clear_fragments(&self._fragments)

    cdef int _keep(self, const unsigned char* data, Py_ssize_t size) except -1:
        """Keep the beginning of something that is not complete. `data` is not the memory that is kept already."""
        cdef unsigned char* kept
        if size == 0:
            free(self._data)
            self._data = NULL
        else:
            kept = <unsigned char*>realloc(self._data, size)
            if kept == NULL:
                raise MemoryError
            memcpy(kept, data, size)
            self._data = kept
        self._size = <uint32_t>size
        return 0

    cdef int _put(self, const char* data, Py_ssize_t size) except -1:
        cdef Py_ssize_t sent = 0
        if self._waiting == 0 and not self._is_corked:
            sent = guildway_transmit(self._fd, data, size)
            if sent < 0:
                # The next poll finds a broken socket.
                sent = 0 if _is_for_later() else size
        if sent < size:
            self._append(data + sent, size - sent)
        if sent < size or self._state == _DRAINING:
            self._arrange()
        return 0

    cdef int _append(self, const char* data, size_t size) except -1:
        cdef char* grown
        cdef size_t needed = self._waiting + size
        if self._first + needed > self._places and self._first:
            memmove(self._out, self._out + self._first, self._waiting)
            self._first = 0
        if needed > self._places:
            needed = max(needed, 2 * self._places, <size_t>_LEAST_BYTES)
            grown = <char*>realloc(self._out, needed)
            if grown == NULL:
                raise MemoryError
            self._out = grown
            self._places = needed
        memcpy(self._out + self._first + self._waiting, data, size)
        self._waiting += size
        return 0

    cdef int _send_waiting(self) except -1:
        """Send bytes that wait: there is room, or an error."""
        cdef Py_ssize_t sent
        if self._waiting and not self._is_corked:
            sent = guildway_transmit(self._fd, self._out + self._first, self._waiting)
            if sent < 0:
                sent = 0 if _is_for_later() else <Py_ssize_t>self._waiting
            self._first += sent
            self._waiting -= sent
            if self._waiting == 0:
                free(self._out)
                self._out = NULL
                self._first = self._places = 0
        return self._arrange()

    cdef int _arrange(self) except -1:
        """Register for the events that are waited for, and shut our direction down when all bytes are sent."""
        cdef uint32_t mask
        if self._state == _GONE:
            return 0
        if self._state == _DRAINING and self._waiting == 0 and not self._is_corked and not self._is_shut:
            self._is_shut = True
            guildway_shut(self._fd)
            if self._is_ended_by_client:
                return self._table._lose(self)
        mask = 0 if self._is_ended_by_client else GUILDWAY_IN
        if self._waiting and not self._is_corked:
            mask |= GUILDWAY_OUT
        if mask != self._mask:
            self._mask = <unsigned char>mask
            guildway_ask(self._table._epoll, self._fd, mask, self._event_data(), False)
        return 0

    cdef uint64_t _event_data(self) noexcept:
        return <uint64_t>self._id << 32 | <uint32_t>self._fd


@cython.final
cdef class SocketTable:
    """All sockets of one server."""

    def __cinit__(
        self,
        *,
        owner,
        clock,
        max_message_bytes,
        max_fragments,
        max_request_bytes,
        max_buffered_bytes,
        request_s,
        drain_s,
    ):
        self._epoll = self._listening_fd = -1
        self._owner = owner
        self._clock = clock
        self._limits.max_bytes = max_message_bytes
        self._limits.max_fragments = max_fragments
        self._max_request_bytes = max_request_bytes
        self._max_buffered_bytes = max_buffered_bytes
        self._request_s = request_s
        self._drain_s = drain_s
        self._requests = deque()
        self._drains = deque()
        self._by_fd = []
        self.now_s = clock()
        self._buffer = <unsigned char*>malloc(max(max_message_bytes + MAX_HEAD, max_request_bytes) + _READ_BYTES)
        if self._buffer == NULL:
            raise MemoryError
        self._epoll = guildway_epoll()
        if self._epoll < 0:
            raise OSError(errno, "no epoll")

    def __dealloc__(self):
        free(self._buffer)
        if self._epoll >= 0:
            guildway_close(self._epoll)

    def __len__(self):
        return self._count

    def fileno(self):
        """The epoll's descriptor. Call `poll` when it is readable."""
        return self._epoll

    @property
    def receivers(self):
        """The number of sockets that were upgraded and are not gone."""
        cdef Socket sock
        return [sock.receiver for sock in self._by_fd if sock is not None and sock.receiver is not None]

    def listen(self, sock):
        """Begin to accept from a listening socket, which stays the caller's and must not block."""
        self._listening = sock
        self._listening_fd = sock.fileno()
        self._ask_listening()

    def unlisten(self):
        """Stop accepting. Safe to call twice."""
        if self._listening_fd >= 0 and not self._is_paused:
            guildway_forget(self._epoll, self._listening_fd)
        self._listening = None
        self._listening_fd = -1
        self._is_paused = False

    def poll(self):
        """Handle the events that are there, without waiting."""
        cdef guildway_event events[_MAX_EVENTS]
        cdef Socket sock
        cdef uint64_t data
        cdef uint32_t mask
        cdef int index
        cdef int count = guildway_wait(self._epoll, events, _MAX_EVENTS)
        self.now_s = self._clock()
        for index in range(count):
            data = guildway_event_data(&events[index])
            mask = guildway_event_mask(&events[index])
            if data >> 32 == 0:
                self._accept()
                continue
            sock = self._find(data)
            if sock is None:
                continue
            if mask & GUILDWAY_OUT:
                sock._send_waiting()
            if mask & ~<uint32_t>GUILDWAY_OUT and sock._state != _GONE:
                self._read(sock)

    def sweep(self, double now_s):
        """End sockets that are late, and try again to accept. Call it a few times within the shortest time."""
        self._lose_late(self._requests, _REQUEST, now_s)
        self._lose_late(self._drains, _DRAINING, now_s)
        if self._is_paused and self._listening_fd >= 0:
            self._is_paused = False
            self._ask_listening()

    def close(self):
        """Lose every socket and let go of the epoll. Safe to call twice."""
        cdef Socket sock
        if self._epoll < 0:
            return
        self.unlisten()
        for sock in list(self._by_fd):
            if sock is not None:
                self._lose(sock)
        self._requests.clear()
        self._drains.clear()
        guildway_close(self._epoll)
        self._epoll = -1

    cdef Socket _find(self, uint64_t data):
        """Return the socket of an event, None when it is gone."""
        cdef Py_ssize_t fd = <Py_ssize_t>(data & <uint64_t>0xFFFFFFFF)
        cdef Socket sock = <Socket>self._by_fd[fd]
        return sock if sock is not None and sock._id == data >> 32 else None

    cdef int _ask_listening(self) except -1:
        if guildway_ask(self._epoll, self._listening_fd, GUILDWAY_IN, <uint32_t>self._listening_fd, True) < 0:
            raise OSError(errno, "cannot listen")
        return 0

    cdef int _begin_drain(self, Socket sock) except -1:
        self._drains.append((self._clock() + self._drain_s, sock))
        return 0

    cdef int _lose_late(self, waiting, int state, double now_s) except -1:
        cdef Socket sock
        while waiting and waiting[0][0] <= now_s:
            sock = waiting.popleft()[1]
            if sock._state == state:
                self._lose(sock)
        return 0

    cdef int _lose(self, Socket sock) except -1:
        """Forget a socket that is gone."""
        if sock._state == _GONE:
            return 0
        sock._state = _GONE
        guildway_forget(self._epoll, sock._fd)
        self._by_fd[sock._fd] = None
        self._count -= 1
        try:
            self._call(sock, self._owner.on_lost, None)
        finally:
            sock._free()
            sock.receiver = sock._intake = None
            guildway_close(sock._fd)
            sock._fd = -1
        return 0

    cdef int _call(self, Socket sock, method, argument) except -1:
        """Call one of the owner's methods."""
        try:
            if argument is None:
                method(sock)
            else:
                method(sock, argument)
        except Exception:
            self._owner.on_fault(sock)
        return 0

    cdef int _accept(self) except -1:
        cdef char text[_ADDRESS_BYTES]
        cdef int fd
        cdef int number
        for number in range(_MAX_ACCEPTS):
            if self._listening_fd < 0:
                return 0
            fd = guildway_accept(self._listening_fd, text, _ADDRESS_BYTES)
            if fd >= 0:
                self._add(fd, sys.intern(text.decode("ascii")))
                continue
            number = errno
            if number in (EMFILE, ENFILE, ENOBUFS, ENOMEM):
                self._is_paused = True
                guildway_forget(self._epoll, self._listening_fd)
                self._owner.on_accept_failed(number)
            if number not in (ECONNABORTED, EPROTO):
                return 0
        return 0

    cdef int _add(self, int fd, str address) except -1:
        cdef Socket sock = Socket.__new__(Socket)
        self._last_id += 1
        if self._last_id == 0:
            self._last_id = 1
        sock._fd = fd
        sock._id = self._last_id
        sock._table = self
        sock.address = address
        sock._mask = GUILDWAY_IN
        if guildway_ask(self._epoll, fd, GUILDWAY_IN, sock._event_data(), True) < 0:
            return 0
        if fd >= len(self._by_fd):
            self._by_fd.extend([None] * (fd + _MORE_PLACES - len(self._by_fd)))
        self._by_fd[fd] = sock
        self._count += 1
        sock._state = _REQUEST
        self._requests.append((self.now_s + self._request_s, sock))
        return self._call(sock, self._owner.on_accept, None)

    cdef int _read(self, Socket sock) except -1:
        """Read once: there is data, or an error."""
        cdef Py_ssize_t kept = sock._size
        cdef Py_ssize_t start = 0
        cdef Py_ssize_t got = guildway_receive(sock._fd, self._buffer + kept, _READ_BYTES)
        if got < 0:
            return 0 if _is_for_later() else self._lose(sock)
        if got == 0:
            return self._take_end(sock)
        if sock._state == _DRAINING:
            return 0
        if kept:
            memcpy(self._buffer, sock._data, kept)
        if sock._state == _REQUEST:
            start = self._take_request(sock, kept + got)
        if sock._state == _FRAMES:
            self._take_frames(sock, start, kept + got)
        return 0

    cdef int _take_end(self, Socket sock) except -1:
        """Go on when the client has ended its stream."""
        if sock._state == _DRAINING and sock._waiting:
            sock._is_ended_by_client = True
            return sock._arrange()
        return self._lose(sock)

    cdef Py_ssize_t _take_request(self, Socket sock, Py_ssize_t size) except -1:
        """Return the place where the request ends."""
        cdef const unsigned char* found = guildway_find_end(self._buffer, size)
        cdef Py_ssize_t end = 0 if found == NULL else found - self._buffer + _REQUEST_END_BYTES
        if found == NULL and size < self._max_request_bytes:
            sock._keep(self._buffer, size)
            return 0
        sock._keep(NULL, 0)
        sock._is_corked = True
        if 0 < end <= self._max_request_bytes:
            self._call(sock, self._owner.on_request, PyBytes_FromStringAndSize(<char*>self._buffer, end))
        else:
            self._call(sock, self._owner.on_request_too_large, None)
        sock._is_corked = False
        if sock._state != _GONE:
            sock._send_waiting()
        return end

    cdef int _take_frames(self, Socket sock, Py_ssize_t start, Py_ssize_t end) except -1:
        cdef Frame frame
        cdef Py_ssize_t used
        frame.refusal = 0
        while sock._state == _FRAMES:
            used = read_frame(&sock._fragments, self._buffer + start, end - start, &self._limits, &frame)
            if used == 0:
                break
            start += used
            if frame.is_whole:
                self._take_frame(sock, &frame)
        if sock._state != _FRAMES:
            return 0
        if frame.refusal == REFUSED_MEMORY:
            return self._lose(sock)
        if frame.refusal == 0:
            return sock._keep(self._buffer + start, end - start)
        return self._call(sock, self._owner.on_refused, frame.refusal)

    cdef int _take_frame(self, Socket sock, Frame* frame) except -1:
        """Pass a whole message or a control frame on."""
        cdef int opcode = frame.opcode
        cdef bytes data
        if opcode == FRAME_PONG:
            return 0
        try:
            if opcode < FRAME_CLOSE and sock._intake is not None:
                if sock._intake.hear_bytes(frame.payload, frame.size, self.now_s):
                    return 0
            data = PyBytes_FromStringAndSize(<char*>frame.payload, frame.size)
            if opcode == FRAME_CLOSE:
                self._owner.on_close(sock, data)
            elif opcode == FRAME_PING:
                self._owner.on_ping(sock, data)
            else:
                self._owner.on_message(sock, data, opcode == FRAME_TEXT)
        except Exception:
            self._owner.on_fault(sock)
        finally:
            if frame.is_joined:
                clear_fragments(&sock._fragments)
        return 0
