# Types for ring_py.py, compiled as core_ext.media.ring_c.

cimport cython

from core_ext.media.passing_c cimport Passing

cdef long long _MOST_MISSING


cdef class Ring:
    cdef Py_ssize_t _size
    cdef list _kept
    cdef long long _newest
    cdef dict _missing

    cpdef object keep(self, Passing passing)
    @cython.locals(number=cython.longlong, newest=cython.longlong, gap=cython.longlong)
    cpdef bint add(self, Passing passing)
    @cython.locals(passing=Passing)
    cpdef Passing find(self, long long number)
