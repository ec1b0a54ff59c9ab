# The class of openings_c.pyx, for kernels that open packets with it.

# int srtp_unprotect(srtp_t, void* packet, int* length)
ctypedef int (*Unprotect)(void*, void*, int*) noexcept nogil


cdef class SrtpOpening:
    cdef object _unprotect
    cdef void* _context
    cdef Unprotect _function

    cpdef bytes open(self, bytes datagram)
