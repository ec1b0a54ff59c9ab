"""How many of a user's sessions say what: so that a change among very many of them is merged without looking at each.

Whom others see is made of which statuses there are on which platforms, not of how often each is said. Pure.
"""

from collections import Counter
from collections.abc import Iterable

from gateway.users.presence import Presence, plain_presence


class PresenceTally:
    """Counts sessions by platform and status."""

    __slots__ = ("_counts",)

    def __init__(self, presences: Iterable[tuple[str, Presence]]) -> None:
        self._counts = Counter((platform, presence.status) for platform, presence in presences)

    def add(self, platform: str, presence: Presence) -> None:
        """One more session says so."""
        self._counts[platform, presence.status] += 1

    def drop(self, platform: str, presence: Presence) -> None:
        """One session less does."""
        self._counts[platform, presence.status] -= 1

    def kinds(self) -> list[tuple[str, Presence]]:
        """One of each kind that there is, without activities: they merge to the same statuses as all of them."""
        return [(platform, plain_presence(status)) for (platform, status), count in self._counts.items() if count]
