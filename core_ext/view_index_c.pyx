"""Who can view which channel, on C arrays. The text and the reference are in `view_index_py.py`.

Bitmaps grow by doubling and never shrink; a bit beyond a bitmap's end is off.
"""

from cpython.mem cimport PyMem_Free, PyMem_Realloc
from libc.stdint cimport uint64_t
from libc.string cimport memset

from core_ext import view_index_py

cdef extern from *:
    """
    #if defined(_MSC_VER)
    #include <intrin.h>
    static __inline int guildway_ctz64(unsigned long long word) {
        unsigned long index;
        _BitScanForward64(&index, word);
        return (int)index;
    }
    #else
    #define guildway_ctz64(word) __builtin_ctzll(word)
    #endif
    """
    int guildway_ctz64(uint64_t word) noexcept

cdef Py_ssize_t MAX_SLOTS = view_index_py.MAX_SLOTS
cdef Py_ssize_t FLAGS = view_index_py.FLAGS


cdef class Bitmap:
    """A growing row of bits."""

    def __cinit__(self):
        self.words = NULL
        self.size = 0

    def __dealloc__(self):
        PyMem_Free(self.words)

    cdef int reserve(self, Py_ssize_t size) except -1:
        cdef uint64_t* words
        cdef Py_ssize_t grown
        if size <= self.size:
            return 0
        grown = max(size, self.size * 2)
        words = <uint64_t*>PyMem_Realloc(self.words, grown * sizeof(uint64_t))
        if words == NULL:
            raise MemoryError
        memset(words + self.size, 0, (grown - self.size) * sizeof(uint64_t))
        self.words = words
        self.size = grown
        return 0

    cdef int put(self, Py_ssize_t slot, bint on) except -1:
        cdef Py_ssize_t index = slot >> 6
        if on:
            self.reserve(index + 1)
            self.words[index] |= <uint64_t>1 << (slot & 63)
        elif index < self.size:
            self.words[index] &= ~(<uint64_t>1 << (slot & 63))
        return 0

    cdef bint has(self, Py_ssize_t slot) noexcept:
        cdef Py_ssize_t index = slot >> 6
        return index < self.size and (self.words[index] >> (slot & 63)) & 1


cdef list _walk(Bitmap left, Bitmap right):
    """The slots that are on in both, ascending; `right` may be None for all."""
    cdef list found = []
    cdef Py_ssize_t index
    cdef Py_ssize_t size = left.size
    cdef uint64_t word
    if right is not None and right.size < size:
        size = right.size
    for index in range(size):
        word = left.words[index]
        if right is not None:
            word &= right.words[index]
        while word:
            found.append(index * 64 + guildway_ctz64(word))
            word &= word - 1
    return found


cdef class ViewIndex:
    """The view sets of one guild. A slot that is not allocated raises ValueError everywhere."""

    def __init__(self):
        self._channels = {}
        self._flags = [Bitmap() for _ in range(FLAGS)]
        self._everyone = Bitmap()
        self._free = []
        self._size = 0

    def __len__(self):
        return self._size - len(self._free)

    cdef Py_ssize_t _check(self, object slot) except -1:
        if not 0 <= slot < self._size or not self._everyone.has(slot):
            raise ValueError("slot is not allocated")
        return slot

    cdef Py_ssize_t _check_flag(self, object flag) except -1:
        if not 0 <= flag < FLAGS:
            raise ValueError("flag must be in 0..63")
        return flag

    cdef Bitmap _find(self, object channel_id):
        return self._channels.get(channel_id)

    def allocate(self):
        """A slot that nobody has, seeing no channel and with no flag. Released slots are used again, the last one first."""
        cdef Py_ssize_t slot
        if self._free:
            slot = self._free.pop()
        else:
            if self._size == MAX_SLOTS:
                raise OverflowError("too many slots")
            slot = self._size
            self._size += 1
        self._everyone.put(slot, True)
        return slot

    def release(self, slot):
        """Give a slot back: it is cleared in every channel and flag."""
        cdef Py_ssize_t index = self._check(slot)
        cdef Bitmap bitmap
        self._everyone.put(index, False)
        for bitmap in self._channels.values():
            bitmap.put(index, False)
        for bitmap in self._flags:
            bitmap.put(index, False)
        self._free.append(index)

    def set(self, channel_id, slot, bint visible):
        """Say whether a slot can view a channel. The channel is made known when it was not."""
        cdef Py_ssize_t index = self._check(slot)
        cdef Bitmap bitmap = self._find(channel_id)
        if bitmap is None:
            bitmap = self._channels[channel_id] = Bitmap()
        bitmap.put(index, visible)

    def set_channel(self, channel_id, slots):
        """Replace the whole view set of a channel. Nothing changes when a slot is wrong."""
        cdef Bitmap bitmap = Bitmap()
        for slot in slots:
            bitmap.put(self._check(slot), True)
        self._channels[channel_id] = bitmap

    def drop_channel(self, channel_id):
        """Forget a channel. One that is not known is no error."""
        self._channels.pop(channel_id, None)

    def can_view(self, channel_id, slot):
        """Whether a slot can view a channel; an unknown channel is viewed by nobody."""
        cdef Py_ssize_t index = self._check(slot)
        cdef Bitmap bitmap = self._find(channel_id)
        return bitmap is not None and bitmap.has(index)

    def viewers(self, channel_id):
        """The slots that can view a channel, ascending."""
        cdef Bitmap bitmap = self._find(channel_id)
        return [] if bitmap is None else _walk(bitmap, None)

    def channels_of(self, slot):
        """The channels that a slot can view, ascending."""
        cdef Py_ssize_t index = self._check(slot)
        cdef list found = []
        cdef Bitmap bitmap
        for channel_id, bitmap in self._channels.items():
            if bitmap.has(index):
                found.append(channel_id)
        found.sort()
        return found

    def set_flag(self, flag, slot, bint on):
        """Put a slot into the bitmap of a flag (0..63), or out of it."""
        cdef Py_ssize_t index = self._check(slot)
        cdef Bitmap bitmap = self._flags[self._check_flag(flag)]
        bitmap.put(index, on)

    def select(self, channel_id=0, flag=-1):
        """The slots that can view a channel (0 = all slots) and have a flag (-1 = whichever), ascending."""
        cdef Bitmap bitmap = self._find(channel_id) if channel_id else self._everyone
        cdef Bitmap having = None
        if flag != -1:
            having = self._flags[self._check_flag(flag)]
        return [] if bitmap is None else _walk(bitmap, having)
