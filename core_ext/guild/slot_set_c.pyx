"""Sets of slots on C arrays. The text and the reference are in `slot_set_py.py`.

The array grows by doubling and never shrinks; a bit beyond its end is off.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.long cimport PyLong_AsLongLongAndOverflow
from cpython.mem cimport PyMem_Free, PyMem_Realloc
from libc.stdint cimport uint64_t
from libc.string cimport memcpy, memset

from core_ext.guild import slot_set_py

MAX_SLOTS = slot_set_py.MAX_SLOTS
WORD_SLOTS = slot_set_py.WORD_SLOTS
WORD_BYTES = slot_set_py.WORD_BYTES
cdef long long _MAX_SLOTS = MAX_SLOTS


cdef long long _number(object slot) except? -1:
    """Return a slot as a number; -1 for an int that is none."""
    cdef int overflow = 0
    cdef long long number = PyLong_AsLongLongAndOverflow(slot, &overflow)
    return number if 0 <= number < _MAX_SLOTS and not overflow else -1


cdef Py_ssize_t check_slot(object slot) except -1:
    """Return the slot as a number. Raises ValueError when it is none."""
    cdef long long number = _number(slot)
    if number < 0:
        raise ValueError("slot must be in 0..2**24-1")
    return <Py_ssize_t>number


@cython.final
@cython.freelist(16)
cdef class SlotSet:
    """A set of slots. The text is in the plain twin."""

    def __cinit__(self):
        self.words = NULL
        self.size = 0

    def __init__(self, slots=()):
        for slot in slots:
            self.put(check_slot(slot))

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

    cdef int put(self, Py_ssize_t slot) except -1:
        cdef Py_ssize_t index = slot >> 6
        if index >= self.size:
            self.reserve(index + 1)
        self.words[index] |= <uint64_t>1 << (slot & 63)
        return 0

    cdef void drop(self, Py_ssize_t slot) noexcept:
        cdef Py_ssize_t index = slot >> 6
        if index < self.size:
            self.words[index] &= ~(<uint64_t>1 << (slot & 63))

    cdef bint has(self, Py_ssize_t slot) noexcept:
        cdef Py_ssize_t index = slot >> 6
        return index < self.size and (self.words[index] >> (slot & 63)) & 1

    cdef Py_ssize_t count(self) noexcept:
        cdef Py_ssize_t index
        cdef Py_ssize_t total = 0
        for index in range(self.size):
            total += guildway_popcount64(self.words[index])
        return total

    cdef uint64_t word_at(self, object number) except? 0:
        cdef long long index = _number(number)
        return self.words[index] if 0 <= index < self.size else 0

    cdef bint has_all_of(self, SlotSet other) noexcept:
        cdef Py_ssize_t index
        for index in range(other.size):
            if other.words[index] & ~(self.words[index] if index < self.size else 0):
                return False
        return True

    cdef SlotSet clone(self):
        return _make(self, self.size)

    cdef SlotSet intersect(self, SlotSet other):
        cdef SlotSet made = _make(self, min(self.size, other.size))
        cdef Py_ssize_t index
        for index in range(made.size):
            made.words[index] &= other.words[index]
        return made

    def add(self, slot):
        """Put a slot in. Raises ValueError unless it is in 0..2**24-1."""
        self.put(check_slot(slot))

    def discard(self, slot):
        """Take a slot out, if it is in."""
        cdef long long number = _number(slot)
        if number >= 0:
            self.drop(<Py_ssize_t>number)

    def copy(self):
        """Return an equal set that is independent."""
        return self.clone()

    def gather(self, tuple words not None):
        """Return the words with these numbers, 8 bytes each, little-endian, without zeros at the end."""
        cdef Py_ssize_t place, count = len(words)
        cdef uint64_t word
        cdef bytes gathered
        cdef char* end
        while count and not self.word_at(words[count - 1]):
            count -= 1
        if count == 0:
            return b""
        gathered = PyBytes_FromStringAndSize(NULL, count * sizeof(uint64_t))
        end = PyBytes_AS_STRING(gathered)
        for place in range(count):
            word = guildway_little64(self.word_at(words[place]))
            memcpy(end, &word, sizeof(uint64_t))
            end += sizeof(uint64_t)
        return gathered

    @staticmethod
    def from_words(bytes words not None):
        """Return the set with these words, 8 bytes each, little-endian."""
        cdef Py_ssize_t index, size = PyBytes_GET_SIZE(words)
        cdef SlotSet made
        if size % <Py_ssize_t>sizeof(uint64_t) or size > _MAX_SLOTS // 8:
            raise ValueError("words must have 8 bytes each and be at most 2**18")
        made = SlotSet.__new__(SlotSet)
        made.reserve(size // <Py_ssize_t>sizeof(uint64_t))
        if size:
            memcpy(made.words, PyBytes_AS_STRING(words), size)
        for index in range(made.size):
            made.words[index] = guildway_little64(made.words[index])
        return made

    def __contains__(self, slot):
        cdef long long number = _number(slot)
        return number >= 0 and self.has(<Py_ssize_t>number)

    def __len__(self):
        return self.count()

    def __bool__(self):
        cdef Py_ssize_t index
        for index in range(self.size):
            if self.words[index]:
                return True
        return False

    def __iter__(self):
        """Iterate over the slots of this moment, ascending; later changes do not show."""
        cdef list found = []
        cdef Py_ssize_t index
        cdef uint64_t word
        for index in range(self.size):
            word = self.words[index]
            while word:
                found.append(index * 64 + guildway_ctz64(word))
                word &= word - 1
        return iter(found)

    def __and__(self, SlotSet other not None):
        return self.intersect(other)

    def __or__(self, SlotSet other not None):
        cdef SlotSet made = _make(self, max(self.size, other.size))
        cdef Py_ssize_t index
        for index in range(other.size):
            made.words[index] |= other.words[index]
        return made

    def __sub__(self, SlotSet other not None):
        cdef SlotSet made = self.clone()
        cdef Py_ssize_t index
        for index in range(min(made.size, other.size)):
            made.words[index] &= ~other.words[index]
        return made

    def __eq__(self, other):
        if not isinstance(other, SlotSet):
            return NotImplemented
        return self.has_all_of(<SlotSet>other) and (<SlotSet>other).has_all_of(self)

    def __repr__(self):
        return f"SlotSet({list(self)})"


cdef SlotSet _make(SlotSet source, Py_ssize_t size):
    """Return a set of so many words, filled from the source."""
    cdef SlotSet made = SlotSet.__new__(SlotSet)
    cdef Py_ssize_t shared = min(size, source.size)
    made.reserve(size)
    if shared:
        memcpy(made.words, source.words, shared * sizeof(uint64_t))
    return made
