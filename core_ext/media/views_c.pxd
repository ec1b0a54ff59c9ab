# Types for views_py.py, compiled as core_ext.media.views_c.

cimport cython

from core_ext.media.passing_c cimport Passing, Picture

cdef long long _TIMESTAMPS
cdef Py_ssize_t _SEGMENTS
cdef long long _LONGEST_GAP


cdef class Segment:
    cdef readonly long long layer
    cdef readonly long long first
    cdef readonly long long last
    cdef readonly long long number_shift
    cdef readonly long long time_shift
    cdef readonly long long picture_shift
    cdef readonly long long tl0_shift

    @cython.locals(number=cython.longlong, timestamp=cython.longlong)
    cdef Passing write(self, Passing passing, Picture picture)


cdef class View:
    cdef public long long wanted
    cdef public long long current
    cdef public long long bytes_passed
    cdef list _segments
    cdef Passing _newest

    @cython.locals(picture=Picture, segment=Segment, chosen=Passing)
    cpdef Passing choose(self, Passing passing)
    @cython.locals(segment=Segment)
    cpdef object find(self, long long number)
    @cython.locals(picture=Picture, segment=Segment)
    cpdef Passing repeat(self, Passing passing)
    @cython.locals(segment=Segment, goes_on=bint, is_near=bint)
    cdef Segment _find(self, long long number, long long layer)
    @cython.locals(each=Segment)
    cdef bint _may_begin(self, long long number, Picture picture)
    @cython.locals(segment=Segment, before=Segment, newest=Passing)
    cdef Segment _begin(self, Passing passing, Picture picture)


@cython.locals(view=View, seen=Passing, alike=dict, chosen=list)
cpdef list choose_each(viewers, Passing passing, speaker)
