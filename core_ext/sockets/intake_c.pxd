# One client's rate limit and heartbeats, for `sockets_c`. The text is in intake_c.pyx.


cdef class Intake:
    cdef object _outlet
    cdef public bytes ack
    cdef public double last_beat_s
    cdef double _ends_s
    cdef double _window_s
    cdef int _limit
    cdef int _used
    cdef int _encoding
    cdef int _heard
    cdef int _confirmed

    cdef bint may_take(self, double now_s) noexcept
    cdef int answer(self, double now_s, int seq) except -1
    # Reads `size` bytes at `data` and keeps none of them. Raises what the outlet raises.
    cdef bint hear_bytes(self, const unsigned char* data, Py_ssize_t size, double now_s) except -1
