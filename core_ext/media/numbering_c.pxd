# Types for numbering_py.py, compiled as core_ext.media.numbering_c.

cimport cython

cdef long long _SEQUENCES
cdef long long _HALF
cdef long long _LONGEST_GAP
cdef long long _MOST_BEHIND
cdef long long _LATE


cdef class _Count:
    cdef long long newest
    cdef long long added
    cdef long long first


cdef class Numbering:
    cdef dict _streams

    @cython.locals(count=_Count, newest=cython.longlong)
    cpdef long long take(self, object ssrc, long long number) except? -2
    @cython.locals(count=_Count, behind=cython.longlong)
    cpdef object find(self, object ssrc, long long sequence)
