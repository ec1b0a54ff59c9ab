"""Volatile state of the present moment: gateways write it, and the API reads it too.

Readers await, writers do not. One process has it all in memory (`core.live.memory`); several would keep it at a place
of their own, write changes in batches, and read from there. The state is lost when the process ends, and complete again
once its clients are back.
"""

from collections.abc import Collection, Mapping
from typing import Protocol

import msgspec


class OnlineCounts(Protocol):
    """The numbers of online members of guilds, without invisible ones."""

    def put(self, guild_id: int, count: int) -> None:
        """Set the count. The one gateway that has the guild calls this at each change. It must not block."""

    async def find_many(self, guild_ids: Collection[int]) -> Mapping[int, int]:
        """Return the counts of these guilds, without those of 0."""


class StartsLeft(msgspec.Struct, kw_only=True, frozen=True):
    """The number of times that a bot may still identify, and the time until it may `total` times again."""

    total: int
    remaining: int
    reset_after_ms: int


class SessionStarts(Protocol):
    """The number of times that each bot has identified in its day, which begins with the first time."""

    def take(self, bot_id: int) -> bool:
        """Return whether the bot may identify once more, and count that."""

    async def find(self, bot_id: int) -> StartsLeft:
        """Return the rest of the bot's day; a whole day when none has begun."""
