"""State that is true just now and is kept nowhere: gateways write it, and the API reads it too.

Readers await, writers do not: one process has it all in memory (`core.live.memory`), several would keep it at a place
of their own, write what changed in batches, and read from there. It is lost when the process ends, and true again once
its clients are back.
"""

from collections.abc import Collection, Mapping
from typing import Protocol

import msgspec


class OnlineCounts(Protocol):
    """How many members of each guild are online. A member who is invisible is not counted."""

    def put(self, guild_id: int, count: int) -> None:
        """Said by the one gateway that has the guild, whenever it changes. Must not block."""

    async def find_many(self, guild_ids: Collection[int]) -> Mapping[int, int]:
        """The counts of these guilds, those of nobody left out."""


class StartsLeft(msgspec.Struct, kw_only=True, frozen=True):
    """How often a bot may still identify, and when it may `total` times again."""

    total: int
    remaining: int
    reset_after_ms: int


class SessionStarts(Protocol):
    """How often each bot has identified since its day began, which is with the first time."""

    def take(self, bot_id: int) -> bool:
        """Whether it may once more; if so that is counted."""

    async def find(self, bot_id: int) -> StartsLeft:
        """What is left of the bot's day; a whole day when none has begun."""
