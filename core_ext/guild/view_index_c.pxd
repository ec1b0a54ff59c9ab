# The view sets of a guild. The text is in view_index_py.py.

from libc.stdint cimport uint32_t

from core_ext.guild.slot_set_c cimport SlotSet
from core_ext.guild.slot_words_c cimport SlotWords


cdef class ViewIndex:
    cdef dict _channels      # channel id -> SlotSet
    cdef list _flags         # FLAGS SlotSets
    cdef SlotSet _everyone
    cdef SlotWords _words
    cdef uint32_t* _kinds    # one for each slot below `_places`
    cdef Py_ssize_t _count   # slots allocated
    cdef Py_ssize_t _places

    cdef int _grow(self, Py_ssize_t needed) except -1
    cdef Py_ssize_t _check(self, object slot) except -1
    cdef SlotSet _flag(self, object flag)
    cdef SlotSet _make_known(self, object channel_id)
