# The view sets of a guild as C arrays of 64-bit words. What each method does is told in view_index_py.py.

from libc.stdint cimport uint64_t


cdef class Bitmap:
    # Owns `words`, `size` of them; all beyond are taken as zero. Freed with the object.
    cdef uint64_t* words
    cdef Py_ssize_t size

    cdef int reserve(self, Py_ssize_t size) except -1
    cdef int put(self, Py_ssize_t slot, bint on) except -1
    cdef bint has(self, Py_ssize_t slot) noexcept


cdef class ViewIndex:
    cdef dict _channels      # channel id -> Bitmap
    cdef list _flags         # FLAGS Bitmaps
    cdef Bitmap _everyone
    cdef list _free          # released slots, used again from the end
    cdef Py_ssize_t _size    # slots ever made

    cdef Py_ssize_t _check(self, object slot) except -1
    cdef Py_ssize_t _check_flag(self, object flag) except -1
    cdef Bitmap _find(self, object channel_id)
