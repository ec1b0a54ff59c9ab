# Templates for other kernels. The text is in template_c.pyx.

from cpython.ref cimport PyObject


cdef class Template:
    cdef int _opcode
    cdef int _mode
    cdef Py_ssize_t _size
    cdef bytes _head
    cdef bytes _tail
    cdef tuple _rest    # of bytes; None when there are no such parts

    # Returns the most bytes that `put` writes.
    cdef Py_ssize_t max_bytes(self) noexcept
    # Writes the frame into at least `max_bytes` bytes of the caller's and returns its size. `seq` must be in
    # 0..MAX_SEQ.
    cdef Py_ssize_t put(self, long long seq, char* out) noexcept
    # Returns whether `s` is four bytes in the frame that `put` writes; else it is digits.
    cdef bint has_binary_number(self) noexcept
    # Returns the number of bytes from the beginning of an `s` of so many digits to the end of the frame.
    cdef Py_ssize_t number_to_end(self, int digits) noexcept


cdef enum:
    # More events than leave in one turn to one connection, for more than one wire format.
    _MEMO_ENTRIES = 64


cdef struct Entry:
    # Owned references; `previous` and `chained` may be NULL.
    PyObject* body
    PyObject* wire_format
    PyObject* template
    PyObject* previous
    PyObject* chained
    # Votes for `previous`, the body that was last most often: each recipient for which it was last adds one, each other
    # takes one away, and at 0 another body gets the place (Boyer and Moore's majority vote).
    int votes


cdef class TemplateMemo:
    # `_count` entries are in use; `_next` is the place where the next question finds its entry, most of the time.
    cdef Entry _entries[_MEMO_ENTRIES]
    cdef int _count
    cdef int _next
    cdef int _oldest
    # Whether the same question gets the same answer from now on.
    cdef bint is_settled

    cdef Template find(self, object body, object wire_format, object previous)
    cdef int clear(self) except -1
    cdef Entry* _locate(self, object body, object wire_format) except NULL
    cdef Entry* _add(self, object body, object wire_format) except NULL
    cdef void _drop(self, int place) noexcept
