# Types for nonces_py.py, compiled as core_ext.media.nonces_c.

cdef class OwnNonces:
    cdef unsigned long long _count

    cpdef bytes take(self)
