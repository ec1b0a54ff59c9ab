# The memory that delivery_c.pyx gathers a send in. What for is told in send_buffer_c.pyx.

from cpython.ref cimport PyObject

from core_ext.payloads.template_c cimport Template


cdef enum:
    _MAX_FRAMES = 64


cdef struct Framed:
    # Owned references, and where in the buffer the frame ends and its number stands, which is four bytes or digits.
    PyObject* body
    PyObject* template
    Py_ssize_t end
    Py_ssize_t number
    bint is_binary


cdef class SendBuffer:
    cdef char* data
    cdef Py_ssize_t _size
    # The frames that lie in it, from its beginning; 0 when that is not known.
    cdef Framed frames[_MAX_FRAMES]
    cdef int count
    cdef int _written
    cdef int _digits
    cdef object _form
    cdef object _previous

    # Begin anew, in this form and behind this event: what is in the buffer is written over.
    cdef int begin(self, object form, object previous) except -1
    # Have so many bytes.
    cdef int reserve(self, Py_ssize_t size) except -1
    # The next frame was written. Unless `is_settled`, the next recipient's may be another one.
    cdef int add(self, object body, Template template, Py_ssize_t end, bint is_settled) except -1
    # All frames are written, with these numbers.
    cdef void finish(self, long long first_seq, long long last_seq) noexcept
    # Whether this form has these frames behind `previous`, and numbers from `first_seq` on are as wide as theirs.
    cdef bint fits(self, object form, object previous, long long first_seq) noexcept
    # Number the frames anew, from `first_seq` on, which must fit. Their size.
    cdef Py_ssize_t renumber(self, long long first_seq) noexcept
    # Give back what one large send needed.
    cdef int trim(self) except -1
    # Let go of the frames.
    cdef int forget(self) except -1
