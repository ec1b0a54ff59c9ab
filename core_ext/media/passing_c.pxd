# Types for passing_py.py, compiled as core_ext.media.passing_c.

cimport cython

cdef long long _VERSION
cdef long long _EXTENDED
cdef long long _MARKER
cdef long long _ONE_BYTE_FORM


cpdef bytes write_extension(long long number, bytes content)


cpdef bytes write_send_time(double seconds)


cdef class Picture:
    cdef readonly long long layer
    cdef readonly double came_s
    cdef readonly bint is_keyframe
    cdef readonly object vp8


cdef class Passing:
    cdef readonly object codec
    cdef readonly bint marker
    cdef readonly long long number
    cdef readonly long long timestamp
    cdef readonly long long ssrc
    cdef readonly bytes payload
    cdef readonly object level
    cdef readonly Picture picture
    cdef public tuple discord

    cpdef tuple write(self, form)
    cdef bytes _write_header(self, long long payload_type, long long extension_number)
    cdef bytes _write_extension(self, long long number)


@cython.locals(made=Picture)
cpdef Picture make_picture(long long layer, double came_s, bint is_keyframe, object vp8)


@cython.locals(made=Passing)
cpdef Passing make_passing(
    object codec, bint marker, long long number, long long timestamp, long long ssrc, bytes payload, object level,
    Picture picture
)
