"""The outcome of a change of reactions that its process did not end, for the sweep of the doors (door_sweep.py).

    a reaction       is stored under the opening's id ──→ closed with its event
                     is not ────────────────────────────→ aborted
    its removal      the reaction is not there ─────────→ closed with its event
                     it is ─────────────────────────────→ aborted
    a removal of several ───────────────────────────────→ done again, and closed

A look at a row also decides what was under way (`ReactionRows.find`), so nothing of a dead process comes later.
"""

from collections.abc import Sequence
from typing import Protocol

from core.domain.messages.reaction import Reaction
from core.door.pending import Orphan, PendingKind
from core.store.aggregates.messages.reaction_rows import ReactionRows
from core.store.cluster.reactions import reaction_of
from core.wire.envelope import Envelope


class ReactionEvents(Protocol):
    """The maker of events. One of each list has the id that is given."""

    async def added(self, event_id: int, reaction: Reaction) -> Sequence[Envelope]:
        """Make the events of a reaction."""

    async def removed(self, event_id: int, reaction: Reaction) -> Sequence[Envelope]:
        """Make the events of its removal."""

    async def all_removed(
        self, event_id: int, channel_id: int, message_id: int, emoji: str | None
    ) -> Sequence[Envelope]:
        """Make the events of the removal of all reactions with an emoji, or of all."""


class ReactionSweep:
    """Finds outcomes."""

    __slots__ = ("_events", "_rows")

    def __init__(self, *, rows: ReactionRows, events: ReactionEvents) -> None:
        self._rows = rows
        self._events = events

    async def find_outcome(self, orphan: Orphan) -> Sequence[Envelope]:
        """Make sure that what was meant is stored, or never will be; return its events, none when it is not.

        Raises:
            Unavailable
        """
        pending, channel_id = orphan.pending, orphan.channel_id
        if pending.kind is PendingKind.REACTIONS_REMOVAL:
            (message_id,) = pending.message_ids
            emoji = pending.emoji or None
            await self._rows.remove_all(channel_id, message_id, emoji)
            return await self._events.all_removed(orphan.id, channel_id, message_id, emoji)
        reaction = reaction_of(channel_id, pending, orphan.id)
        found = await self._rows.find(reaction)
        if pending.kind is PendingKind.REACTION:
            is_stored = found is not None and found.id == orphan.id
            return await self._events.added(orphan.id, reaction) if is_stored else ()
        return () if found is not None else await self._events.removed(orphan.id, reaction)
