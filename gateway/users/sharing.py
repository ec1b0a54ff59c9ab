"""The part of a cluster that a worker's users have, as their directory sees it.

A user may have sessions at several workers. One of these, or another one, is the user's *home*: the worker that has the
user's shard. It alone tells others the user's presence, merged from what all workers say (`gateway.roaming`).
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Protocol

from core.wire.objects.people.presence import PresenceObject
from gateway.sessions.seat import Seat
from gateway.users.presence import MergedPresence


class Sharing(Protocol):
    """None stands for it in a process that has all sessions of its users."""

    def is_home(self, user_id: int) -> bool:
        """Return whether this worker is the user's home."""

    def note(self, user_id: int) -> None:
        """Note that something of the user's sessions here has changed. The home hears of it after this turn."""

    def tell_friends(self, user_id: int, presence: MergedPresence, friend_ids: Collection[int]) -> None:
        """Tell friends the presence of a user whose home is here."""

    def tell_guilds(self, user_id: int, guild_ids: Iterable[int]) -> None:
        """Have the user's home tell these guilds the user's presence."""

    def note_told(self, user_id: int, guild_ids: Iterable[int]) -> None:
        """Note that these guilds are told the user's presence: what a guild without a home misses is told again."""

    def tell_unseen(self, user_id: int, at_ms: int) -> None:
        """Have the user's home tell since when others have seen the user as offline."""

    def count_elsewhere(self, user_id: int) -> int:
        """Return the sessions at other workers that count in the limit, of a user whose home is here."""

    def end_lost(self, user_id: int) -> bool:
        """End the session elsewhere that has been without a socket longest. Return whether there was one."""

    def knows(self, session: Seat) -> bool:
        """Return whether everything is known of its user that READY needs."""

    async def learn(self, session: Seat) -> None:
        """Wait for what READY needs to be known of the session's user, no longer than for some seconds.

        Raises:
            TooManySessions: when the user has too many at all workers together.
        """

    def end_learning(self, session: Seat) -> None:
        """Forget what was learned for a session that has its READY, or gets none."""

    def friends_elsewhere(self, user_id: int) -> Sequence[PresenceObject]:
        """Return the presences of friends with another home, as they were learned."""
