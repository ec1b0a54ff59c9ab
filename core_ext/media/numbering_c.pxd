# Types for numbering_py.py, compiled as core_ext.media.numbering_c.

cdef class Numbering:
    cdef dict _streams

    cpdef object take(self, object ssrc, long long number)
