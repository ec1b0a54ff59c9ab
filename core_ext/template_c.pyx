"""Templates written straight into a sender's buffer. The text and the reference are in `template_py.py`.

Buffers: a template owns references to its parts, for as long as it lives; `put` writes into its caller's memory and keeps
nothing.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from cpython.ref cimport PyObject
from cpython.tuple cimport PyTuple_GET_ITEM, PyTuple_GET_SIZE
from libc.string cimport memcpy

from core_ext import template_py
from core_ext.framing_c cimport MAX_PREFIX, MAX_SEQ, write_header, write_prefix, write_seq

FIXED = template_py.FIXED
JSON = template_py.JSON
JSON_DEFLATE = template_py.JSON_DEFLATE
JSON_ZSTD = template_py.JSON_ZSTD

cdef enum:
    _FIXED = 0
    _JSON = 1
    _JSON_DEFLATE = 2
    _JSON_ZSTD = 3
    # Header, block header, prefix: what a frame has besides its parts.
    _MAX_EXTRA = 48
    # Templates that a memo remembers. A power of two.
    _PLACES = 64

assert (FIXED, JSON, JSON_DEFLATE, JSON_ZSTD) == (_FIXED, _JSON, _JSON_DEFLATE, _JSON_ZSTD)


cdef inline Py_ssize_t _append(char* out, Py_ssize_t used, bytes part) noexcept:
    cdef Py_ssize_t size = PyBytes_GET_SIZE(part)
    memcpy(out + used, PyBytes_AS_STRING(part), size)
    return used + size


@cython.final
@cython.freelist(64)
@cython.no_gc  # bytes and a tuple of bytes: no way back here
cdef class Template:
    """One event in one form. Immutable."""

    def __init__(self, opcode, mode, bytes head not None, bytes tail not None, tuple rest not None=()):
        if not 0 <= opcode <= 15 or not _FIXED <= mode <= _JSON_ZSTD:
            raise ValueError("no such opcode or mode")
        self._opcode = opcode
        self._mode = mode
        self._head = head
        self._tail = tail
        self._rest = rest if rest else None
        self._size = len(tail)
        for part in rest:
            if type(part) is not bytes:
                raise TypeError("parts are bytes")
            self._size += len(part)
        if mode == _FIXED:
            self._size += len(head) + 4

    cdef Py_ssize_t max_bytes(self) noexcept:
        return self._size + _MAX_EXTRA

    cdef Py_ssize_t put(self, long long seq, char* out) noexcept:
        cdef char prefix[MAX_PREFIX + 8]
        cdef unsigned char block[8]
        cdef Py_ssize_t prefix_size
        cdef Py_ssize_t block_size = 0
        cdef Py_ssize_t used
        cdef Py_ssize_t index
        if self._mode == _FIXED:
            used = write_header(<unsigned char*>out, self._opcode, self._size)
            used = _append(out, used, self._head)
            write_seq(out + used, seq)
            used += 4
        else:
            prefix_size = write_prefix(prefix, seq)
            if self._mode == _JSON_DEFLATE:
                block[0] = 0
                block[1] = <unsigned char>prefix_size
                block[2] = 0
                block[3] = <unsigned char>(prefix_size ^ 0xFF)
                block[4] = 0xFF
                block_size = 5
            elif self._mode == _JSON_ZSTD:
                block[0] = <unsigned char>(prefix_size << 3)
                block[1] = 0
                block[2] = 0
                block_size = 3
            used = write_header(<unsigned char*>out, self._opcode, block_size + prefix_size + self._size)
            memcpy(out + used, block, block_size)
            used += block_size
            memcpy(out + used, prefix, prefix_size)
            used += prefix_size
        used = _append(out, used, self._tail)
        if self._rest is not None:
            for index in range(PyTuple_GET_SIZE(self._rest)):
                used = _append(out, used, <bytes>PyTuple_GET_ITEM(self._rest, index))
        return used

    def encode(self, seq):
        """The whole frame for one recipient. OverflowError for a `seq` outside 0..2**31-1."""
        cdef char* out
        cdef Py_ssize_t used
        if not 0 <= seq <= MAX_SEQ:
            raise OverflowError("seq must be in 0..2**31-1")
        out = <char*>PyMem_Malloc(self.max_bytes())
        if out == NULL:
            raise MemoryError
        try:
            used = self.put(seq, out)
            return PyBytes_FromStringAndSize(out, used)
        finally:
            PyMem_Free(out)

    @property
    def shared(self):
        """Tail and rest: what every recipient's payload ends in."""
        return b"".join((self._tail, *(self._rest or ())))


@cython.final
cdef class TemplateMemo:
    """Where templates are found: the newest here, all with their bodies or made by them."""

    def __cinit__(self):
        self._is_empty = False
        self.clear()

    cdef Template find(self, object body, object form, Py_ssize_t index):
        cdef Py_ssize_t place = ((<Py_ssize_t><PyObject*>body >> 4) + index) & (_PLACES - 1)
        cdef Template template
        if self._bodies[place] is body and self._forms[place] is form:
            return <Template>self._templates[place]
        template = body.find_template(form)
        self._bodies[place] = body
        self._forms[place] = form
        self._templates[place] = template
        self._is_empty = False
        return template

    cdef int clear(self) except -1:
        if not self._is_empty:
            self._bodies = [None] * _PLACES
            self._forms = [None] * _PLACES
            self._templates = [None] * _PLACES
            self._is_empty = True
        return 0
