"""Dispatch framing, each result built in one allocation. The text and the reference are in `framing_py.py`.

Buffers: arguments are borrowed for the length of the call; each result is a new bytes object that is filled before
anyone else sees it.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.string cimport memcpy

from core_ext.payloads import framing_py

ETF_SEQ_OFFSET = framing_py.ETF_SEQ_OFFSET
MSGPACK_SEQ_OFFSET = framing_py.MSGPACK_SEQ_OFFSET

# Shared parts are made once an event, so the plain code is fast enough for them.
share_json = framing_py.share_json
share_etf = framing_py.share_etf
share_msgpack = framing_py.share_msgpack

cdef Py_ssize_t _ETF_SEQ_OFFSET = ETF_SEQ_OFFSET
cdef Py_ssize_t _MSGPACK_SEQ_OFFSET = MSGPACK_SEQ_OFFSET

cdef enum:
    _TEXT = 1
    _BINARY = 2

assert framing_py.MAX_SEQ == MAX_SEQ


cdef inline int _check_seq(long long seq) except -1:
    if seq < 0 or seq > MAX_SEQ:
        raise OverflowError("seq must be in 0..2**31-1")
    return 0


cdef bytes _join(const char* head, Py_ssize_t head_size, const char* body, Py_ssize_t body_size):
    cdef bytes result = PyBytes_FromStringAndSize(NULL, head_size + body_size)
    cdef char* out = PyBytes_AS_STRING(result)
    memcpy(out, head, head_size)
    memcpy(out + head_size, body, body_size)
    return result


cdef bytes _patch(long long seq, bytes shared, Py_ssize_t offset, bint framed):
    """Return a copy of `shared` with `seq` at `offset`, behind a header when `framed`."""
    cdef unsigned char header[MAX_HEADER]
    cdef Py_ssize_t header_size = 0
    cdef Py_ssize_t size
    cdef bytes result
    _check_seq(seq)
    size = PyBytes_GET_SIZE(shared)
    if size < offset + 4:
        raise ValueError("not a shared part")
    if framed:
        header_size = write_header(header, _BINARY, size)
    result = _join(<char*>header, header_size, PyBytes_AS_STRING(shared), size)
    write_seq(PyBytes_AS_STRING(result) + header_size + offset, seq)
    return result


def splice_json(long long seq, bytes shared not None):
    """Return the JSON payload for one recipient."""
    cdef char prefix[MAX_PREFIX]
    cdef Py_ssize_t size
    _check_seq(seq)
    size = write_prefix(prefix, seq)
    return _join(prefix, size, PyBytes_AS_STRING(shared), PyBytes_GET_SIZE(shared))


def splice_etf(long long seq, bytes shared not None):
    """Return the ETF payload for one recipient."""
    return _patch(seq, shared, _ETF_SEQ_OFFSET, False)


def splice_msgpack(long long seq, bytes shared not None):
    """Return the msgpack payload for one recipient."""
    return _patch(seq, shared, _MSGPACK_SEQ_OFFSET, False)


def websocket_header(opcode, length):
    """The header of an unmasked, final frame with `length` bytes of payload; ValueError when one is out of range."""
    cdef unsigned char header[MAX_HEADER]
    cdef Py_ssize_t size
    if not 0 <= opcode <= 15:
        raise ValueError("opcode must be in 0..15")
    if not 0 <= length <= 0x7FFFFFFFFFFFFFFF:
        raise ValueError("length must be in 0..2**63-1")
    size = write_header(header, opcode, length)
    return PyBytes_FromStringAndSize(<char*>header, size)


def frame(opcode, bytes payload not None):
    """Return a frame with any payload."""
    cdef unsigned char header[MAX_HEADER]
    cdef Py_ssize_t size
    if not 0 <= opcode <= 15:
        raise ValueError("opcode must be in 0..15")
    size = write_header(header, opcode, PyBytes_GET_SIZE(payload))
    return _join(<char*>header, size, PyBytes_AS_STRING(payload), PyBytes_GET_SIZE(payload))


def frame_json(long long seq, bytes shared not None):
    """Return the payload of `splice_json` in a text frame."""
    cdef char head[MAX_HEADER + MAX_PREFIX]
    cdef char prefix[MAX_PREFIX]
    cdef Py_ssize_t prefix_size
    cdef Py_ssize_t size
    _check_seq(seq)
    prefix_size = write_prefix(prefix, seq)
    size = write_header(<unsigned char*>head, _TEXT, prefix_size + PyBytes_GET_SIZE(shared))
    memcpy(head + size, prefix, prefix_size)
    return _join(head, size + prefix_size, PyBytes_AS_STRING(shared), PyBytes_GET_SIZE(shared))


def frame_etf(long long seq, bytes shared not None):
    """Return the payload of `splice_etf` in a binary frame."""
    return _patch(seq, shared, _ETF_SEQ_OFFSET, True)


def frame_msgpack(long long seq, bytes shared not None):
    """Return the payload of `splice_msgpack` in a binary frame."""
    return _patch(seq, shared, _MSGPACK_SEQ_OFFSET, True)
