"""The positions of the shards as a cut of the journal has them: those of all sessions, and those of sessions behind.

A session that moves from one home of a shard to the next (`gateway.far.moves`) is behind: it has not been dispatched
what the others have. So a cut has its own position of the shard too, under a key that no other position has. The keys
are ints below those of shards and of their users' events (`gateway.events.log_progress`), as a cut keeps nothing else.
Pure.
"""

from collections.abc import Mapping
from typing import Final

from gateway.events.log_progress import of_users

_SHARD_BITS: Final = 16
_FIRST: Final = -(1 << _SHARD_BITS)
"""The keys of sessions are lower."""
UNKNOWN: Final = (1 << 62) - 1
"""The position of who is as far as nobody can tell. It is past the end of each log, so the session is refused."""


def of_session(place: int, shard: int) -> int:
    """Return the key of a shard's position for the session at a place of the journal, while it is behind."""
    return _FIRST - 1 - (place << _SHARD_BITS | shard)


class SessionPositions:
    """The positions of one cut, by session."""

    __slots__ = ("_behind", "_common")

    def __init__(self, positions: Mapping[int, int]) -> None:
        self._behind: dict[int, dict[int, int]] = {}
        """The shards of which a session is behind, by its place."""
        self._common: dict[int, int] = {}
        for key, position in positions.items():
            if key > _FIRST:
                self._common[key] = position
            else:
                place, shard = divmod(_FIRST - 1 - key, 1 << _SHARD_BITS)
                self._behind.setdefault(place, {})[shard] = position

    def find(self, place: int) -> Mapping[int, int]:
        """Return the positions up to which the session at a place has been dispatched everything.

        Keys are shards, and `of_users` where the events of users are further.
        """
        behind = self._behind.get(place)
        if behind is None:
            return self._common
        # Its user's events come to it from the log itself, wherever its guilds are.
        heard = {of_users(shard): self._common.get(of_users(shard), self._common.get(shard, 0)) for shard in behind}
        return {**self._common, **heard, **behind}
