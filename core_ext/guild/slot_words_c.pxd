# Types for slot_words_py.py, compiled as core_ext.guild.slot_words_c.

import cython


cdef class OwnedWords:
    cdef list words
    cdef Py_ssize_t room


cdef class SlotWords:
    cdef list _used
    cdef list _owners
    cdef list _places
    cdef list _free
    cdef dict _owned

    # The bits of a word stay Python's ints: a full word and one bit more are no machine word.
    @cython.locals(owned=OwnedWords, word=Py_ssize_t)
    cpdef Py_ssize_t take(self, object owner) except -1

    @cython.locals(owned=OwnedWords, word=Py_ssize_t)
    cpdef int give_back(self, Py_ssize_t slot) except -1

    @cython.locals(owned=OwnedWords)
    cpdef tuple of(self, object owner)

    cpdef Py_ssize_t find_far_slot(self, Py_ssize_t slot) except -1

    @cython.locals(words=list, word=Py_ssize_t)
    cdef Py_ssize_t _find_room(self, OwnedWords owned) except -2

    @cython.locals(owned=OwnedWords, word=Py_ssize_t, place=Py_ssize_t)
    cdef Py_ssize_t _take_word(self, object owner) except -1

    cdef int _give_word_back(self, Py_ssize_t word, OwnedWords owned) except -1
