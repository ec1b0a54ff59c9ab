"""Reactions to messages, which are not in units of work, as the messages are not (`core.store.interfaces`).

A change is one step on its message: concurrent ones are all counted, and the counts are at any moment those of the
reactions that are stored. Reactions go with their message. Emojis are given by their keys
(`core.domain.messages.reaction`).
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from core.domain.messages.reaction import Counts, OwnReactions, Reaction
from core.wire.envelope import Envelope


class ReactionReads(Protocol):
    """The reading of reactions."""

    async def count(self, channel_id: int, message_ids: Collection[int]) -> dict[int, Counts]:
        """Return the counts of messages, keyed by id; messages without reactions are absent."""

    async def find_own(self, channel_id: int, counts: Mapping[int, Counts], user_id: int) -> dict[int, OwnReactions]:
        """Return a user's reactions to messages with these counts; messages without any are absent."""

    async def list_user_ids(
        self, channel_id: int, message_id: int, key: str, *, is_burst: bool, after: int, limit: int
    ) -> list[int]:
        """Return users with ids above `after` who have reacted with the emoji, in ascending order."""


class ReactionStore(ReactionReads, Protocol):
    """Reactions by message. Every method that changes something commits its envelopes with the rows."""

    async def add(self, reaction: Reaction, envelopes: Sequence[Envelope], *, may_begin: bool) -> bool:
        """Store a reaction; return False, and announce nothing, when it is there already.

        Raises:
            UnknownMessage: when there is no such message.
            Forbidden, TooManyReactions: as `core.domain.messages.reaction.count_added`.
        """

    async def remove(self, reaction: Reaction, envelopes: Sequence[Envelope]) -> bool:
        """Remove a reaction; return False, and announce nothing, when it is not there."""

    async def remove_all(
        self, channel_id: int, message_id: int, key: str | None, envelopes: Sequence[Envelope]
    ) -> bool:
        """Remove all reactions with an emoji (None: with any); return False when there are none, as `remove`."""
