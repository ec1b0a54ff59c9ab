# Types for speakers_py.py, compiled as core_ext.media.speakers_c.

cimport cython

cdef double _LOUDER_DB
cdef double _PARTS
cdef long long _SILENCE_LEVEL
cdef double _VOICE_DB
cdef double _USUAL_DB
cdef Py_ssize_t _SILENCE_BYTES


cpdef double measure_loudness(object level, Py_ssize_t size_bytes)


cdef class Activity:
    cdef public bint is_pinned
    cdef public bint has_seat
    cdef public double loudness
    cdef public double seated_s
    cdef public double voiced_s


cdef class ActiveSpeakers:
    cdef Py_ssize_t _limit
    cdef double _hold_s
    cdef list _seated

    cpdef bint note(self, Activity voice, double loudness, double now_s)
    cpdef object release(self, Activity voice)
    @cython.locals(each=Activity, resting=Activity, weakest=Activity, is_louder=bint)
    cdef Activity _find_loser(self, Activity voice, double now_s)
