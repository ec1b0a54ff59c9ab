"""Frames out of a client's bytes, on C memory. The text and the reference are in `websocket_py.py`; the reading itself is in
`websocket_c.pxd`, for `sockets_c` to have it too.

Buffers: a reader owns a copy of the frame that is not all there, and the fragments of an unfinished message. Payloads are given
as new bytes objects.
"""

cimport cython
from cpython.bytearray cimport PyByteArray_AS_STRING, PyByteArray_GET_SIZE
from cpython.bytes cimport PyBytes_FromStringAndSize

from core_ext import websocket_py

TEXT = websocket_py.TEXT
BINARY = websocket_py.BINARY
CLOSE = websocket_py.CLOSE
PING = websocket_py.PING
PONG = websocket_py.PONG
PROTOCOL_ERROR = websocket_py.PROTOCOL_ERROR
TOO_LARGE = websocket_py.TOO_LARGE
NOT_TEXT = websocket_py.NOT_TEXT

assert (TEXT, BINARY, CLOSE, PING, PONG) == (FRAME_TEXT, FRAME_BINARY, FRAME_CLOSE, FRAME_PING, FRAME_PONG)
assert (PROTOCOL_ERROR, TOO_LARGE, NOT_TEXT) == (REFUSED_PROTOCOL, REFUSED_SIZE, REFUSED_TEXT)


@cython.final
cdef class FrameReader:
    """One client's frames. `max_bytes` bounds a message as a whole, `max_fragments` how many frames it may come in."""

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
        """The messages and control frames that `data` completes: opcodes (never CONTINUATION) and payloads."""
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
