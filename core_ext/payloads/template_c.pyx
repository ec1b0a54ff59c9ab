"""Templates: an event in one wire format as a whole frame, everything of it shared but the recipient's `s`.

    mode            payload                                           `s` is
    FIXED           head, s, tail, rest                               four bytes, big-endian
    JSON            {"s":<s>, tail, rest                              digits; `head` is not used, here and below
    JSON_DEFLATE    the same with the prefix in a stored block        (RFC 1951 section 3.2.4)
    JSON_ZSTD       the same with the prefix in a raw block           (RFC 8878 section 3.1.1.2)
    PADDED          head, s, tail, rest                               ten characters: digits, then spaces

The parts in `rest` come last, in this order. Each may be shared with other templates: a dispatch that is a session's
own has parts that are the same for many sessions. A template holds references to its parts and copies none of them.

In a compressed stream an event can be shorter when it may look back at the one before it. This is right only for
recipients whose stream has exactly that one last (the *previous* body): the memo counts them, and has a template made
for them when they are many. The callers' objects have these methods:

    body         .find_template(wire_format) -> Template, kept for the next time or made anew
                 .chain(wire_format, previous) -> a Template that is right behind the body `previous`, or None
    wire format  none: it is an argument for the body

Buffers: a template owns references to its parts, for as long as it lives; `put` writes into its caller's memory and
keeps nothing. The suite runs on a model in Python too, `tests/models/template.py`.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from cpython.ref cimport Py_CLEAR, Py_INCREF, Py_XDECREF, PyObject
from cpython.tuple cimport PyTuple_GET_ITEM, PyTuple_GET_SIZE
from libc.string cimport memcpy, memset

from core_ext.payloads.framing_c cimport MAX_PREFIX, MAX_SEQ, write_digits, write_header, write_prefix, write_seq

cdef enum:
    _FIXED = 0
    _JSON = 1
    _JSON_DEFLATE = 2
    _JSON_ZSTD = 3
    _PADDED = 4
    # The bytes of a frame besides its parts: header, block header, prefix.
    _MAX_EXTRA = 48
    _PADDED_BYTES = 10
    # From how many recipients in one flush on a chained template is made. It costs 20 microseconds: under one for each
    # of them, for a frame of a third to half the bytes (`benchmarks`, rows of streams).
    _MIN_SHARES = 32

FIXED = _FIXED
JSON = _JSON
JSON_DEFLATE = _JSON_DEFLATE
JSON_ZSTD = _JSON_ZSTD
PADDED = _PADDED
MIN_SHARES = _MIN_SHARES
MEMO_ENTRIES = _MEMO_ENTRIES


cdef inline Py_ssize_t _append(char* out, Py_ssize_t used, bytes part) noexcept:
    cdef Py_ssize_t size = PyBytes_GET_SIZE(part)
    memcpy(out + used, PyBytes_AS_STRING(part), size)
    return used + size


@cython.final
@cython.freelist(64)
@cython.no_gc  # bytes and a tuple of bytes: no way back here
cdef class Template:
    """One event in one wire format. Immutable."""

    def __init__(self, opcode, mode, bytes head not None, bytes tail not None, tuple rest not None=()):
        if not 0 <= opcode <= 15 or not _FIXED <= mode <= _PADDED:
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
        elif mode == _PADDED:
            self._size += len(head) + _PADDED_BYTES

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
        elif self._mode == _PADDED:
            used = write_header(<unsigned char*>out, self._opcode, self._size)
            used = _append(out, used, self._head)
            memset(out + used, 32, _PADDED_BYTES)
            write_digits(out + used, seq)
            used += _PADDED_BYTES
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

    cdef bint has_binary_number(self) noexcept:
        return self._mode == _FIXED

    cdef Py_ssize_t number_to_end(self, int digits) noexcept:
        if self._mode == _FIXED or self._mode == _PADDED:
            return self._size - PyBytes_GET_SIZE(self._head)
        return self._size + 1 + digits

    def encode(self, seq):
        """Return the whole frame for one recipient. Raises OverflowError for a `seq` outside 0..2**31-1."""
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
        """Tail and rest, with which every recipient's payload ends."""
        return b"".join((self._tail, *(self._rest or ())))


@cython.final
cdef class TemplateMemo:
    """The templates of one walk over recipients, so that each is made once and its recipients are counted."""

    def __cinit__(self):
        self._count = self._next = self._oldest = 0

    def __dealloc__(self):
        self.clear()

    cdef Template find(self, object body, object wire_format, object previous):
        cdef Entry* entry = self._locate(body, wire_format)
        cdef Template chained
        self.is_settled = True
        if previous is None:
            return <Template>entry.template
        if entry.previous == <PyObject*>previous:
            entry.votes += 1
            if entry.chained == NULL and entry.votes >= _MIN_SHARES:
                chained = body.chain(wire_format, previous) or <Template>entry.template
                Py_INCREF(chained)
                entry.chained = <PyObject*>chained
            self.is_settled = entry.chained != NULL
            return <Template>(entry.template if entry.chained == NULL else entry.chained)
        if entry.chained == NULL:
            self.is_settled = False
            entry.votes -= 1
            if entry.votes <= 0:
                Py_XDECREF(entry.previous)
                Py_INCREF(previous)
                entry.previous = <PyObject*>previous
                entry.votes = 1
        return <Template>entry.template

    cdef Entry* _locate(self, object body, object wire_format) except NULL:
        """Return the entry of a body in a wire format. Connections that have the same to send ask in the same order."""
        cdef Entry* entry
        cdef int place
        if self._next < self._count:
            entry = &self._entries[self._next]
            if entry.body == <PyObject*>body and entry.wire_format == <PyObject*>wire_format:
                self._next += 1
                return entry
        for place in range(self._count):
            entry = &self._entries[place]
            if entry.body == <PyObject*>body and entry.wire_format == <PyObject*>wire_format:
                self._next = place + 1
                return entry
        return self._add(body, wire_format)

    cdef Entry* _add(self, object body, object wire_format) except NULL:
        cdef Template template = body.find_template(wire_format)
        cdef int place = self._count
        cdef Entry* entry
        if place < _MEMO_ENTRIES:
            self._count += 1
        else:
            place = self._oldest
            self._oldest = (place + 1) % _MEMO_ENTRIES
            self._drop(place)
        entry = &self._entries[place]
        Py_INCREF(body)
        Py_INCREF(wire_format)
        Py_INCREF(template)
        entry.body, entry.wire_format, entry.template = <PyObject*>body, <PyObject*>wire_format, <PyObject*>template
        entry.previous = entry.chained = NULL
        entry.votes = 0
        self._next = place + 1
        return entry

    cdef void _drop(self, int place) noexcept:
        cdef Entry* entry = &self._entries[place]
        Py_CLEAR(entry.body)
        Py_CLEAR(entry.wire_format)
        Py_CLEAR(entry.template)
        Py_CLEAR(entry.previous)
        Py_CLEAR(entry.chained)

    cdef int clear(self) except -1:
        while self._count:
            self._count -= 1
            self._drop(self._count)
        self._next = self._oldest = 0
        return 0
