# Types for vp8_py.py, compiled as core_ext.media.vp8_c.

cimport cython

cdef long long _EXTENDED
cdef long long _START
cdef long long _PARTITION
cdef long long _HAS_PICTURE
cdef long long _HAS_LAYER
cdef long long _HAS_MORE
cdef long long _LONG
cdef long long _NO_KEY
cdef long long _LAYERS
cdef long long _PICTURES
cdef long long _LONG_PICTURES


cdef class Vp8:
    cdef readonly bint is_keyframe
    cdef readonly long long picture_at
    cdef readonly long long picture_bytes
    cdef readonly long long picture
    cdef readonly long long layer_at
    cdef readonly long long layer

    @cython.locals(after=Vp8)
    cpdef tuple renumber(self, bytes payload, long long pictures, long long layers)


@cython.locals(says=Vp8, size=Py_ssize_t, at=Py_ssize_t, first=cython.longlong)
cpdef Vp8 parse_vp8(bytes payload)


@cython.locals(size=Py_ssize_t, at=Py_ssize_t, has=cython.longlong)
cdef Py_ssize_t _read_counters(Vp8 says, bytes payload) except -1
