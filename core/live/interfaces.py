"""Volatile state of the present moment: gateways write it, and the API reads it too.

Readers await, writers do not. One process has it all in memory (`core.live.memory`); several would keep it at a place
of their own, write changes in batches, and read from there. The state is lost when the process ends, and complete again
once its clients are back.

The counts of rate limits are asked and counted in one step. A rule allows `limit` takes per key and window. As with
Discord, a key's window starts with its first take, and its count ends with it.
"""

from collections.abc import Collection, Hashable, Mapping
from typing import Protocol

import msgspec


class OnlineCounts(Protocol):
    """The numbers of online members of guilds, without invisible ones."""

    def put(self, guild_id: int, count: int) -> None:
        """Set the count. The one gateway that has the guild calls this at each change. It must not block."""

    def let_go(self, guild_id: int) -> None:
        """Set the count no more: another gateway has the guild now, and has set the count or will."""

    async def find_many(self, guild_ids: Collection[int]) -> Mapping[int, int]:
        """Return the counts of these guilds, without those of 0."""


class StartsLeft(msgspec.Struct, kw_only=True, frozen=True):
    """The number of times that a bot may still identify, and the time until it may `total` times again."""

    total: int
    remaining: int
    reset_after_ms: int


class Start(msgspec.Struct, frozen=True):
    """Whether a bot may identify. When its batch has to wait, `hold_s` says how long."""

    is_allowed: bool
    hold_s: float = 0.0


class SessionStarts(Protocol):
    """The number of times that each bot has identified in its day, which begins with the first time.

    All processes count together. A process that cannot reach the others counts alone.
    """

    async def take(self, bot_id: int, key: int) -> Start:
        """Count an identify, if it may be. `key` names the batch of client shards that start side by side."""

    async def find(self, bot_id: int) -> StartsLeft:
        """Return the rest of the bot's day; a whole day when none has begun."""


class Rule(msgspec.Struct, frozen=True):
    """At most `limit` in `window_s`. `name` tells rules apart."""

    name: str
    limit: int
    window_s: float


class Standing(msgspec.Struct, frozen=True):
    """The state of a key after a take. `retry_after_s` is 0 when the take was allowed."""

    limit: int
    remaining: int
    reset_after_s: float
    retry_after_s: float = 0.0


class RateLimiter(Protocol):
    """Counts takes, all processes together. Keys are ints, strings and tuples of them."""

    async def take(self, rule: Rule, key: Hashable) -> Standing:
        """Count one take and return the standing. Over the limit nothing is counted."""

    async def look(self, rule: Rule, key: Hashable) -> Standing:
        """Return the standing, without counting."""

    async def give_back(self, rule: Rule, key: Hashable) -> None:
        """Take back one count."""


class Passage(msgspec.Struct, frozen=True):
    """A request that has come to the gate. Without `is_current`, what this process remembers may be older than it."""

    standing: Standing | None
    """None when the request counts against nothing."""
    is_current: bool


class RequestGate(Protocol):
    """The entrance of requests: they are counted, and see what was answered to others before they came."""

    async def enter(self, rule: Rule | None, key: Hashable, *, is_read: bool) -> Passage:
        """Count a request against a rule, None for none, and return when this process is as new as the cluster was.

        Rows and rights are meant by that, and for a request that only reads, messages too.
        """
