# The view sets of a guild. The text is in view_index_py.py.

from libc.stdint cimport uint32_t

from core_ext.guild.slot_set_c cimport SlotSet


cdef class ViewIndex:
    cdef dict _channels      # channel id -> SlotSet
    cdef list _flags         # FLAGS SlotSets
    cdef SlotSet _everyone
    cdef list _free          # released slots, used again from the end
    cdef uint32_t* _kinds    # one for each slot ever made; there is room for `_places`
    cdef Py_ssize_t _size    # slots ever made
    cdef Py_ssize_t _places

    cdef int _grow(self) except -1
    cdef Py_ssize_t _check(self, object slot) except -1
    cdef SlotSet _flag(self, object flag)
    cdef SlotSet _make_known(self, object channel_id)
