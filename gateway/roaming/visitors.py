"""The users of whom hosts have said anything to this worker, by their shards.

A shard that gets another home begins a new era. A user is followed once in each (`gateway.roaming.user_homes`).

Owns both tables.
"""

from collections.abc import Iterable, Iterator

from core.domain.ids import shard_of
from gateway.roaming.frames import UserSaid, UserWord
from gateway.users.other_session import OtherSession


class Visitor:
    """`said` and `sent` have the newest frame from and to each host. `era` is the one in which it was followed last."""

    __slots__ = ("ending", "era", "is_at_home", "said", "sent")

    def __init__(self, era: int) -> None:
        self.era = era
        self.said: dict[str, UserSaid] = {}
        self.sent: dict[str, UserWord] = {}
        self.is_at_home = False
        """Whether this has been the user's home since it is known here."""
        self.ending: set[str] = set()
        """The sessions that were told to end."""

    def may_end(self, session: OtherSession) -> bool:
        """Return whether a session may be ended to make room."""
        return session.is_lost and session.is_ready and not session.has_parted and session.session_id not in self.ending


class Visitors:
    __slots__ = ("_eras", "_shards", "_users")

    def __init__(self, *, num_shards: int) -> None:
        self._eras = [0] * num_shards
        """How often each shard has got another home."""
        self._shards: list[dict[int, None]] = [{} for _ in range(num_shards)]
        """The ids of the users of each shard."""
        self._users: dict[int, Visitor] = {}

    def __getitem__(self, user_id: int) -> Visitor:
        """Return a user. Raises KeyError when nothing was said of it."""
        return self._users[user_id]

    def __iter__(self) -> Iterator[tuple[int, Visitor]]:
        """Return all users with their ids."""
        return iter(self._users.items())

    def find(self, user_id: int) -> Visitor | None:
        """Find a user."""
        return self._users.get(user_id)

    def list_of(self, shard: int) -> list[int]:
        """Return the ids of the users of a shard."""
        return list(self._shards[shard])

    def make(self, user_id: int) -> Visitor:
        """Begin to know a user."""
        shard = self._shard(user_id)
        self._shards[shard][user_id] = None
        user = self._users[user_id] = Visitor(self._eras[shard])
        return user

    def forget(self, user_id: int) -> None:
        """Forget a user. Raises KeyError when nothing was said of it."""
        del self._users[user_id], self._shards[self._shard(user_id)][user_id]

    def begin_eras(self, shards: Iterable[int]) -> None:
        """Note that shards have other homes."""
        for shard in shards:
            self._eras[shard] += 1

    def is_followed(self, user_id: int, user: Visitor) -> bool:
        """Return whether a user was followed since its shard has its home, and take it for followed from now on."""
        before, user.era = user.era, self._eras[self._shard(user_id)]
        return before == user.era

    def _shard(self, user_id: int) -> int:
        return shard_of(user_id, len(self._shards))
