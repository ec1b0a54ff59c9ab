"""The publication of a user's presence: to the guilds, to friends, and to the other tiers.

Owns which users are shown to others with a status.
"""

from collections.abc import Collection, Iterable

import msgspec

from core.bus.interfaces import Bus
from core.domain.events import PRESENCE_UPDATE, USER_OFFLINE, USER_UNSEEN, Audience
from core.runtime.clock import Clock
from core.runtime.metrics.metrics import Metrics
from core.wire.envelope import NO_ID, Envelope
from core.wire.internal_events import EMPTY, UserUnseen
from gateway.users.friend_presences import FriendPresences
from gateway.users.presence import OFFLINE, MergedPresence, render_presence
from gateway.users.sharing import Sharing

_encode = msgspec.json.Encoder().encode


class PresencePublishing:
    """`sharing` is that of the cluster, None in a single process."""

    __slots__ = ("_bus", "_clock", "_friends", "_metrics", "_seen", "sharing")

    def __init__(self, *, bus: Bus, clock: Clock, metrics: Metrics, friends: FriendPresences) -> None:
        self._bus = bus
        self._clock = clock
        self._friends = friends
        self._metrics = metrics
        self._seen: set[int] = set()
        """The users who are shown to others with a status."""
        self.sharing: Sharing | None = None

    def tell_change(
        self, user_id: int, presence: MergedPresence, guild_ids: Iterable[int], friend_ids: Collection[int]
    ) -> None:
        """Tell a presence that has changed to all guilds and friends of its user."""
        self._metrics.events.presence_updates_total.labels(presence.status).inc()
        if presence != OFFLINE:
            self._seen.add(user_id)
        elif user_id in self._seen:
            self._seen.remove(user_id)
            self.tell_unseen(user_id, self._clock.now_ms())
        self.tell_guilds(user_id, presence, sorted(guild_ids))
        self.tell_friends(user_id, presence, friend_ids)

    def tell_guilds(self, user_id: int, presence: MergedPresence, guild_ids: Iterable[int]) -> None:
        """Tell guilds a user's presence."""
        guild_ids = list(guild_ids)
        if self.sharing is not None:
            self.sharing.note_told(user_id, guild_ids)
        self._bus.publish_volatile(
            [
                Envelope(
                    id=NO_ID,
                    event=PRESENCE_UPDATE,
                    audience=Audience.GUILD,
                    payload=msgspec.Raw(_encode(render_presence(user_id, presence, guild_id))),
                    guild_id=guild_id,
                    user_id=user_id,
                )
                for guild_id in guild_ids
            ]
        )

    def tell_friends(self, user_id: int, presence: MergedPresence, friend_ids: Collection[int]) -> None:
        """Tell friends a user's presence, wherever their homes are."""
        if self.sharing is None:
            self._friends.put(user_id, presence, friend_ids)
        elif friend_ids:
            self.sharing.tell_friends(user_id, presence, friend_ids)

    def tell_unseen(self, user_id: int, at_ms: int) -> None:
        """Publish USER_UNSEEN, unless others see the user with a status."""
        if user_id not in self._seen:
            payload = msgspec.Raw(_encode(UserUnseen(at_ms)))
            self._bus.publish_volatile([_about_user(USER_UNSEEN, user_id, payload)])

    def tell_offline(self, user_id: int) -> None:
        """Publish USER_OFFLINE for the other tiers. Unlike presence it does not depend on the user's status."""
        self._bus.publish_volatile([_about_user(USER_OFFLINE, user_id, EMPTY)])

    def forget(self, user_id: int) -> None:
        """Let another worker tell of a user."""
        self._seen.discard(user_id)


def _about_user(event: str, user_id: int, payload: msgspec.Raw) -> Envelope:
    return Envelope(id=NO_ID, event=event, audience=Audience.USER, payload=payload, user_id=user_id)
