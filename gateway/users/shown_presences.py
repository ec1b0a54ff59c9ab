"""What others are shown of the users: guilds, friends and the other tiers.

```
 a change ─→ the account's throttle ─→ is the user's home here? ─ yes ─→ guilds, friends, other tiers
                                                               └ no ──→ nothing: the home tells it
```

In a cluster only a user's home tells others of the user (`gateway.roaming`). What a caller wants told of a user with
another home goes to that home.

Owns who was told last to be offline. The actors are the directory's, and are only read here.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Final

import msgspec

from core.bus.interfaces import Bus
from core.runtime.clock import Clock
from core.runtime.metrics.metrics import Metrics
from core.wire.envelope import Envelope
from core.wire.objects.people.presence import PresenceObject
from gateway.events.recent import remember
from gateway.scheduling.batch_timer import CallLater
from gateway.sessions.seat import Seat
from gateway.users.account_presences import AccountPresences
from gateway.users.friend_presences import FriendPresences
from gateway.users.presence import OFFLINE, MergedPresence, render_friends_presence, render_presence
from gateway.users.presence_publishing import PresencePublishing
from gateway.users.relations import Relations, read_new_friend
from gateway.users.sharing import Sharing
from gateway.users.user_actor import UserActor

_encode = msgspec.json.Encoder().encode

_REMEMBERED_GONE: Final = 10_000
"""What workers say of a user that has another home arrives within seconds: those who have gone just before matter."""


class ShownPresences:
    __slots__ = ("_accounts", "_actors", "_friends", "_publishing", "_relations", "_sharing", "_told_gone")

    def __init__(
        self,
        *,
        actors: Mapping[int, UserActor],
        relations: Relations,
        bus: Bus,
        clock: Clock,
        call_later: CallLater,
        metrics: Metrics,
    ) -> None:
        """`actors` are those of the users with sessions, keyed by user id."""
        self._accounts = AccountPresences(clock=clock, call_later=call_later, tell=self._tell_change)
        self._actors = actors
        self._friends = FriendPresences(bus=bus, call_later=call_later, is_here=actors.__contains__)
        self._publishing = PresencePublishing(bus=bus, clock=clock, metrics=metrics, friends=self._friends)
        self._relations = relations
        self._sharing: Sharing | None = None
        self._told_gone: dict[int, None] = {}
        """Users of whom others were told here last that they are offline. A new home does not know of all sessions."""

    def share(self, sharing: Sharing) -> None:
        """Have users in common with other workers, before there is any session."""
        self._sharing = self._publishing.sharing = sharing

    def tells(self, user_id: int) -> bool:
        """Return whether it is here that others are told of the user."""
        return self._sharing is None or self._sharing.is_home(user_id)

    def close(self) -> None:
        """Stop the timers."""
        self._accounts.close()
        self._friends.close()

    # -- what is shown now

    def find(self, user_id: int) -> msgspec.Raw | None:
        """Return the user's presence as in GUILD_CREATE, None when offline."""
        actor = self._actors.get(user_id)
        return None if actor is None else _render(user_id, actor.presence)

    def foresee(self, session: Seat) -> msgspec.Raw | None:
        """Return the user's presence as it is once a session is present: as in GUILD_CREATE, None when offline."""
        return _render(session.user_id, self._actors[session.user_id].foresee_presence(session))

    def list_friends(self, user_id: int) -> list[PresenceObject]:
        """Return the presences of those friends who are not offline."""
        here = [(friend_id, self._actors.get(friend_id)) for friend_id in sorted(self._relations.friends_of(user_id))]
        found = [
            render_friends_presence(friend_id, actor.presence)
            for friend_id, actor in here
            if actor is not None and actor.presence != OFFLINE and self.tells(friend_id)
        ]
        return found if self._sharing is None else [*found, *self._sharing.friends_elsewhere(user_id)]

    def was_told_gone(self, user_id: int) -> bool:
        """Return whether others were told here last that the user, who has no session here, is offline."""
        return user_id in self._told_gone

    # -- changes

    def begin(self, user_id: int) -> None:
        """Note that the user has an actor."""
        self._told_gone.pop(user_id, None)

    def note_change(self, actor: UserActor) -> None:
        """Tell others of a presence that has changed, now or when the account's throttle allows it."""
        self._accounts.note(actor)

    def note_offline(self, actor: UserActor) -> None:
        """Tell the other tiers that a user has no session any more that is present."""
        if self.tells(actor.user_id):
            self._publishing.tell_offline(actor.user_id)

    def end(self, user_id: int) -> None:
        """Note that the user's actor is gone."""
        self._accounts.forget(user_id)
        if self.tells(user_id):
            self._note_told_gone(user_id)

    def _tell_change(self, actor: UserActor) -> None:
        if self.tells(actor.user_id):
            if actor.presence == OFFLINE:
                self._note_told_gone(actor.user_id)
            friend_ids = self._relations.friends_of(actor.user_id)
            self._publishing.tell_change(actor.user_id, actor.presence, actor.guild_ids(), friend_ids)
        else:
            self._publishing.forget(actor.user_id)

    def _note_told_gone(self, user_id: int) -> None:
        if self._sharing is not None:
            remember(self._told_gone, user_id, None, most=_REMEMBERED_GONE)

    # -- what somebody does not know yet

    def publish(self, user_id: int, guild_ids: Iterable[int]) -> None:
        """Tell these guilds the user's presence: offline, when the user has no session."""
        if self._sharing is not None and not self._sharing.is_home(user_id):
            self._sharing.tell_guilds(user_id, guild_ids)
            return
        actor = self._actors.get(user_id)
        if actor is None:
            self._note_told_gone(user_id)
        self._publishing.tell_guilds(user_id, OFFLINE if actor is None else actor.presence, guild_ids)

    def publish_unseen(self, user_id: int, at_ms: int) -> None:
        """Publish since when others have seen a user as offline; nothing when they see the user now."""
        if self._sharing is not None and not self._sharing.is_home(user_id):
            self._sharing.tell_unseen(user_id, at_ms)
        else:
            self._publishing.tell_unseen(user_id, at_ms)

    def tell_more_guilds(self, actor: UserActor, guild_ids: Iterable[int]) -> None:
        """Tell guilds that the user is new in the presence, unless it is offline or another worker tells it."""
        if actor.presence != OFFLINE and self.tells(actor.user_id):
            self._publishing.tell_guilds(actor.user_id, actor.presence, guild_ids)

    def tell_friends(self, user_id: int, presence: MergedPresence, friend_ids: Collection[int]) -> None:
        """Tell those of the friends whose home is here, and who have sessions, a user's presence."""
        self._friends.put(user_id, presence, friend_ids)

    def tell_all_friends(self, user_id: int) -> None:
        """Tell a user's friends the presence, when they have only now become known here."""
        actor = self._actors.get(user_id)
        if actor is not None and actor.presence != OFFLINE and self.tells(user_id):
            self._publishing.tell_friends(user_id, actor.presence, self._relations.friends_of(user_id))

    def tell_anew(self, user_id: int) -> None:
        """Tell others a user's presence, of which an earlier home of the user may not have told them."""
        actor = self._actors.get(user_id)
        if actor is not None:
            self._tell_change(actor)

    def tell_of_new_friend(self, user_id: int, friend_id: int) -> None:
        """Tell a user, who has sessions here, the presence of a new friend. Nothing in a cluster, as below."""
        actor = self._actors.get(friend_id)
        if self._sharing is None and actor is not None and actor.presence != OFFLINE:
            self._friends.tell(friend_id, actor.presence, user_id)

    def tell_of_added(self, envelope: Envelope) -> None:
        """Tell a user of a cluster, wherever the sessions are, the presence of a new friend whose home is here.

        Raises:
            msgspec.MsgspecError: when the event's payload cannot be read.
        """
        if self._sharing is None:
            return
        friend_id = read_new_friend(envelope)
        actor = self._actors.get(friend_id)
        if actor is not None and actor.presence != OFFLINE and self.tells(friend_id):
            self._friends.tell_anyway(friend_id, actor.presence, envelope.user_id)


def _render(user_id: int, presence: MergedPresence) -> msgspec.Raw | None:
    return None if presence == OFFLINE else msgspec.Raw(_encode(render_presence(user_id, presence)))
