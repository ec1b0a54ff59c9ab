# Types for etf_py.py, compiled as core_ext.payloads.etf_c.

import cython

cdef int _VERSION
cdef int _NEW_FLOAT
cdef int _SMALL_INTEGER
cdef int _INTEGER
cdef int _FLOAT
cdef int _ATOM
cdef int _SMALL_TUPLE
cdef int _LARGE_TUPLE
cdef int _NIL
cdef int _STRING
cdef int _LIST
cdef int _BINARY
cdef int _SMALL_BIG
cdef int _LARGE_BIG
cdef int _SMALL_ATOM
cdef int _MAP
cdef int _ATOM_UTF8
cdef int _SMALL_ATOM_UTF8
cdef int _MAX_BIG_BYTES
cdef int _MAX_ATOM_BYTES
cdef int _FLOAT_BYTES
cdef object _double

cdef int _encode(bytearray out, object obj, int depth) except -1
cdef int _put_size(bytearray out, Py_ssize_t size) except -1
cdef int _encode_binary(bytearray out, bytes data) except -1
cdef int _encode_str(bytearray out, str text) except -1
cdef int _encode_int(bytearray out, object value) except -1
cdef int _encode_float(bytearray out, object value) except -1
cdef int _encode_list(bytearray out, object items, int depth) except -1
cdef int _encode_dict(bytearray out, dict items, int depth) except -1


cdef class _Decoder:
    cdef bytes _data
    cdef Py_ssize_t _size
    cdef Py_ssize_t _position
    cdef Py_ssize_t _terms

    cdef object decode(self, int max_depth)
    @cython.locals(start=Py_ssize_t)
    cdef Py_ssize_t _skip(self, long long size) except -1
    @cython.locals(start=Py_ssize_t, index=Py_ssize_t, value=cython.longlong)
    cdef long long _unsigned(self, Py_ssize_t size) except -1
    @cython.locals(start=Py_ssize_t)
    cdef bytes _slice(self, long long size)
    cdef int _spend(self, Py_ssize_t terms) except -1
    @cython.locals(tag=cython.int)
    cdef object _term(self, int depth)
    @cython.locals(count=cython.longlong)
    cdef object _container(self, int tag, int depth)
    cdef str _text(self, long long size)
    @cython.locals(size=cython.longlong, sign=cython.int, value=cython.longlong)
    cdef object _int(self, int tag)
    cdef object _float(self, int tag)
    @cython.locals(size=cython.longlong, name=str)
    cdef object _atom(self, int tag)
    @cython.locals(_=Py_ssize_t)
    cdef list _items(self, long long count, int depth)
    cdef list _list(self, long long count, int depth)
    @cython.locals(_=Py_ssize_t)
    cdef dict _map(self, long long count, int depth)
