"""A set of slots: the sessions of a guild that view a channel, have an intent, or get an event.

Slots are small numbers, allocated from 0 on, so a set is a row of bits and its algebra works on 64 slots at once: an
audience of 10,000 is 157 words. It behaves like a Python set of ints that is always in order, and holds nothing but
numbers.

Words are also what leaves the process: those that belong to one worker are cut out with `gather`, and there made into a
set of its own slots with `from_words`.

Reference for `slot_set_c.pyx`, which keeps the bits in a C array. Here they are one int.
"""

from collections.abc import Iterable, Iterator

from typing_extensions import override

MAX_SLOTS = 1 << 24
"""More sessions than one process holds. It bounds the memory that a wrong slot can allocate."""

WORD_SLOTS = 64
"""The slots of a word."""

WORD_BYTES = WORD_SLOTS // 8
"""The size of a word where it leaves the process."""

_FULL = (1 << WORD_SLOTS) - 1
_SLOTS_OF_BYTE = tuple(tuple(bit for bit in range(8) if byte >> bit & 1) for byte in range(256))


def check_slot(slot: int) -> int:
    """Return the slot. Raises ValueError unless it is in 0..2**24-1."""
    if not 0 <= slot < MAX_SLOTS:
        raise ValueError("slot must be in 0..2**24-1")
    return slot


class SlotSet:
    """Mutable, so it cannot be hashed; the operators make new sets."""

    __slots__ = ("bits",)

    def __init__(self, slots: Iterable[int] = ()) -> None:
        self.bits = 0
        for slot in slots:
            self.add(slot)

    def add(self, slot: int) -> None:
        """Put a slot in. Raises ValueError unless it is in 0..2**24-1."""
        self.bits |= 1 << check_slot(slot)

    def discard(self, slot: int) -> None:
        """Take a slot out, if it is in."""
        if 0 <= slot < MAX_SLOTS:
            self.bits &= ~(1 << slot)

    def copy(self) -> "SlotSet":
        """Return an equal set that is independent."""
        return _of(self.bits)

    def gather(self, words: tuple[int, ...]) -> bytes:
        """Return the words with these numbers, 8 bytes each, little-endian, without zeros at the end.

        So there are no bytes when no slot is in. A number that is none, such as -1, stands for a word of zeros.
        """
        gathered = 0
        for place, word in enumerate(words):
            if 0 <= word < MAX_SLOTS // WORD_SLOTS:
                gathered |= (self.bits >> word * WORD_SLOTS & _FULL) << place * WORD_SLOTS
        return gathered.to_bytes((gathered.bit_length() + WORD_SLOTS - 1) // WORD_SLOTS * WORD_BYTES, "little")

    @staticmethod
    def from_words(words: bytes) -> "SlotSet":
        """Return the set with these words, 8 bytes each, little-endian.

        Raises:
            ValueError: a word is cut short, or there are more than those of 2**24 slots.
        """
        if len(words) % WORD_BYTES or len(words) > MAX_SLOTS // 8:
            raise ValueError("words must have 8 bytes each and be at most 2**18")
        return _of(int.from_bytes(words, "little"))

    def __contains__(self, slot: int) -> bool:
        return 0 <= slot < MAX_SLOTS and bool(self.bits >> slot & 1)

    def __len__(self) -> int:
        return self.bits.bit_count()

    def __bool__(self) -> bool:
        return self.bits != 0

    def __iter__(self) -> Iterator[int]:
        """Iterate over the slots of this moment, ascending; later changes do not show."""
        found: list[int] = []
        for index, byte in enumerate(self.bits.to_bytes((self.bits.bit_length() + 7) // 8, "little")):
            if byte:
                first = index * 8
                found.extend(first + bit for bit in _SLOTS_OF_BYTE[byte])
        return iter(found)

    def __and__(self, other: "SlotSet") -> "SlotSet":
        return _of(self.bits & other.bits)

    def __or__(self, other: "SlotSet") -> "SlotSet":
        return _of(self.bits | other.bits)

    def __sub__(self, other: "SlotSet") -> "SlotSet":
        return _of(self.bits & ~other.bits)

    @override
    def __eq__(self, other: object) -> bool:
        return self.bits == other.bits if isinstance(other, SlotSet) else NotImplemented

    __hash__ = None  # type: ignore[assignment] # how Python says that there is none

    @override
    def __repr__(self) -> str:
        return f"SlotSet({list(self)})"


def _of(bits: int) -> SlotSet:
    made = SlotSet()
    made.bits = bits
    return made
