# Types for rtp_py.py, compiled as core_ext.media.rtp_c.

cimport cython

cdef long long _FIXED_BYTES
cdef long long _PADDED
cdef long long _EXTENDED
cdef long long _CONTRIBUTORS
cdef long long _MARKER
cdef long long _WORD
cdef long long _ONE_BYTE_FORM
cdef long long _TWO_BYTE_FORM
cdef long long _TWO_BYTE_MASK
cdef long long _RESERVED_ID


cdef class RtpPacket:
    cdef readonly long long payload_type
    cdef readonly bint marker
    cdef readonly long long sequence
    cdef readonly long long timestamp
    cdef readonly long long ssrc
    cdef readonly long long profile
    cdef readonly bytes extensions
    cdef readonly bytes payload


@cython.locals(
    packet=RtpPacket, size=Py_ssize_t, at=Py_ssize_t, end=Py_ssize_t, length=Py_ssize_t, first=cython.longlong,
    second=cython.longlong,
)
cpdef RtpPacket parse_rtp(bytes datagram)


cdef long long _read_half(bytes datagram, Py_ssize_t at)


cpdef object find_extension(RtpPacket packet, long long number)


@cython.locals(at=Py_ssize_t, end=Py_ssize_t, length=Py_ssize_t, found=cython.longlong)
cdef object _find_short(bytes body, long long number)


@cython.locals(at=Py_ssize_t, end=Py_ssize_t, length=Py_ssize_t, found=cython.longlong)
cdef object _find_long(bytes body, long long number)
