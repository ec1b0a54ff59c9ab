"""A tally of the presences of a user with many sessions, so that a change is merged without a walk over all of them.

The merged presence depends on the statuses that exist on each platform, not on their numbers. Pure.
"""

from collections import Counter
from collections.abc import Iterable

from gateway.users.presence import Presence, plain_presence


class PresenceTally:
    """Counts sessions by platform and status, and those with activities."""

    __slots__ = ("_counts", "busy")

    def __init__(self, presences: Iterable[tuple[str, Presence]]) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()
        self.busy = 0
        """The number of sessions with activities."""
        for platform, presence in presences:
            self.add(platform, presence)

    def add(self, platform: str, presence: Presence) -> None:
        """Add the presence of one session."""
        self._counts[platform, presence.status] += 1
        self.busy += bool(presence.activities)

    def drop(self, platform: str, presence: Presence) -> None:
        """Remove the presence of one session."""
        self._counts[platform, presence.status] -= 1
        self.busy -= bool(presence.activities)

    def kinds(self) -> list[tuple[str, Presence]]:
        """Return one presence of each kind, without activities. They merge to the same statuses as all presences."""
        return [(platform, plain_presence(status)) for (platform, status), count in self._counts.items() if count]
