"""When rights were changed last, as this process has heard it from the bus.

Each event that may take a right away counts one. A sender's rights are checked by entities that are as new as the count
before the check (the mark), because the listeners of one event all run before anything else does. So a change after the
mark means that the check may be too old.

The changes that were heard first are forgotten when there are many. Then a mark from before them is too old for
everybody, which costs a check and never lets anybody in.
"""

from typing import Final

from core.bus.interfaces import Bus, Delivery
from core.bus.rights_events import EVERYBODY, Rights, find_changed_rights, needed_in_private
from core.door.interfaces import Claim, Opening

MAX_REMEMBERED: Final = 10_000
"""About 2 MiB. Checks last milliseconds, in which far fewer rights change."""


class RightsChanges:
    """Remembers changes of rights for as long as a check by older ones may be under way."""

    __slots__ = ("_changes", "_forgotten", "mark")

    def __init__(self, *, bus: Bus) -> None:
        self.mark = 0
        """The number of changes so far."""
        self._changes: dict[Rights, int] = {}
        """The number of the last change; the latest are last."""
        self._forgotten = 0
        """The number of the newest change that is not in `_changes` any more."""
        bus.subscribe(self._on_delivery)

    def are_stale(self, checked: Opening | Claim) -> bool:
        """Tell whether the rights by which a message or a change was checked may have changed since its mark."""
        mark = checked.mark
        if mark is None or mark == self.mark:
            return False
        needed = needed_in_private(checked.recipient_ids, checked.shared_guild_id)
        if checked.guild_id:
            needed += (Rights(checked.guild_id, EVERYBODY), Rights(checked.guild_id, checked.author_id))
        return max((self._changes.get(rights, self._forgotten) for rights in needed), default=0) > mark

    def _on_delivery(self, delivery: Delivery) -> None:
        rights = find_changed_rights(delivery.envelope)
        if rights is None:
            return
        self.mark += 1
        self._changes.pop(rights, None)
        self._changes[rights] = self.mark
        if len(self._changes) > MAX_REMEMBERED:
            self._forgotten = self._changes.pop(next(iter(self._changes)))
