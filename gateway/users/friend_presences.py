"""The presences that friends are told, in batches as guilds tell theirs (`gateway.guilds.presence_batches`).

```
 change ─→ quiet? ─ yes ─→ told at once ─┐
              └ no ─→ waits, the newest of each user ─→ told with the next batch, GAP_S later
```

A batch has up to `BATCH` users and about `MAX_TOLD` friends of theirs, so nobody is told more than 1,000 presences a
second, and the friends of a crowd that comes online do not hold up its logins. Friends who have no session are left
out when the batch goes.

Owns the presences that wait. Time and timers are given.
"""

from collections.abc import Callable, Collection
from typing import Final, NamedTuple

import msgspec

from core.bus.interfaces import Bus
from core.domain.events import PRESENCE_UPDATE, Audience
from core.wire.envelope import NO_ID, Envelope
from gateway.scheduling.batch_timer import CallLater, Handle
from gateway.users.presence import MergedPresence, render_friends_presence

BATCH: Final = 100
GAP_S: Final = 0.1
MAX_TOLD: Final = 5_000
"""The envelopes after which a batch ends: a few milliseconds of the loop."""

_encode = msgspec.json.Encoder().encode


class _Waiting(NamedTuple):
    """A presence to be told. `friend_ids` follows the user's friendships meanwhile."""

    presence: MergedPresence
    friend_ids: Collection[int]


class FriendPresences:
    __slots__ = ("_bus", "_call_later", "_is_here", "_timer", "_waiting")

    def __init__(self, *, bus: Bus, call_later: CallLater, is_here: Callable[[int], bool]) -> None:
        """`is_here` says whether a user has sessions."""
        self._bus = bus
        self._call_later = call_later
        self._is_here = is_here
        self._timer: Handle | None = None
        self._waiting: dict[int, _Waiting] = {}
        """The newest presence of each user, in the order in which the users began to wait."""

    def put(self, user_id: int, presence: MergedPresence, friend_ids: Collection[int]) -> None:
        """Take a presence that has changed, and the user's friends."""
        if not friend_ids:
            return
        self._waiting[user_id] = _Waiting(presence, friend_ids)
        if self._timer is None:
            self._tell_batch()

    def tell(self, user_id: int, presence: MergedPresence, friend_id: int) -> None:
        """Tell one friend at once: one who has just become a friend."""
        if self._is_here(friend_id):
            self.tell_anyway(user_id, presence, friend_id)

    def tell_anyway(self, user_id: int, presence: MergedPresence, friend_id: int) -> None:
        """Tell one friend at once, whose sessions may be at any worker."""
        self._bus.publish_volatile(_address(user_id, presence, [friend_id]))

    def close(self) -> None:
        """Stop the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _tell_batch(self) -> None:
        self._timer = None
        envelopes: list[Envelope] = []
        users = 0
        while self._waiting and users < BATCH and len(envelopes) < MAX_TOLD:
            user_id = next(iter(self._waiting))
            presence, friend_ids = self._waiting.pop(user_id)
            here = sorted(friend_id for friend_id in friend_ids if self._is_here(friend_id))
            envelopes += _address(user_id, presence, here)
            users += 1
        if envelopes:
            self._bus.publish_volatile(envelopes)
        if envelopes or self._waiting:
            self._timer = self._call_later(GAP_S, self._tell_batch)


def _address(user_id: int, presence: MergedPresence, friend_ids: Collection[int]) -> list[Envelope]:
    """Make an envelope for each of these friends, with one payload."""
    if not friend_ids:
        return []
    payload = msgspec.Raw(_encode(render_friends_presence(user_id, presence)))
    return [
        Envelope(
            id=NO_ID,
            event=PRESENCE_UPDATE,
            audience=Audience.USER,
            payload=payload,
            user_id=friend_id,
            author_id=user_id,
        )
        for friend_id in friend_ids
    ]
