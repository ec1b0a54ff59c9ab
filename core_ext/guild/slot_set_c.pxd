# A set of slots as a C array of 64-bit words. The text is in slot_set_py.py.

from libc.stdint cimport uint64_t

cdef extern from *:
    """
    #if defined(_MSC_VER)
    #include <intrin.h>
    static __inline int guildway_ctz64(unsigned long long word) {
        unsigned long index;
        _BitScanForward64(&index, word);
        return (int)index;
    }
    #define guildway_popcount64(word) __popcnt64(word)
    #else
    #define guildway_ctz64(word) __builtin_ctzll(word)
    #define guildway_popcount64(word) __builtin_popcountll(word)
    #endif
    #if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    #define guildway_little64(word) __builtin_bswap64(word)
    #else
    #define guildway_little64(word) (word)
    #endif
    """
    int guildway_ctz64(uint64_t word) noexcept
    int guildway_popcount64(uint64_t word) noexcept
    # Between a word and its bytes in little-endian order, whichever is given.
    uint64_t guildway_little64(uint64_t word) noexcept


cdef Py_ssize_t check_slot(object slot) except -1


cdef class SlotSet:
    # Owned: `size` words, which are freed with the object; all beyond count as zero. The set must not change during a
    # walk over them.
    cdef uint64_t* words
    cdef Py_ssize_t size

    cdef int reserve(self, Py_ssize_t size) except -1
    # The next three methods take a slot that was checked.
    cdef int put(self, Py_ssize_t slot) except -1
    cdef void drop(self, Py_ssize_t slot) noexcept
    cdef bint has(self, Py_ssize_t slot) noexcept
    cdef Py_ssize_t count(self) noexcept
    # A word by its number; zero when there is no such word.
    cdef uint64_t word_at(self, object number) except? 0
    cdef bint has_all_of(self, SlotSet other) noexcept
    cdef SlotSet clone(self)
    cdef SlotSet intersect(self, SlotSet other)
