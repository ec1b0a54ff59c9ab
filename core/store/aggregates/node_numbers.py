"""Node numbers: ten bits of every snowflake that tell the process which made it, leased so that no id is made twice.

A number has a *floor*, the largest millisecond in which an id may have been made under it. Its holder writes the floor
ahead of its ids and never makes one above it; the next holder makes ids above it only. So whatever becomes of a process
and of its clock, no two ids are equal, and a holder that was thought dead does no harm.

The number with the lowest floor is leased, which is the least recently used one, and only when that floor has passed:
ids shall not run ahead of the clock.
"""

from typing import Final, Protocol

import msgspec

NODE_NUMBERS: Final = 1024
"""The numbers that ten bits hold."""


class LeasedNumber(msgspec.Struct, kw_only=True, frozen=True):
    """A number with its holder. Times are in Unix milliseconds."""

    number: int
    """From 0 to 1023."""
    holder: str
    after_ms: int
    """The floor of those who held the number before: every id of theirs is of this millisecond or an earlier one."""
    floor_ms: int
    """The last millisecond in which the holder may make ids."""


class NodeNumbers(Protocol):
    """The numbers of one database, for all its processes."""

    async def lease(self, holder: str, *, floor_ms: int) -> LeasedNumber:
        """Lease a number until `floor_ms`. `holder` is a name that no other process has, and no earlier one had.

        Raises:
            Unavailable: when the database does not answer, or no number is free; `retry_after_s` says how long.
        """

    async def renew(self, number: int, holder: str, *, floor_ms: int) -> bool:
        """Raise the floor. Returns False when the number has another holder by now, whose ids are above the old floor.

        Raises:
            Unavailable
        """

    async def release(self, number: int, holder: str, *, last_ms: int) -> None:
        """End a lease. The floor becomes the millisecond of the holder's last id. Raises Unavailable."""
