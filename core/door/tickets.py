"""Tickets: what a process brings to a door of a cluster, which makes an id of it.

A ticket is a millisecond and the other 22 bits of a snowflake. The door moves it to a later millisecond, by less than
250, so that ids rise along the channel whatever the clocks of processes say. Therefore the lower bits of a ticket, the
node number and a sequence, are not given out again before 250 milliseconds have passed: then ids are unique by them,
whatever the doors do and forget.
"""

from array import array
from collections.abc import Callable
from typing import Final

import msgspec

from core.domain.errors import Unavailable
from core.domain.ids import EPOCH_MS

WINDOW_MS: Final = 250
"""How far the door may move a ticket (`core/redis/scripts/door/door_open.lua`)."""
_SEQUENCE_BITS: Final = 12
_SEQUENCES: Final = 1 << _SEQUENCE_BITS
_LOW_MASK: Final = (1 << 22) - 1


class Ticket(msgspec.Struct, frozen=True):
    """`ms` counts from the epoch of snowflakes; `low` are the 22 bits of node and sequence."""

    ms: int
    low: int


class Tickets:
    """The tickets of one process, which never go back in time."""

    __slots__ = ("_floor_ms", "_last_ms", "_next_id", "_sequence", "_used_ms")

    def __init__(self, *, next_id: Callable[[], int], floor_ms: Callable[[], int]) -> None:
        """`next_id` gives rising snowflakes of a node number that nothing else here uses.

        `floor_ms` gives the last Unix millisecond in which ids of the number may be made.
        """
        self._next_id = next_id
        self._floor_ms = floor_ms
        self._sequence = 0
        self._last_ms = 0
        self._used_ms = array("q", [-WINDOW_MS]) * _SEQUENCES
        """The millisecond in which each sequence was given out last."""

    def take(self) -> Ticket:
        """Return the next ticket. Raises Unavailable when no ids can be made now."""
        snowflake = self._next_id()
        sequence = self._sequence
        ms = max(snowflake >> 22, self._last_ms, self._used_ms[sequence] + WINDOW_MS)
        if ms + WINDOW_MS > self._floor_ms() - EPOCH_MS:
            raise Unavailable("no ids can be made until the lease of the node number is renewed in the database")
        self._used_ms[sequence] = self._last_ms = ms
        self._sequence = (sequence + 1) % _SEQUENCES
        return Ticket(ms, (snowflake & _LOW_MASK) >> _SEQUENCE_BITS << _SEQUENCE_BITS | sequence)

    def advance(self, ms: int) -> None:
        """Give out later tickets from now on: a door has ids of others that are ahead of this process' clock."""
        self._last_ms = max(self._last_ms, ms)
