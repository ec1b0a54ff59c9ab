"""Opens the packets that one browser sends. The text is in `openings_py.py`.

Buffers: a packet is decrypted in a buffer on the stack, and what is returned is a copy. libsrtp keeps nothing of it.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport uint64_t, uintptr_t
from libc.string cimport memcpy

from core_ext.media import openings_py

LONGEST_BYTES = openings_py.LONGEST_BYTES

cdef enum:
    _LONGEST_BYTES = 1500
    _LONGEST_WORDS = 188

assert LONGEST_BYTES == _LONGEST_BYTES <= 8 * _LONGEST_WORDS


@cython.final
cdef class SrtpOpening:
    """The key of one sender. The text is in the plain twin."""

    def __cinit__(self, unprotect, *, uintptr_t context, uintptr_t function):
        if not context or not function:
            raise ValueError("the addresses must not be 0")
        self._unprotect = unprotect
        self._context = <void*>context
        self._function = <Unprotect>function

    cpdef bytes open(self, bytes datagram):
        """Decrypt a packet, once; None for one that is refused."""
        cdef uint64_t room[_LONGEST_WORDS]  # libsrtp wants words
        cdef Py_ssize_t longest
        cdef int size
        if datagram is None:
            raise TypeError("a datagram has bytes")
        longest = PyBytes_GET_SIZE(datagram)
        if longest > _LONGEST_BYTES:
            return None
        size = <int>longest
        memcpy(room, PyBytes_AS_STRING(datagram), longest)
        if self._function(self._context, room, &size) != 0:
            return None
        return PyBytes_FromStringAndSize(<char*>room, size)
