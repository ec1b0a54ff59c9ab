"""The rate limit of one client's commands, and its heartbeats, which are answered here.

Idle clients send hardly anything but heartbeats, in the few spellings of the existing libraries. `hear` knows these by
their bytes, in each encoding, and answers them with an acknowledgement that was made beforehand: it decodes and
allocates nothing. The caller decodes every other payload, a heartbeat in another spelling too; it then calls `take`
and, for a heartbeat, `beat`.

A heartbeat names the dispatch that came last. The outlet is told the number of the heartbeat before: clients resume
after the dispatches that they have, so these are not needed again. The newest number is held back, so that a client
that starts anew from its own notes, which are some seconds old, can resume as well.

The rate limit is a count in a window that begins with its first use. The window is fixed and not sliding, because
Discord's libraries pace themselves by a fixed one, and it costs two numbers a connection. The limit and the window are
arguments, because they are the same for all clients. Pings and heartbeats count too, or they would be a way around it.

    JSON      {"op":1,"d":<null or digits>}, also with white space, in the other order, or without `d`
    ETF       a map of the same: keys are binaries, `op` a small integer, `d` nil, null or a positive integer
    msgpack   a map of the same: `op` a positive fixint, `d` nil or an unsigned integer

Times are seconds of one monotonic clock, and arguments.

Buffers: payloads are borrowed for the length of the call. An intake holds references to its outlet and its
acknowledgement. The garbage collector does not look into it, because an outlet lets go of its link, and so of
everything, when the socket is lost. The suite runs on a model in Python too, `tests/models/intake.py`.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.stdint cimport uint64_t
from libc.string cimport memcmp

from core_ext.payloads.framing_c cimport MAX_SEQ

cdef enum:
    _JSON = 0
    _ETF = 1
    _MSGPACK = 2
    # A longer payload is no heartbeat of a library.
    _MAX_HEARTBEAT_BYTES = 64
    _MAX_DIGITS = 18
    # The number in a heartbeat that names no dispatch.
    _NO_SEQ = -1
    _NO_HEARTBEAT = -2

JSON = _JSON
ETF = _ETF
MSGPACK = _MSGPACK
NO_SEQ = _NO_SEQ

# The state of reading. The functions below return the place behind what they read, or NULL where it is something else.
ctypedef const unsigned char* Place

cdef struct Found:
    # The members that were read: `op`, or `d` and its number, which stays as it was when `d` is nil.
    bint is_op
    uint64_t seq


cdef inline uint64_t _read_number(Place place, int size) noexcept:
    """Read a big-endian number, all bytes of which are there."""
    cdef uint64_t number = 0
    cdef int index
    for index in range(size):
        number = number << 8 | place[index]
    return number


cdef inline Place _skip_space(Place place, Place end) noexcept:
    while place < end and (place[0] == 32 or place[0] == 9 or place[0] == 10 or place[0] == 13):
        place += 1
    return place


cdef inline Place _read(Place place, Place end, const char* text, Py_ssize_t size) noexcept:
    if end - place < size or memcmp(place, text, size) != 0:
        return NULL
    return place + size


cdef inline Place _read_json_sign(Place place, Place end, unsigned char sign) noexcept:
    """Read a sign with white space around it."""
    place = _skip_space(place, end)
    if place == end or place[0] != sign:
        return NULL
    return _skip_space(place + 1, end)


cdef inline Place _read_json_seq(Place place, Place end, Found* found) noexcept:
    cdef Place first = place
    cdef uint64_t seq = 0
    if place < end and place[0] == 110:
        return _read(place, end, b"null", 4)
    while place < end and 48 <= place[0] <= 57 and place - first <= _MAX_DIGITS:
        seq = seq * 10 + place[0] - 48
        place += 1
    if place == first or place - first > _MAX_DIGITS or (first[0] == 48 and place - first > 1):
        return NULL
    found.seq = seq
    return place


cdef Place _read_json_member(Place place, Place end, Found* found) noexcept:
    """Read one of the two members, with white space before and behind it."""
    cdef Place value
    place = _skip_space(place, end)
    value = _read(place, end, b'"op"', 4)
    found.is_op = value != NULL
    if value == NULL:
        value = _read(place, end, b'"d"', 3)
    if value != NULL:
        value = _read_json_sign(value, end, 58)
    if value == NULL:
        return NULL
    value = _read(value, end, b"1", 1) if found.is_op else _read_json_seq(value, end, found)
    if value == NULL:
        return NULL
    return _skip_space(value, end)


cdef bint _is_json(Place place, Place end, Found* found) noexcept:
    cdef bint is_first_op
    place = _read_json_sign(place, end, 123)
    if place == NULL:
        return False
    place = _read_json_member(place, end, found)
    if place == NULL:
        return False
    is_first_op = found.is_op
    if place < end and place[0] == 44:
        place = _read_json_member(place + 1, end, found)
        if place == NULL or found.is_op == is_first_op:
            return False
    elif not is_first_op:
        return False
    place = _read_json_sign(place, end, 125)
    return place == end


cdef Place _read_etf_member(Place place, Place end, Found* found) noexcept:
    cdef Place value = _read(place, end, b"m\x00\x00\x00\x02opa\x01", 9)
    cdef int size
    found.is_op = value != NULL
    if value != NULL:
        return value
    value = _read(place, end, b"m\x00\x00\x00\x01d", 6)
    if value == NULL or value == end:
        return NULL
    if value[0] == 97 or value[0] == 98:
        size = 1 if value[0] == 97 else 4
        if end - value <= size or (size == 4 and value[1] >= 0x80):
            return NULL
        found.seq = _read_number(value + 1, size)
        return value + 1 + size
    place = _read(value, end, b"s\x03nil", 5)
    return place if place != NULL else _read(value, end, b"s\x04null", 6)


cdef Place _read_msgpack_member(Place place, Place end, Found* found) noexcept:
    cdef Place value = _read(place, end, b"\xa2op\x01", 4)
    cdef int size
    found.is_op = value != NULL
    if value != NULL:
        return value
    value = _read(place, end, b"\xa1d", 2)
    if value == NULL or value == end:
        return NULL
    if value[0] == 0xC0:
        return value + 1
    if value[0] < 0x80:
        found.seq = value[0]
        return value + 1
    if not 0xCC <= value[0] <= 0xCF:
        return NULL
    size = 1 << (value[0] - 0xCC)
    if end - value <= size:
        return NULL
    found.seq = _read_number(value + 1, size)
    return value + 1 + size


cdef inline Place _read_member(Place place, Place end, int encoding, Found* found) noexcept:
    return _read_etf_member(place, end, found) if encoding == _ETF else _read_msgpack_member(place, end, found)


cdef bint _is_binary(Place place, Place end, int encoding, Found* found) noexcept:
    """Read one of the two encodings whose maps begin with their size."""
    cdef bint is_first_op
    cdef int count
    place = _read(place, end, b"\x83t\x00\x00\x00", 5) if encoding == _ETF else place
    if place == NULL or place == end:
        return False
    count = place[0] - (0 if encoding == _ETF else 0x80)
    if count != 1 and count != 2:
        return False
    place = _read_member(place + 1, end, encoding, found)
    if place == NULL or count == 1:
        return place == end and found.is_op
    is_first_op = found.is_op
    place = _read_member(place, end, encoding, found)
    return place == end and found.is_op != is_first_op


cdef inline int _read_heartbeat(int encoding, Place data, Py_ssize_t size) noexcept:
    """Return the number that a heartbeat names, `_NO_SEQ`, or `_NO_HEARTBEAT`."""
    cdef Found found
    cdef bint is_heartbeat
    if size > _MAX_HEARTBEAT_BYTES:
        return _NO_HEARTBEAT
    found.is_op = False
    found.seq = <uint64_t>-1
    if encoding == _JSON:
        is_heartbeat = _is_json(data, data + size, &found)
    else:
        is_heartbeat = _is_binary(data, data + size, encoding, &found)
    if not is_heartbeat:
        return _NO_HEARTBEAT
    return <int>found.seq if found.seq <= MAX_SEQ else _NO_SEQ


def read_heartbeat(encoding, bytes data not None):
    """Return the dispatch that a heartbeat names, if the bytes are one as libraries write it, else None."""
    cdef int seq
    if not _JSON <= encoding <= _MSGPACK:
        raise KeyError(encoding)
    seq = _read_heartbeat(encoding, <Place>PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data))
    return None if seq == _NO_HEARTBEAT else seq


@cython.final
@cython.no_gc
cdef class Intake:
    """The intake of one client. `ack` is the frame that answers a heartbeat; it may be changed."""

    def __cinit__(self, *, outlet, encoding, bytes ack not None, limit, window_s, now_s):
        if not _JSON <= encoding <= _MSGPACK:
            raise ValueError("no such encoding")
        self._outlet = outlet
        self._encoding = encoding
        self._limit = limit
        self._window_s = window_s
        self._used = 0
        self._ends_s = now_s
        self._heard = self._confirmed = _NO_SEQ
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
        cdef int seq = _read_heartbeat(self._encoding, data, size)
        if seq == _NO_HEARTBEAT or not self.may_take(now_s):
            return False
        self.answer(now_s, seq)
        return True

    cdef int answer(self, double now_s, int seq) except -1:
        cdef int before = self._heard
        self.last_beat_s = now_s
        self._heard = seq
        if before > self._confirmed:
            self._confirmed = before
            self._outlet.confirm(before)
        self._outlet.write(self.ack)
        return 0

    def take(self, double now_s):
        """Count a command. Return False, and count nothing, when the limit is reached."""
        return self.may_take(now_s)

    def beat(self, double now_s, seq=None):
        """Remember and acknowledge a heartbeat with the number that it names, if any."""
        self.answer(now_s, seq if seq is not None and 0 <= seq <= MAX_SEQ else _NO_SEQ)

    def hear(self, bytes data not None, double now_s):
        """Take a payload if it is a heartbeat and within the limit; return whether it was taken."""
        return self.hear_bytes(<Place>PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data), now_s)
