# Templates for other kernels. What each is for is told in template_py.py.


cdef class Template:
    cdef int _opcode
    cdef int _mode
    cdef Py_ssize_t _size
    cdef bytes _head
    cdef bytes _tail
    cdef tuple _rest    # of bytes; None when there are no such parts

    # How many bytes `put` writes at most.
    cdef Py_ssize_t max_bytes(self) noexcept
    # Writes the frame into at least `max_bytes` bytes of the caller's; gives how many it took. `seq` must be in 0..MAX_SEQ.
    cdef Py_ssize_t put(self, long long seq, char* out) noexcept


cdef class TemplateMemo:
    # Three lists of as many places; the same place of each is one entry. Holds references until `clear`.
    cdef list _bodies
    cdef list _forms
    cdef list _templates
    cdef bint _is_empty

    cdef Template find(self, object body, object form, Py_ssize_t index)
    cdef int clear(self) except -1
