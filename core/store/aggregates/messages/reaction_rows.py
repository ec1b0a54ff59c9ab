"""The rows of reactions without their events, for a cluster, where the events are in Redis (`ReactionStore` has both).

Every method may be repeated after an outcome that is not known. Whoever deletes a message's row removes its reactions
with it, for good: a late change leaves nothing behind.
"""

from typing import Protocol

from core.domain.messages.reaction import Reaction
from core.store.aggregates.messages.reactions import ReactionReads


class ReactionRows(ReactionReads, Protocol):
    """Reactions by message."""

    async def find(self, reaction: Reaction) -> Reaction | None:
        """Return the user's stored reaction, with the id of the change that has stored it."""

    async def add(self, reaction: Reaction, *, may_begin: bool) -> bool:
        """Store a reaction with its id; return False when there is one with another id, which it keeps.

        Raises:
            UnknownMessage, Forbidden, TooManyReactions: as `ReactionStore.add`.
            Unavailable: when it is certain that nothing was changed. OutcomeUnknown: when that is not certain.
        """

    async def remove(self, reaction: Reaction) -> bool:
        """Remove a reaction; return False when it was not there. Raises Unavailable, OutcomeUnknown."""

    async def remove_all(self, channel_id: int, message_id: int, key: str | None) -> bool:
        """Remove all with an emoji, or all; return False when there were none. Raises Unavailable, OutcomeUnknown."""
