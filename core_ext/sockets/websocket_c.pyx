"""The reading of a client's WebSocket: frames out of bytes, messages out of frames (RFC 6455 sections 5 to 8).

`FrameReader` takes a client's bytes after the handshake, in any pieces, and returns whole messages and control frames.
It writes nothing and knows no socket: the caller answers pings and closes, and chooses the close code of a refusal.

A frame is judged by its header, before its payload is there, in this order:

    reserved bits or opcode, a control frame in fragments or over 125 bytes, no mask, a continuation of nothing, a new
    message within another, a length that is not written in the shortest way or over 2**63-1      → PROTOCOL_ERROR
    a message of more than `max_bytes` or `max_fragments`                                → TOO_LARGE

A whole message is judged by its payload. Text that is not UTF-8 → NOT_TEXT; it is checked as one whole, because a
character may be cut between fragments. A close frame with half a code, a code that may not be sent or a reason that is
not UTF-8 → PROTOCOL_ERROR.

The reading itself is in `websocket_c.pxd`, so that `sockets_c` can use it on its shared buffer.

Buffers: a reader owns a copy of the frame that is not complete, and the fragments of an unfinished message. Payloads
are new bytes objects. The suite runs on a model in Python too, `tests/models/websocket.py`.
"""

cimport cython
from cpython.bytearray cimport PyByteArray_AS_STRING, PyByteArray_GET_SIZE
from cpython.bytes cimport PyBytes_FromStringAndSize

CONTINUATION = FRAME_CONTINUATION
TEXT = FRAME_TEXT
BINARY = FRAME_BINARY
CLOSE = FRAME_CLOSE
PING = FRAME_PING
PONG = FRAME_PONG
PROTOCOL_ERROR = REFUSED_PROTOCOL
TOO_LARGE = REFUSED_SIZE
NOT_TEXT = REFUSED_TEXT


@cython.final
cdef class FrameReader:
    """The reader of one client. `max_bytes` bounds a message as a whole, `max_fragments` the number of its frames."""

    cdef Fragments _fragments
    cdef Limits _limits
    cdef bytearray _data
    cdef bint _is_closed
    cdef readonly int refusal

    def __cinit__(self, *, max_bytes, max_fragments):
        self._limits.max_bytes = max_bytes
        self._limits.max_fragments = max_fragments
        self._data = bytearray()

    def __dealloc__(self):
        clear_fragments(&self._fragments)

    def feed(self, bytes data not None):
        """Return the messages and control frames that `data` completes: opcodes (never CONTINUATION) and payloads.

        CLOSE is the last one, or the frame before a refusal. Everything after that is ignored.
        """
        cdef Frame frame
        cdef Py_ssize_t start = 0
        cdef Py_ssize_t used
        cdef unsigned char* buffer
        cdef list found = []
        if self.refusal or self._is_closed:
            return found
        frame.refusal = 0
        self._data += data
        buffer = <unsigned char*>PyByteArray_AS_STRING(self._data)
        while not self._is_closed:
            used = read_frame(
                &self._fragments, buffer + start, PyByteArray_GET_SIZE(self._data) - start, &self._limits, &frame
            )
            if used == 0:
                break
            start += used
            if frame.is_whole:
                found.append((frame.opcode, PyBytes_FromStringAndSize(<char*>frame.payload, frame.size)))
                self._is_closed = frame.opcode == FRAME_CLOSE
            if frame.is_joined:
                clear_fragments(&self._fragments)
        if frame.refusal == REFUSED_MEMORY:
            raise MemoryError
        self.refusal = frame.refusal
        if self.refusal or self._is_closed:
            clear_fragments(&self._fragments)
            start = PyByteArray_GET_SIZE(self._data)
        del self._data[:start]
        return found
