"""The memory in which a send is gathered. A part of the delivery kernel.

Most recipients of a turn get the same events as the one before them, and their frames differ in the digits of `s`
alone. So the frames stay in the buffer after they were sent, with their events, and the next recipient of the same ones
costs a few digits and no copy. The buffer holds references to events and templates until `forget`, at the end of each
flush.
"""

cimport cython
from cpython.mem cimport PyMem_Free, PyMem_Realloc
from cpython.ref cimport Py_CLEAR, Py_INCREF, PyObject

from core_ext.payloads.framing_c cimport count_digits, write_last_digits, write_seq
from core_ext.payloads.template_c cimport Template

cdef enum:
    # A larger send makes the buffer grow until it is sent.
    _BYTES = 131072


@cython.final
cdef class SendBuffer:
    def __cinit__(self):
        self.data = NULL
        self._size = 0
        self.count = self._written = 0

    def __dealloc__(self):
        self.forget()
        PyMem_Free(self.data)

    cdef int begin(self, object wire_format, object previous) except -1:
        self.forget()
        self._wire_format = wire_format
        self._previous = previous
        return 0

    cdef int reserve(self, Py_ssize_t size) except -1:
        cdef char* grown
        if size <= self._size:
            return 0
        size = max(size, _BYTES)
        grown = <char*>PyMem_Realloc(self.data, size)
        if grown == NULL:
            raise MemoryError
        self.data = grown
        self._size = size
        return 0

    cdef int add(self, object body, Template template, Py_ssize_t end, bint is_settled) except -1:
        cdef Framed* framed
        if self._wire_format is None:
            return 0
        if not is_settled or self._written == _MAX_FRAMES:
            return self.forget()
        framed = &self.frames[self._written]
        Py_INCREF(body)
        Py_INCREF(template)
        framed.body, framed.template, framed.end = <PyObject*>body, <PyObject*>template, end
        framed.is_binary = template.has_binary_number()
        self._written += 1
        return 0

    cdef void finish(self, long long first_seq, long long last_seq) noexcept:
        cdef int index
        cdef Framed* framed
        self._digits = count_digits(first_seq)
        if self._digits != count_digits(last_seq):
            return
        for index in range(self._written):
            framed = &self.frames[index]
            framed.number = framed.end - (<Template>framed.template).number_to_end(self._digits)
        self.count = self._written

    cdef bint fits(self, object wire_format, object previous, long long first_seq) noexcept:
        if wire_format is not self._wire_format or previous is not self._previous:
            return False
        return count_digits(first_seq) == self._digits and count_digits(first_seq + self.count - 1) == self._digits

    cdef Py_ssize_t renumber(self, long long first_seq) noexcept:
        cdef int index
        cdef Framed* framed
        for index in range(self.count):
            framed = &self.frames[index]
            if framed.is_binary:
                write_seq(self.data + framed.number, first_seq + index)
            else:
                write_last_digits(self.data + framed.number, <unsigned int>(first_seq + index), self._digits)
        return self.frames[self.count - 1].end

    cdef int trim(self) except -1:
        if self._size > _BYTES:
            self.forget()
            PyMem_Free(self.data)
            self.data = NULL
            self._size = 0
        return 0

    cdef int forget(self) except -1:
        cdef Framed* framed
        self.count = 0
        self._wire_format = self._previous = None
        while self._written:
            self._written -= 1
            framed = &self.frames[self._written]
            Py_CLEAR(framed.body)
            Py_CLEAR(framed.template)
        return 0
