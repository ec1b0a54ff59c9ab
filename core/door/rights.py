"""When rights were changed last, in guilds and in private channels, as this process has heard it from the bus.

Each event that may take a right away counts one. A sender's rights are checked by entities that are as new as the count
before the check (the mark), because the listeners of one event all run before anything else does. So a change after the
mark means that the check may be too old.

In a private channel rights follow from who is in it, and from blocks and friendships. A change of the latter makes the
checks of all private channels that are under way stale, which costs them once more.

The changes that were heard first are forgotten when there are many. Then a mark from before them is too old for every
guild, which costs a check and never lets anybody in.
"""

from typing import Final

from core.bus.interfaces import Bus, Delivery
from core.domain.events import MEMBER_EVENTS, PRIVATE_CHANNEL_EVENTS, RELATIONSHIP_EVENTS, RIGHTS_EVENTS

MAX_REMEMBERED: Final = 10_000
"""About 2 MiB. Checks last milliseconds, in which far fewer rights change."""

_EVERYBODY: Final = 0
"""Stands for all members of the guild, where a key has a user id."""

_ALL_PRIVATE: Final = (0, _EVERYBODY)
"""The key of changes that concern all private channels."""


class RightsChanges:
    """Remembers changes of rights for as long as a check by older ones may be under way."""

    __slots__ = ("_changes", "_forgotten", "mark")

    def __init__(self, *, bus: Bus) -> None:
        self.mark = 0
        """The number of changes so far."""
        self._changes: dict[tuple[int, int], int] = {}
        """The number of the last change, keyed by guild or private channel, and user id; the latest are last."""
        self._forgotten = 0
        """The number of the newest change that is not in `_changes` any more."""
        bus.subscribe(self._on_delivery)

    def are_stale(self, guild_id: int, user_id: int, mark: int) -> bool:
        """Tell whether the user's rights in the guild may have changed since the mark."""
        if mark == self.mark:
            return False
        newest = max(self._changes.get((guild_id, who), self._forgotten) for who in (_EVERYBODY, user_id))
        return newest > mark

    def are_stale_in_private(self, channel_id: int, mark: int) -> bool:
        """Tell whether rights in the private channel may have changed since the mark."""
        if mark == self.mark:
            return False
        keys = ((channel_id, _EVERYBODY), _ALL_PRIVATE)
        return max(self._changes.get(key, self._forgotten) for key in keys) > mark

    def _on_delivery(self, delivery: Delivery) -> None:
        envelope = delivery.envelope
        event = envelope.event
        if not envelope.guild_id and event in PRIVATE_CHANNEL_EVENTS:
            self._note((envelope.channel_id, _EVERYBODY))
        elif event in RELATIONSHIP_EVENTS:
            self._note(_ALL_PRIVATE)
        elif event in RIGHTS_EVENTS:
            self._note((envelope.guild_id, envelope.user_id if event in MEMBER_EVENTS else _EVERYBODY))

    def _note(self, key: tuple[int, int]) -> None:
        self.mark += 1
        self._changes.pop(key, None)
        self._changes[key] = self.mark
        if len(self._changes) > MAX_REMEMBERED:
            self._forgotten = self._changes.pop(next(iter(self._changes)))
