"""The words of a guild's slots, each 64 of them and all of one owner.

An owner is a worker with sessions of the guild: 0 is the process itself, others are elsewhere. An owner takes slots
from words of its own, the lowest that is free in the first word with room, and a new word when there is no room. So
what a set of slots says of one owner's sessions is whole words, which are cut out and sent to it (`SlotSet.gather`).

    words      0    1    2    3    4            the words in all sets of the guild
    owner      0    7    0    7    -
    place      0    0    1    1                 owner 7: words_of → (1, 3)

An owner counts its words by their *places*, and so knows a slot as place * 64 + the bit in its word, its *far slot*: it
needs room for its own sessions alone. A word keeps its place until all its slots are given back. Then any owner may
take it, and its place is a gap (`NO_WORD`) until the owner's next new word fills it. An owner that hears of taken and
returned slots in the same order as of events is never told a wrong session by that.

Compiled as `core_ext.guild.slot_words_c` with the types in `slot_words_c.pxd`.
"""

import heapq

from core_ext.guild.slot_set_py import MAX_SLOTS, WORD_SLOTS

MAX_OWNERS = 1 << 16
"""More workers than a cluster has. It keeps wrong numbers out."""

NO_WORD = -1
"""Stands where an owner has given a word back."""

_FULL = (1 << WORD_SLOTS) - 1


class OwnedWords:
    """The words of one owner, by their places; and a place before which no word has room."""

    __slots__ = ("room", "words")

    def __init__(self) -> None:
        self.words: list[int] = []
        self.room = 0


class SlotWords:
    """Takes slots and gives them back. The words that nobody has are taken again, the lowest first."""

    __slots__ = ("_free", "_owned", "_owners", "_places", "_used")

    def __init__(self) -> None:
        self._used: list[int] = []
        """The bits of the slots that are taken, for each word."""
        self._owners: list[int] = []
        self._places: list[int] = []
        self._free: list[int] = []
        """The words that nobody has, as a heap. Owner and place of such a word mean nothing."""
        self._owned: dict[int, OwnedWords] = {}

    def take(self, owner: int) -> int:
        """Take a slot for an owner.

        Raises:
            ValueError: the owner is not in 0..65535.
            OverflowError: there are as many words as there may be, and the owner's have no room.
        """
        owned = self._owned.get(owner)
        word = NO_WORD if owned is None else self._find_room(owned)
        if word == NO_WORD:
            word = self._take_word(owner)
        used = self._used[word]
        lowest = ~used & (used + 1)
        self._used[word] = used | lowest
        return word * WORD_SLOTS + lowest.bit_length() - 1

    def give_back(self, slot: int) -> None:
        """Give a slot back, which must be taken."""
        word = slot // WORD_SLOTS
        used = self._used[word] & ~(1 << slot % WORD_SLOTS)
        self._used[word] = used
        owned = self._owned[self._owners[word]]
        if used:
            owned.room = min(owned.room, self._places[word])
        else:
            self._give_word_back(word, owned)

    def of(self, owner: int) -> tuple[int, ...]:
        """Return an owner's words by their places, with `NO_WORD` in gaps. The last one is no gap."""
        owned = self._owned.get(owner)
        return () if owned is None else tuple(owned.words)

    def find_far_slot(self, slot: int) -> int:
        """Return the number that a slot, which must be taken, has at its owner."""
        return self._places[slot // WORD_SLOTS] * WORD_SLOTS + slot % WORD_SLOTS

    def _find_room(self, owned: OwnedWords) -> int:
        """Return the first word with room, or `NO_WORD`."""
        words = owned.words
        while owned.room < len(words):
            word = words[owned.room]
            if word != NO_WORD and self._used[word] != _FULL:
                return word
            owned.room += 1
        return NO_WORD

    def _take_word(self, owner: int) -> int:
        """Take a word for an owner whose words have no room."""
        if not 0 <= owner < MAX_OWNERS:
            raise ValueError("owner must be in 0..65535")
        if self._free:
            word = heapq.heappop(self._free)
        else:
            word = len(self._used)
            if word == MAX_SLOTS // WORD_SLOTS:
                raise OverflowError("too many slots")
            self._used.append(0)
            self._owners.append(0)
            self._places.append(0)
        owned = self._owned.get(owner)
        if owned is None:
            owned = self._owned[owner] = OwnedWords()
        if NO_WORD not in owned.words:
            owned.words.append(NO_WORD)
        place = owned.words.index(NO_WORD)
        owned.words[place] = word
        owned.room = place
        self._owners[word] = owner
        self._places[word] = place
        return word

    def _give_word_back(self, word: int, owned: OwnedWords) -> None:
        owned.words[self._places[word]] = NO_WORD
        while owned.words and owned.words[-1] == NO_WORD:
            owned.words.pop()
        if not owned.words:
            del self._owned[self._owners[word]]
        heapq.heappush(self._free, word)
