"""When rights in guilds were changed last, as this process has heard it from the bus.

Each event that may take a right away counts one. A sender's rights are checked by entities that are as new as the count
before the check (the mark), because the listeners of one event all run before anything else does. So a change after the
mark means that the check may be too old.

The changes that were heard first are forgotten when there are many. Then a mark from before them is too old for every
guild, which costs a check and never lets anybody in.
"""

from typing import Final

from core.bus.interfaces import Bus, Delivery
from core.domain.events import MEMBER_EVENTS, RIGHTS_EVENTS

MAX_REMEMBERED: Final = 10_000
"""About 2 MiB. Checks last milliseconds, in which far fewer rights change."""

_EVERYBODY: Final = 0
"""Stands for all members of the guild, where a key has a user id."""


class RightsChanges:
    """Remembers changes of rights for as long as a check by older ones may be under way."""

    __slots__ = ("_changes", "_forgotten", "mark")

    def __init__(self, *, bus: Bus) -> None:
        self.mark = 0
        """The number of changes so far."""
        self._changes: dict[tuple[int, int], int] = {}
        """The number of the last change, keyed by guild and user id; the latest changes are last."""
        self._forgotten = 0
        """The number of the newest change that is not in `_changes` any more."""
        bus.subscribe(self._on_delivery)

    def are_stale(self, guild_id: int, user_id: int, mark: int) -> bool:
        """Tell whether the user's rights in the guild may have changed since the mark."""
        if mark == self.mark:
            return False
        newest = max(self._changes.get((guild_id, who), self._forgotten) for who in (_EVERYBODY, user_id))
        return newest > mark

    def _on_delivery(self, delivery: Delivery) -> None:
        envelope = delivery.envelope
        if envelope.event not in RIGHTS_EVENTS:
            return
        self.mark += 1
        key = (envelope.guild_id, envelope.user_id if envelope.event in MEMBER_EVENTS else _EVERYBODY)
        self._changes.pop(key, None)
        self._changes[key] = self.mark
        if len(self._changes) > MAX_REMEMBERED:
            self._forgotten = self._changes.pop(next(iter(self._changes)))
