"""The view index on C arrays. The text and the reference are in `view_index_py.py`."""

from cpython.mem cimport PyMem_Free, PyMem_Realloc
from libc.stdint cimport uint32_t, uint64_t

from core_ext.guild import view_index_py
from core_ext.guild.slot_set_c cimport SlotSet, guildway_ctz64
from core_ext.guild.slot_words_c cimport SlotWords

cdef Py_ssize_t FLAGS = view_index_py.FLAGS
cdef Py_ssize_t MAX_KINDS = view_index_py.MAX_KINDS

cdef enum:
    _FIRST_PLACES = 16


cdef class ViewIndex:
    """The view sets of one guild. A slot that is not allocated raises ValueError. Sets that it returns are copies."""

    def __cinit__(self):
        self._kinds = NULL
        self._count = self._places = 0

    def __init__(self):
        self._channels = {}
        self._flags = [SlotSet() for _ in range(FLAGS)]
        self._everyone = SlotSet()
        self._words = SlotWords()

    def __dealloc__(self):
        PyMem_Free(self._kinds)

    def __len__(self):
        return self._count

    cdef int _grow(self, Py_ssize_t needed) except -1:
        cdef Py_ssize_t places = max(self._places * 2, needed, _FIRST_PLACES)
        cdef uint32_t* kinds = <uint32_t*>PyMem_Realloc(self._kinds, places * sizeof(uint32_t))
        if kinds == NULL:
            raise MemoryError
        self._kinds = kinds
        self._places = places
        return 0

    cdef Py_ssize_t _check(self, object slot) except -1:
        if slot not in self._everyone:
            raise ValueError("slot is not allocated")
        return slot

    cdef SlotSet _flag(self, object flag):
        if not 0 <= flag < FLAGS:
            raise ValueError("flag must be in 0..63")
        return <SlotSet>self._flags[flag]

    cdef SlotSet _make_known(self, object channel_id):
        viewers = self._channels.get(channel_id)
        if viewers is None:
            viewers = self._channels[channel_id] = SlotSet()
        return <SlotSet>viewers

    def allocate(self, owner=0):
        """Allocate a slot from an owner's words, with kind 0, no channel and no flag."""
        cdef Py_ssize_t slot = self._words.take(owner)
        if slot >= self._places:
            self._grow(slot + 1)
        self._kinds[slot] = 0
        self._everyone.put(slot)
        self._count += 1
        return slot

    def words_of(self, owner):
        """Return the numbers of an owner's words by their places, with -1 for a gap."""
        return self._words.of(owner)

    def find_far_slot(self, slot):
        """Return the number that a slot has at its owner: the place of its word * 64 + its bit."""
        return self._words.find_far_slot(self._check(slot))

    def release(self, slot):
        """Release a slot, which is cleared in every channel and flag."""
        cdef Py_ssize_t index = self._check(slot)
        cdef SlotSet each
        self._everyone.drop(index)
        for each in self._channels.values():
            each.drop(index)
        for each in self._flags:
            each.drop(index)
        self._words.give_back(index)
        self._count -= 1

    def set(self, channel_id, slot, bint visible):
        """Set whether a slot can view a channel, which becomes known."""
        cdef Py_ssize_t index = self._check(slot)
        cdef SlotSet viewers = self._make_known(channel_id)
        if visible:
            viewers.put(index)
        else:
            viewers.drop(index)

    def set_many(self, channel_ids, slots, bint visible):
        """Set whether each of the slots can view each of the channels. Nothing changes when a slot is wrong."""
        cdef list chosen = list(slots)
        cdef SlotSet viewers
        for slot in chosen:
            self._check(slot)
        for channel_id in channel_ids:
            viewers = self._make_known(channel_id)
            for slot in chosen:
                if visible:
                    viewers.put(slot)
                else:
                    viewers.drop(slot)

    def set_channel(self, channel_id, slots):
        """Replace the whole view set of a channel. Nothing changes when a slot is wrong."""
        cdef SlotSet viewers
        if isinstance(slots, SlotSet):
            viewers = (<SlotSet>slots).clone()
            if not self._everyone.has_all_of(viewers):
                raise ValueError("slot is not allocated")
        else:
            viewers = SlotSet()
            for slot in slots:
                viewers.put(self._check(slot))
        self._channels[channel_id] = viewers

    def drop_channel(self, channel_id):
        """Forget a channel. One that is not known is no error."""
        self._channels.pop(channel_id, None)

    def can_view(self, channel_id, slot):
        """Return whether a slot can view a channel; False for an unknown channel."""
        cdef Py_ssize_t index = self._check(slot)
        viewers = self._channels.get(channel_id)
        return viewers is not None and (<SlotSet>viewers).has(index)

    def viewers(self, channel_id):
        """Return the slots that can view a channel."""
        viewers = self._channels.get(channel_id)
        return SlotSet() if viewers is None else (<SlotSet>viewers).clone()

    def channels_of(self, slot):
        """Return the channels that a slot can view, ascending."""
        cdef Py_ssize_t index = self._check(slot)
        cdef list found = []
        cdef SlotSet viewers
        for channel_id, viewers in self._channels.items():
            if viewers.has(index):
                found.append(channel_id)
        found.sort()
        return found

    def set_flag(self, flag, slot, bint on):
        """Give a slot a flag (0..63), or take it away."""
        cdef Py_ssize_t index = self._check(slot)
        cdef SlotSet having = self._flag(flag)
        if on:
            having.put(index)
        else:
            having.drop(index)

    def select(self, channel_id=0, flag=-1):
        """Return the slots that can view a channel (0 = all slots) and have a flag (-1 = any)."""
        cdef SlotSet having = None
        if flag != -1:
            having = self._flag(flag)
        chosen = self._channels.get(channel_id) if channel_id else self._everyone
        if chosen is None:
            return SlotSet()
        return (<SlotSet>chosen).clone() if having is None else (<SlotSet>chosen).intersect(having)

    def set_kind(self, slot, kind):
        """Set the kind of a slot."""
        cdef Py_ssize_t index = self._check(slot)
        if not 0 <= kind < MAX_KINDS:
            raise ValueError("kind must be in 0..2**24-1")
        self._kinds[index] = kind

    def of_kinds(self, bytes chosen not None):
        """Return the slots for whose kind `chosen` has a byte that is not 0. Kinds beyond its end are not chosen."""
        cdef SlotSet found = SlotSet()
        cdef Py_ssize_t many = len(chosen)
        cdef const char* is_chosen = chosen
        cdef Py_ssize_t index
        cdef Py_ssize_t slot
        cdef uint64_t word
        found.reserve(self._everyone.size)
        for index in range(self._everyone.size):
            word = self._everyone.words[index]
            while word:
                slot = index * 64 + guildway_ctz64(word)
                word &= word - 1
                if self._kinds[slot] < many and is_chosen[self._kinds[slot]]:
                    found.words[index] |= <uint64_t>1 << (slot & 63)
        return found
