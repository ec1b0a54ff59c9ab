"""A client's allowance and heartbeats, on C numbers. The text and the reference are in `intake_py.py`.

Buffers: payloads are borrowed for the length of the call. An intake holds references to its outlet and its acknowledgement; the
garbage collector does not look into it, because an outlet lets go of its link, and so of everything, when the socket is lost.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.string cimport memcmp

from core_ext import intake_py

JSON = intake_py.JSON
ETF = intake_py.ETF
MSGPACK = intake_py.MSGPACK

cdef enum:
    _JSON = 0
    _ETF = 1
    _MSGPACK = 2
    _MAX_HEARTBEAT_BYTES = 64
    _MAX_DIGITS = 18

assert (JSON, ETF, MSGPACK) == (_JSON, _ETF, _MSGPACK)

ctypedef const unsigned char* Place
"""Where reading stands; the functions below give the place behind what they read, NULL where it is something else."""


cdef inline Place _skip_space(Place place, Place end) noexcept:
    while place < end and (place[0] == 32 or place[0] == 9 or place[0] == 10 or place[0] == 13):
        place += 1
    return place


cdef inline Place _read(Place place, Place end, const char* text, Py_ssize_t size) noexcept:
    if end - place < size or memcmp(place, text, size) != 0:
        return NULL
    return place + size


cdef inline Place _read_json_sign(Place place, Place end, unsigned char sign) noexcept:
    """A sign with white space around it."""
    place = _skip_space(place, end)
    if place == end or place[0] != sign:
        return NULL
    return _skip_space(place + 1, end)


cdef inline Place _read_json_seq(Place place, Place end) noexcept:
    cdef Place first = place
    if place < end and place[0] == 110:
        return _read(place, end, b"null", 4)
    while place < end and 48 <= place[0] <= 57:
        place += 1
    if place == first or place - first > _MAX_DIGITS or (first[0] == 48 and place - first > 1):
        return NULL
    return place


cdef Place _read_json_member(Place place, Place end, bint* is_op) noexcept:
    """One of the two members, with white space before and behind it."""
    cdef Place value
    place = _skip_space(place, end)
    value = _read(place, end, b'"op"', 4)
    is_op[0] = value != NULL
    if value == NULL:
        value = _read(place, end, b'"d"', 3)
    if value != NULL:
        value = _read_json_sign(value, end, 58)
    if value == NULL:
        return NULL
    value = _read(value, end, b"1", 1) if is_op[0] else _read_json_seq(value, end)
    if value == NULL:
        return NULL
    return _skip_space(value, end)


cdef bint _is_json(Place place, Place end) noexcept:
    cdef bint is_op
    cdef bint is_second_op
    place = _read_json_sign(place, end, 123)
    if place == NULL:
        return False
    place = _read_json_member(place, end, &is_op)
    if place == NULL:
        return False
    if place < end and place[0] == 44:
        place = _read_json_member(place + 1, end, &is_second_op)
        if place == NULL or is_second_op == is_op:
            return False
        is_op = True
    if not is_op:
        return False
    place = _read_json_sign(place, end, 125)
    return place == end


cdef Place _read_etf_member(Place place, Place end, bint* is_op) noexcept:
    cdef Place value = _read(place, end, b"m\x00\x00\x00\x02opa\x01", 9)
    is_op[0] = value != NULL
    if value != NULL:
        return value
    value = _read(place, end, b"m\x00\x00\x00\x01d", 6)
    if value == NULL or value == end:
        return NULL
    if value[0] == 97:
        return value + 2 if end - value >= 2 else NULL
    if value[0] == 98:
        return value + 5 if end - value >= 5 and value[1] < 0x80 else NULL
    place = _read(value, end, b"s\x03nil", 5)
    return place if place != NULL else _read(value, end, b"s\x04null", 6)


cdef Place _read_msgpack_member(Place place, Place end, bint* is_op) noexcept:
    cdef Place value = _read(place, end, b"\xa2op\x01", 4)
    cdef Py_ssize_t size
    is_op[0] = value != NULL
    if value != NULL:
        return value
    value = _read(place, end, b"\xa1d", 2)
    if value == NULL or value == end:
        return NULL
    if value[0] < 0x80 or value[0] == 0xC0:
        return value + 1
    if not 0xCC <= value[0] <= 0xCF:
        return NULL
    size = 1 + (1 << (value[0] - 0xCC))
    return value + size if end - value >= size else NULL


cdef bint _is_binary(Place place, Place end, int encoding) noexcept:
    """The two encodings whose maps begin with their size."""
    cdef bint is_op = False
    cdef bint is_second_op = False
    cdef int count
    place = _read(place, end, b"\x83t\x00\x00\x00", 5) if encoding == _ETF else place
    if place == NULL or place == end:
        return False
    count = place[0] - (0 if encoding == _ETF else 0x80)
    place += 1
    if count != 1 and count != 2:
        return False
    place = _read_etf_member(place, end, &is_op) if encoding == _ETF else _read_msgpack_member(place, end, &is_op)
    if place == NULL or count == 1:
        return place == end and is_op
    if encoding == _ETF:
        place = _read_etf_member(place, end, &is_second_op)
    else:
        place = _read_msgpack_member(place, end, &is_second_op)
    return place == end and is_op != is_second_op


cdef inline bint _is_heartbeat(int encoding, Place data, Py_ssize_t size) noexcept:
    if size > _MAX_HEARTBEAT_BYTES:
        return False
    if encoding == _JSON:
        return _is_json(data, data + size)
    return _is_binary(data, data + size, encoding)


def is_heartbeat(encoding, bytes data not None):
    """Whether these bytes are a heartbeat as libraries write it. False says nothing."""
    if not _JSON <= encoding <= _MSGPACK:
        raise KeyError(encoding)
    return _is_heartbeat(encoding, <Place>PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data))


@cython.final
@cython.no_gc
cdef class Intake:
    """One client's. `ack` is the frame that answers a heartbeat; it may be changed."""

    def __cinit__(self, *, outlet, encoding, bytes ack not None, limit, window_s, now_s):
        if not _JSON <= encoding <= _MSGPACK:
            raise ValueError("no such encoding")
        self._outlet = outlet
        self._encoding = encoding
        self._limit = limit
        self._window_s = window_s
        self._used = 0
        self._ends_s = now_s
        self.ack = ack
        self.last_beat_s = now_s

    cdef bint may_take(self, double now_s) noexcept:
        if now_s >= self._ends_s:
            self._ends_s = now_s + self._window_s
            self._used = 0
        if self._used >= self._limit:
            return False
        self._used += 1
        return True

    cdef bint hear_bytes(self, const unsigned char* data, Py_ssize_t size, double now_s) except -1:
        if not _is_heartbeat(self._encoding, data, size) or not self.may_take(now_s):
            return False
        self.last_beat_s = now_s
        self._outlet.write(self.ack)
        return True

    def take(self, double now_s):
        """Counts a command; False when the limit is reached, and then nothing is used."""
        return self.may_take(now_s)

    def beat(self, double now_s):
        """A heartbeat: remembered and acknowledged."""
        self.last_beat_s = now_s
        self._outlet.write(self.ack)

    def hear(self, bytes data not None, double now_s):
        """Takes a payload if it is a heartbeat, and if one may still be sent; whether it did."""
        return self.hear_bytes(<Place>PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data), now_s)
