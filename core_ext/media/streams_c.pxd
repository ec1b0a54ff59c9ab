# Types for streams_py.py, compiled as core_ext.media.streams_c.

cimport cython

cdef long long _FIRST_NUMBER
cdef long long _HALF
cdef long long _SEQUENCES
cdef long long _TIMESTAMPS
cdef long long _MOST_AHEAD
cdef long long _MOST_BEHIND
cdef long long _MOST_MISSING
cdef double _LATELY_S
cdef long long _MOST_LOST
cdef double _JITTER_PARTS
cdef long long WINDOW
cdef long long LEAST


cdef class Quality:
    cdef double _peak
    cdef bint _has_peak
    cdef long long _first
    cdef long long _last
    cdef long long _received
    cdef double _rtt_s
    cdef long long _rtts
    cdef readonly object told

    cpdef object begin(self, long long sequence)
    cpdef object note(self, long long sequence)
    @cython.locals(expected=cython.longlong)
    cdef object _close(self)


cdef class Stream:
    cdef public long long clock_rate
    cdef public object source
    cdef public long long packets_passed
    cdef public long long bytes_passed
    cdef public long long bytes_kept
    cdef readonly Quality quality
    cdef long long _offset
    cdef long long _shift
    cdef object _left_out
    cdef set _missing
    cdef object _lowest
    cdef long long _first
    cdef long long _highest
    cdef double _last_s
    cdef long long _last_timestamp
    cdef bint _is_broken_off
    cdef long long _received
    cdef long long _received_before
    cdef long long _expected_before
    cdef double _transit
    cdef bint _has_transit
    cdef double _jitter
    cdef object _clock

    @cython.locals(ahead=cython.longlong, number=cython.longlong)
    cpdef tuple take(self, long long ssrc, long long sequence, long long timestamp, double now_s)
    @cython.locals(taken=tuple)
    cpdef tuple pass_on(
        self, long long ssrc, long long sequence, long long timestamp, long long size_bytes, double now_s
    )
    @cython.locals(ahead=cython.longlong)
    cpdef bint leave_out(self, long long ssrc, long long sequence)
    cdef long long _find_ahead(self, long long sequence)
    @cython.locals(oldest=cython.longlong, number=cython.longlong)
    cdef object _note_gap(self, long long ahead)
    cdef bint _fills_gap(self, long long number) except -1
    cdef long long _offset_at(self, long long sequence)
    cpdef object break_off(self)
    cpdef object keep_back(self, long long size_bytes)
    cdef object _begin(self, long long ssrc, long long sequence, long long number, long long shift)
    @cython.locals(passed=cython.longlong, shift=cython.longlong)
    cdef object _begin_anew(self, long long ssrc, long long sequence, long long timestamp, double now_s)
    @cython.locals(transit=cython.double, difference=cython.double)
    cdef object _measure_jitter(self, long long timestamp, double now_s)
