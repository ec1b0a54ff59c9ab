# The memory in which delivery_c.pyx gathers a send. The text is in send_buffer_c.pyx.

from cpython.ref cimport PyObject

from core_ext.payloads.template_c cimport Template


cdef enum:
    _MAX_FRAMES = 64


cdef struct Framed:
    # Owned references, and the places of the frame's end and of its number, which is four bytes or digits.
    PyObject* body
    PyObject* template
    Py_ssize_t end
    Py_ssize_t number
    bint is_binary


cdef class SendBuffer:
    cdef char* data
    cdef Py_ssize_t _size
    # The number of frames in it, from its beginning; 0 when that is not known.
    cdef Framed frames[_MAX_FRAMES]
    cdef int count
    cdef int _written
    cdef int _digits
    cdef object _wire_format
    cdef object _previous

    # Begin anew, in this wire format and behind this event. The old content is overwritten.
    cdef int begin(self, object wire_format, object previous) except -1
    # Make room for so many bytes.
    cdef int reserve(self, Py_ssize_t size) except -1
    # Note the frame that was written. Unless `is_settled`, the next recipient's may be another one.
    cdef int add(self, object body, Template template, Py_ssize_t end, bint is_settled) except -1
    # Note that all frames are written, with these numbers.
    cdef void finish(self, long long first_seq, long long last_seq) noexcept
    # Return whether this wire format has these frames behind `previous`, and numbers from `first_seq` on have the same
    # width as theirs.
    cdef bint fits(self, object wire_format, object previous, long long first_seq) noexcept
    # Number the frames anew, from `first_seq` on, which must fit. Return their size.
    cdef Py_ssize_t renumber(self, long long first_seq) noexcept
    # Give back what one large send needed.
    cdef int trim(self) except -1
    # Let go of the frames.
    cdef int forget(self) except -1
