# Templates for other kernels. What each is for is told in template_c.pyx.

from cpython.ref cimport PyObject


cdef class Template:
    cdef int _opcode
    cdef int _mode
    cdef Py_ssize_t _size
    cdef bytes _head
    cdef bytes _tail
    cdef tuple _rest    # of bytes; None when there are no such parts

    # How many bytes `put` writes at most.
    cdef Py_ssize_t max_bytes(self) noexcept
    # Writes the frame into at least `max_bytes` bytes of the caller's; gives how many it took. `seq` must be in
    # 0..MAX_SEQ.
    cdef Py_ssize_t put(self, long long seq, char* out) noexcept
    # Whether `s` is four bytes in the frame that `put` writes; else it is digits.
    cdef bint has_binary_number(self) noexcept
    # How many bytes lie between the beginning of an `s` of so many digits and the end of the frame.
    cdef Py_ssize_t number_to_end(self, int digits) noexcept


cdef enum:
    # More events than leave in one turn to one connection, in more than one form.
    _MEMO_ENTRIES = 64


cdef struct Entry:
    # Owned references; `previous` and `chained` may be NULL.
    PyObject* body
    PyObject* form
    PyObject* template
    PyObject* previous
    PyObject* chained
    # For `previous`, the body that was last most often: they rise with each recipient for which it was, sink with each
    # other, and at 0 another gets the place (Boyer and Moore's majority vote).
    int votes


cdef class TemplateMemo:
    # `_count` entries are in use; `_next` is where the one is expected that is asked for next.
    cdef Entry _entries[_MEMO_ENTRIES]
    cdef int _count
    cdef int _next
    cdef int _oldest
    # Whether everybody who asks the same as the last one will be given the same from now on.
    cdef bint is_settled

    cdef Template find(self, object body, object form, object previous)
    cdef int clear(self) except -1
    cdef Entry* _locate(self, object body, object form) except NULL
    cdef Entry* _add(self, object body, object form) except NULL
    cdef void _drop(self, int place) noexcept
