"""Dispatch framing, each result built in one allocation. The text and the reference are in `framing_py.py`.

Buffers: arguments are borrowed for the length of the call; each result is a new bytes object that is filled before anyone
else sees it.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.string cimport memcpy

from core_ext import framing_py

ETF_SEQ_OFFSET = framing_py.ETF_SEQ_OFFSET
MSGPACK_SEQ_OFFSET = framing_py.MSGPACK_SEQ_OFFSET

# Made once an event: nothing is gained by a second version of them.
share_json = framing_py.share_json
share_etf = framing_py.share_etf
share_msgpack = framing_py.share_msgpack

cdef enum:
    _ETF_SEQ_OFFSET = 13
    _MSGPACK_SEQ_OFFSET = 4
    _MAX_SEQ = 0x7FFFFFFF
    _TEXT = 1
    _BINARY = 2
    # {"s":, ten digits, a comma
    _MAX_PREFIX = 16
    _MAX_HEADER = 10

assert ETF_SEQ_OFFSET == _ETF_SEQ_OFFSET and MSGPACK_SEQ_OFFSET == _MSGPACK_SEQ_OFFSET


cdef inline int _check_seq(long long seq) except -1:
    if seq < 0 or seq > _MAX_SEQ:
        raise OverflowError("seq must be in 0..2**31-1")
    return 0


cdef inline Py_ssize_t _write_prefix(char* out, long long seq) noexcept:
    """Writes `{"s":<seq>,` into at least _MAX_PREFIX bytes; gives how many it took."""
    cdef char digits[10]
    cdef Py_ssize_t count = 0
    cdef Py_ssize_t index
    memcpy(out, b'{"s":', 5)
    while True:
        digits[count] = <char>(48 + seq % 10)
        count += 1
        seq //= 10
        if seq == 0:
            break
    for index in range(count):
        out[5 + index] = digits[count - 1 - index]
    out[5 + count] = 44
    return 6 + count


cdef inline Py_ssize_t _write_header(unsigned char* out, int opcode, unsigned long long length) noexcept:
    """Writes a frame's header into at least _MAX_HEADER bytes; gives how many it took."""
    cdef int index
    out[0] = <unsigned char>(0x80 | opcode)
    if length < 126:
        out[1] = <unsigned char>length
        return 2
    if length < 65536:
        out[1] = 126
        out[2] = <unsigned char>(length >> 8)
        out[3] = <unsigned char>(length & 0xFF)
        return 4
    out[1] = 127
    for index in range(8):
        out[2 + index] = <unsigned char>((length >> (56 - 8 * index)) & 0xFF)
    return 10


cdef inline void _write_seq(char* out, long long seq) noexcept:
    out[0] = <char>(seq >> 24)
    out[1] = <char>((seq >> 16) & 0xFF)
    out[2] = <char>((seq >> 8) & 0xFF)
    out[3] = <char>(seq & 0xFF)


cdef bytes _join(const char* head, Py_ssize_t head_size, const char* body, Py_ssize_t body_size):
    cdef bytes result = PyBytes_FromStringAndSize(NULL, head_size + body_size)
    cdef char* out = PyBytes_AS_STRING(result)
    memcpy(out, head, head_size)
    memcpy(out + head_size, body, body_size)
    return result


cdef bytes _patch(long long seq, bytes shared, Py_ssize_t offset, bint framed):
    """A copy of `shared` with `seq` at `offset`, behind a header when `framed`."""
    cdef unsigned char header[_MAX_HEADER]
    cdef Py_ssize_t header_size = 0
    cdef Py_ssize_t size
    cdef bytes result
    _check_seq(seq)
    size = PyBytes_GET_SIZE(shared)
    if size < offset + 4:
        raise ValueError("not a shared part")
    if framed:
        header_size = _write_header(header, _BINARY, size)
    result = _join(<char*>header, header_size, PyBytes_AS_STRING(shared), size)
    _write_seq(PyBytes_AS_STRING(result) + header_size + offset, seq)
    return result


def splice_json(long long seq, bytes shared not None):
    """The JSON payload for one recipient."""
    cdef char prefix[_MAX_PREFIX]
    cdef Py_ssize_t size
    _check_seq(seq)
    size = _write_prefix(prefix, seq)
    return _join(prefix, size, PyBytes_AS_STRING(shared), PyBytes_GET_SIZE(shared))


def splice_etf(long long seq, bytes shared not None):
    """The ETF payload for one recipient."""
    return _patch(seq, shared, _ETF_SEQ_OFFSET, False)


def splice_msgpack(long long seq, bytes shared not None):
    """The msgpack payload for one recipient."""
    return _patch(seq, shared, _MSGPACK_SEQ_OFFSET, False)


def websocket_header(opcode, length):
    """The header of an unmasked, final frame with a payload of `length` bytes; ValueError when either is out of range."""
    cdef unsigned char header[_MAX_HEADER]
    cdef Py_ssize_t size
    if not 0 <= opcode <= 15:
        raise ValueError("opcode must be in 0..15")
    if not 0 <= length <= 0x7FFFFFFFFFFFFFFF:
        raise ValueError("length must be in 0..2**63-1")
    size = _write_header(header, opcode, length)
    return PyBytes_FromStringAndSize(<char*>header, size)


def frame(opcode, bytes payload not None):
    """A frame with any payload."""
    cdef unsigned char header[_MAX_HEADER]
    cdef Py_ssize_t size
    if not 0 <= opcode <= 15:
        raise ValueError("opcode must be in 0..15")
    size = _write_header(header, opcode, PyBytes_GET_SIZE(payload))
    return _join(<char*>header, size, PyBytes_AS_STRING(payload), PyBytes_GET_SIZE(payload))


def frame_json(long long seq, bytes shared not None):
    """`splice_json` as a text frame."""
    cdef char head[_MAX_HEADER + _MAX_PREFIX]
    cdef char prefix[_MAX_PREFIX]
    cdef Py_ssize_t prefix_size
    cdef Py_ssize_t size
    _check_seq(seq)
    prefix_size = _write_prefix(prefix, seq)
    size = _write_header(<unsigned char*>head, _TEXT, prefix_size + PyBytes_GET_SIZE(shared))
    memcpy(head + size, prefix, prefix_size)
    return _join(head, size + prefix_size, PyBytes_AS_STRING(shared), PyBytes_GET_SIZE(shared))


def frame_etf(long long seq, bytes shared not None):
    """`splice_etf` as a binary frame."""
    return _patch(seq, shared, _ETF_SEQ_OFFSET, True)


def frame_msgpack(long long seq, bytes shared not None):
    """`splice_msgpack` as a binary frame."""
    return _patch(seq, shared, _MSGPACK_SEQ_OFFSET, True)
