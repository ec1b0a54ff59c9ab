"""Who can view which channel: a bitmap of sessions per channel, so that an audience is a walk and not a check in a loop.

A guild actor gives each attached session a slot. The index owns the slots, one bitmap per channel, and one bitmap per
flag (an intent, for example): the recipients of an event are `select(channel_id, flag)`, the slots in both. It holds no
policy: the actor computes permissions and tells the index what came out.

Reference for `view_index_c.pyx`, which keeps the bitmaps as C arrays. Here a bitmap is one int.
"""

from collections.abc import Iterable

_SLOTS_OF_BYTE = tuple(tuple(bit for bit in range(8) if byte >> bit & 1) for byte in range(256))

MAX_SLOTS = 1 << 24
"""More sessions than one process holds; bounds what a wrong slot can allocate."""

FLAGS = 64
"""How many flags there are: Discord's intents are bits of one int, and a few are left for the actor."""


def _slots_of(bitmap: int) -> list[int]:
    found: list[int] = []
    for index, byte in enumerate(bitmap.to_bytes((bitmap.bit_length() + 7) // 8, "little")):
        if byte:
            first = index * 8
            found.extend(first + bit for bit in _SLOTS_OF_BYTE[byte])
    return found


class ViewIndex:
    """The view sets of one guild. A slot that is not allocated raises ValueError everywhere."""

    __slots__ = ("_channels", "_everyone", "_flags", "_free", "_size")

    def __init__(self) -> None:
        self._channels: dict[int, int] = {}
        self._flags = [0] * FLAGS
        self._everyone = 0
        self._free: list[int] = []
        self._size = 0

    def __len__(self) -> int:
        """How many slots are allocated."""
        return self._size - len(self._free)

    def _check(self, slot: int) -> None:
        if not 0 <= slot < self._size or not self._everyone >> slot & 1:
            raise ValueError("slot is not allocated")

    def allocate(self) -> int:
        """A slot that nobody has, seeing no channel and with no flag. Released slots are used again, the last one first."""
        if self._free:
            slot = self._free.pop()
        else:
            if self._size == MAX_SLOTS:
                raise OverflowError("too many slots")
            slot = self._size
            self._size += 1
        self._everyone |= 1 << slot
        return slot

    def release(self, slot: int) -> None:
        """Give a slot back: it is cleared in every channel and flag."""
        self._check(slot)
        keep = ~(1 << slot)
        self._everyone &= keep
        for channel_id, bitmap in self._channels.items():
            self._channels[channel_id] = bitmap & keep
        for flag, bitmap in enumerate(self._flags):
            self._flags[flag] = bitmap & keep
        self._free.append(slot)

    def set(self, channel_id: int, slot: int, visible: bool) -> None:  # noqa: FBT001 - called positionally
        """Say whether a slot can view a channel. The channel is made known when it was not."""
        self._check(slot)
        bitmap = self._channels.get(channel_id, 0)
        self._channels[channel_id] = bitmap | 1 << slot if visible else bitmap & ~(1 << slot)

    def set_channel(self, channel_id: int, slots: Iterable[int]) -> None:
        """Replace the whole view set of a channel. Nothing changes when a slot is wrong."""
        bitmap = 0
        for slot in slots:
            self._check(slot)
            bitmap |= 1 << slot
        self._channels[channel_id] = bitmap

    def drop_channel(self, channel_id: int) -> None:
        """Forget a channel. One that is not known is no error."""
        self._channels.pop(channel_id, None)

    def can_view(self, channel_id: int, slot: int) -> bool:
        """Whether a slot can view a channel; an unknown channel is viewed by nobody."""
        self._check(slot)
        return bool(self._channels.get(channel_id, 0) >> slot & 1)

    def viewers(self, channel_id: int) -> list[int]:
        """The slots that can view a channel, ascending."""
        return _slots_of(self._channels.get(channel_id, 0))

    def channels_of(self, slot: int) -> list[int]:
        """The channels that a slot can view, ascending."""
        self._check(slot)
        return sorted(channel_id for channel_id, bitmap in self._channels.items() if bitmap >> slot & 1)

    def set_flag(self, flag: int, slot: int, on: bool) -> None:  # noqa: FBT001 - called positionally
        """Put a slot into the bitmap of a flag (0..63), or out of it."""
        self._check(slot)
        if not 0 <= flag < FLAGS:
            raise ValueError("flag must be in 0..63")
        bitmap = self._flags[flag]
        self._flags[flag] = bitmap | 1 << slot if on else bitmap & ~(1 << slot)

    def select(self, channel_id: int = 0, flag: int = -1) -> list[int]:
        """The slots that can view a channel (0 = all slots) and have a flag (-1 = whichever), ascending."""
        bitmap = self._channels.get(channel_id, 0) if channel_id else self._everyone
        if flag != -1:
            if not 0 <= flag < FLAGS:
                raise ValueError("flag must be in 0..63")
            bitmap &= self._flags[flag]
        return _slots_of(bitmap)
