"""The view index: a set of slots per channel, so that an audience is an intersection and not a check in a loop.

A guild actor gives each attached session a slot. The index owns the slots, one set per channel, and one set per flag
(an intent, for example): the recipients of an event are `select(channel_id, flag)`, the slots in both. It holds no
policy: the actor computes permissions and tells the index the results.

Sessions whose permissions are the same, because their users have the same roles, are of one *kind*, a number that the
actor gives them. A change of a channel is then computed once a kind, and `of_kinds` returns the slots of kinds.

Slots belong to owners, the workers that have the sessions (`slot_words_py`).

Reference for `view_index_c.pyx`.
"""

from collections.abc import Iterable

from core_ext.guild.slot_set_py import WORD_SLOTS, SlotSet
from core_ext.guild.slot_words_py import SlotWords

FLAGS = 64
"""The number of flags: Discord's intents are bits of one int, and a few are left for the actor."""

MAX_KINDS = 1 << 24
"""The most kinds, which are no more than slots."""


class ViewIndex:
    """The view sets of one guild. A slot that is not allocated raises ValueError. Sets that it returns are copies."""

    __slots__ = ("_channels", "_everyone", "_flags", "_kinds", "_words")

    def __init__(self) -> None:
        self._channels: dict[int, SlotSet] = {}
        self._flags = [SlotSet() for _ in range(FLAGS)]
        self._everyone = SlotSet()
        self._words = SlotWords()
        self._kinds: list[int] = []

    def __len__(self) -> int:
        """Return the number of allocated slots."""
        return len(self._everyone)

    def _check(self, slot: int) -> None:
        if slot not in self._everyone:
            raise ValueError("slot is not allocated")

    def _check_flag(self, flag: int) -> None:
        if not 0 <= flag < FLAGS:
            raise ValueError("flag must be in 0..63")

    def allocate(self, owner: int = 0) -> int:
        """Allocate a slot from an owner's words, with kind 0, no channel and no flag.

        Raises:
            ValueError: the owner is not in 0..65535.
            OverflowError: there are too many slots.
        """
        slot = self._words.take(owner)
        if slot >= len(self._kinds):
            self._kinds += [0] * (slot // WORD_SLOTS * WORD_SLOTS + WORD_SLOTS - len(self._kinds))
        self._kinds[slot] = 0
        self._everyone.add(slot)
        return slot

    def words_of(self, owner: int) -> tuple[int, ...]:
        """Return the numbers of an owner's words by their places, with -1 for a gap."""
        return self._words.of(owner)

    def find_far_slot(self, slot: int) -> int:
        """Return the number that a slot has at its owner: the place of its word * 64 + its bit."""
        self._check(slot)
        return self._words.find_far_slot(slot)

    def release(self, slot: int) -> None:
        """Release a slot, which is cleared in every channel and flag."""
        self._check(slot)
        self._everyone.discard(slot)
        for viewers in self._channels.values():
            viewers.discard(slot)
        for having in self._flags:
            having.discard(slot)
        self._words.give_back(slot)

    # -- channels

    def set(self, channel_id: int, slot: int, visible: bool) -> None:  # noqa: FBT001 - called positionally
        """Set whether a slot can view a channel, which becomes known."""
        self._check(slot)
        self.set_many((channel_id,), (slot,), visible)

    def set_many(self, channel_ids: Iterable[int], slots: Iterable[int], visible: bool) -> None:  # noqa: FBT001 - as `set`
        """Set whether each of the slots can view each of the channels. Nothing changes when a slot is wrong."""
        chosen = list(slots)
        for slot in chosen:
            self._check(slot)
        for channel_id in channel_ids:
            viewers = self._channels.setdefault(channel_id, SlotSet())
            for slot in chosen:
                if visible:
                    viewers.add(slot)
                else:
                    viewers.discard(slot)

    def set_channel(self, channel_id: int, slots: Iterable[int]) -> None:
        """Replace the whole view set of a channel. Nothing changes when a slot is wrong."""
        viewers = SlotSet()
        for slot in slots:
            self._check(slot)
            viewers.add(slot)
        self._channels[channel_id] = viewers

    def drop_channel(self, channel_id: int) -> None:
        """Forget a channel. One that is not known is no error."""
        self._channels.pop(channel_id, None)

    def can_view(self, channel_id: int, slot: int) -> bool:
        """Return whether a slot can view a channel; False for an unknown channel."""
        self._check(slot)
        return slot in self._channels.get(channel_id, ())

    def viewers(self, channel_id: int) -> SlotSet:
        """Return the slots that can view a channel."""
        viewers = self._channels.get(channel_id)
        return SlotSet() if viewers is None else viewers.copy()

    def channels_of(self, slot: int) -> list[int]:
        """Return the channels that a slot can view, ascending."""
        self._check(slot)
        return sorted(channel_id for channel_id, viewers in self._channels.items() if slot in viewers)

    # -- flags

    def set_flag(self, flag: int, slot: int, on: bool) -> None:  # noqa: FBT001 - called positionally
        """Give a slot a flag (0..63), or take it away."""
        self._check(slot)
        self._check_flag(flag)
        having = self._flags[flag]
        if on:
            having.add(slot)
        else:
            having.discard(slot)

    def select(self, channel_id: int = 0, flag: int = -1) -> SlotSet:
        """Return the slots that can view a channel (0 = all slots) and have a flag (-1 = any)."""
        if flag != -1:
            self._check_flag(flag)
        chosen = self._channels.get(channel_id) if channel_id else self._everyone
        if chosen is None:
            return SlotSet()
        return chosen.copy() if flag == -1 else chosen & self._flags[flag]

    # -- kinds

    def set_kind(self, slot: int, kind: int) -> None:
        """Set the kind of a slot."""
        self._check(slot)
        if not 0 <= kind < MAX_KINDS:
            raise ValueError("kind must be in 0..2**24-1")
        self._kinds[slot] = kind

    def of_kinds(self, chosen: bytes) -> SlotSet:
        """Return the slots for whose kind `chosen` has a byte that is not 0. Kinds beyond its end are not chosen."""
        kinds, many = self._kinds, len(chosen)
        return SlotSet(slot for slot in self._everyone if kinds[slot] < many and chosen[kinds[slot]])
