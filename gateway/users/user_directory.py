"""The users with sessions: their actors, and the publication of their presences.

A user's actor lives from its first session's login to its last session's end. Presences go over the bus to the guilds'
shards, and to friends who have sessions (`gateway.users.friends`), and are not stored: a session that attaches later
brings its user's presence along, and READY names friends'. A session whose socket is lost counts as present for
`grace_s`, so that a quick resume does not show its user as offline for a moment. One that its client has closed stays
as long (`gateway.sessions.session_table`), and counts until a new session of the user says what it wants to be seen as.
"""

import logging
from collections.abc import Callable, Collection, Iterable, Sequence

import msgspec

from core.bus.interfaces import Bus
from core.domain.events import PRESENCE_UPDATE, READY, USER_OFFLINE, USER_SETTINGS_UPDATE, USER_UNSEEN, Audience
from core.domain.people.relationship import Relationship
from core.runtime.clock import Clock
from core.runtime.metrics.metrics import Metrics
from core.wire.envelope import NO_ID, Envelope
from core.wire.internal_events import EMPTY, UserUnseen
from core.wire.objects.people.presence import PresenceObject
from core.wire.objects.people.session import SessionObject
from core.wire.objects.people.user_settings import UserSettingsObject
from gateway.commands.presence_command import PresenceUpdate
from gateway.events.event_meter import EventMeter
from gateway.scheduling.batch_timer import CallLater, Handle
from gateway.sessions.seat import Seat
from gateway.users.account_presences import AccountPresences
from gateway.users.friend_presences import FriendPresences
from gateway.users.presence import OFFLINE, Presence, from_command, render_friends_presence, render_presence
from gateway.users.relations import Change, Relations
from gateway.users.session_news import SessionNews
from gateway.users.settled_presence import SettledPresence, begin_settled, read_settled
from gateway.users.user_actor import Join, UserActor

logger = logging.getLogger(__name__)

_encode = msgspec.json.Encoder().encode


class UserDirectory:
    __slots__ = (
        "_actors",
        "_bus",
        "_call_later",
        "_clock",
        "_count",
        "_friend_presences",
        "_grace",
        "_grace_s",
        "_metrics",
        "_on_block",
        "_on_offline",
        "_on_presence",
        "_on_sessions",
        "_presences",
        "_relations",
        "_seen",
        "_session_news",
    )

    def __init__(
        self,
        *,
        bus: Bus,
        clock: Clock,
        call_later: CallLater,
        metrics: Metrics,
        meter: EventMeter,
        relations: Relations,
        on_block: Callable[[int, int, bool], None],
        grace_s: float,
    ) -> None:
        """`relations` is kept here, and read by guilds. `on_block` takes the ends of a block that has begun or ended.

        `grace_s` is the time from the loss of a socket to being offline for others.
        """
        self._bus = bus
        self._call_later = call_later
        self._clock = clock
        self._grace_s = grace_s
        self._metrics = metrics
        # All actors share these objects. An actor that made its own would be half as large again.
        self._presences = AccountPresences(clock=clock, call_later=call_later, tell=self._publish_change)
        self._on_presence = self._presences.note
        self._on_offline = self._publish_offline
        self._on_sessions = self._note_sessions
        self._count = meter.count
        self._actors: dict[int, UserActor] = {}
        self._relations = relations
        self._on_block = on_block
        self._friend_presences = FriendPresences(bus=bus, call_later=call_later, is_here=self._actors.__contains__)
        self._grace: dict[str, Handle] = {}
        self._seen: set[int] = set()
        """The users who are shown to others with a status."""
        self._session_news = SessionNews(tell=self._tell_sessions, call_later=call_later)

    def enter(self, session: Seat) -> None:
        """Seat a session that begins its login."""
        actor = self._actors.get(session.user_id)
        if actor is None:
            is_bot = session.profile.is_bot
            actor = UserActor(
                session.user_id,
                is_bot=is_bot,
                on_presence=self._on_presence,
                on_offline=self._on_offline,
                on_sessions=self._on_sessions,
                count=self._count,
            )
            self._actors[session.user_id] = actor
            if not is_bot:
                self._relations.expect(session.user_id)
        actor.enter(session)

    def know_relationships(self, session: Seat, rows: Iterable[Relationship]) -> None:
        """Take the relationships of a person whose session was seated just now, as they were read."""
        self._relations.know(session.user_id, rows)

    def hidden_from(self, user_id: int) -> Collection[int]:
        """Return those whose presence a user does not see, because one of the two blocks the other."""
        return self._relations.hidden_from(user_id)

    def list_friends_presences(self, user_id: int) -> list[PresenceObject]:
        """Return the presences of those friends who are not offline."""
        here = [(friend_id, self._actors.get(friend_id)) for friend_id in sorted(self._relations.friends_of(user_id))]
        return [
            render_friends_presence(friend_id, actor.presence)
            for friend_id, actor in here
            if actor is not None and actor.presence != OFFLINE
        ]

    def hold(self, session: Seat, envelopes: Collection[Envelope]) -> None:
        """Hold events for the session's user that passed before it was seated."""
        for envelope in envelopes:
            self._relations.note(envelope)
        self._actors[session.user_id].hold(session, envelopes)

    def start(self, session: Seat) -> list[Join]:
        """Start a session that has a presence and its READY. Return the guilds that were joined meanwhile."""
        self._count(READY, 1)
        return self._actors[session.user_id].start(session)

    def list_sessions(self, user_id: int) -> list[SessionObject]:
        """Return a person's sessions that are present, as the person's clients show them."""
        return self._actors[user_id].list_sessions()

    def set_presence(self, session: Seat, presence: PresenceUpdate | None) -> None:
        """Set the presence that a session's client asks for."""
        said = from_command(presence, now_ms=self._clock.now_ms())
        self._actors[session.user_id].set_presence(session, said)

    def plan_presence(self, session: Seat, presence: PresenceUpdate | None, settings: UserSettingsObject) -> None:
        """Note the presence with which a session begins: what its client asks for, or that of a person's settings."""
        command = presence if session.profile.is_bot else self._settle(presence, settings)
        said = from_command(command, now_ms=self._clock.now_ms())
        self._actors[session.user_id].plan_presence(session, said)

    def begin_presence(self, session: Seat) -> None:
        """Let the presence that was planned for a session count."""
        actor = self._actors[session.user_id]
        actor.set_presence(session, actor.presence_set_by(session))

    def foresee_presence(self, session: Seat) -> msgspec.Raw | None:
        """Return the user's presence as it is once a session is present: as in GUILD_CREATE, None when offline."""
        merged = self._actors[session.user_id].foresee_presence(session)
        return None if merged == OFFLINE else msgspec.Raw(_encode(render_presence(session.user_id, merged)))

    def _settle(self, presence: PresenceUpdate | None, settings: UserSettingsObject) -> PresenceUpdate | None:
        custom = settings.custom_status
        settled = SettledPresence(
            status=settings.status, custom_status=None if custom is None else msgspec.to_builtins(custom)
        )
        return begin_settled(presence, settled, now_ms=self._clock.now_ms())

    def presence_set_by(self, session: Seat) -> Presence:
        """Return the presence that a session's client has set."""
        return self._actors[session.user_id].presence_set_by(session)

    def held_for(self, session: Seat) -> Sequence[Envelope]:
        """Return the events that are held for a session that is seated and not started."""
        return self._actors[session.user_id].held_for(session)

    def take_back(self, session: Seat, presence: Presence) -> None:
        """Give a session that is seated again, but not started, the presence that it had."""
        self._actors[session.user_id].set_presence(session, presence)

    def replay(self, session: Seat, envelope: Envelope) -> None:
        """Send a session that is seated again an event of its user that it has missed."""
        self._actors[session.user_id].replay(session, envelope)

    def go_on(self, session: Seat) -> Sequence[Join]:
        """Pass held events on to a session that is seated again. The result is that of `start`."""
        return self._actors[session.user_id].start(session)

    def lose(self, session: Seat) -> None:
        """Start the grace time of a session whose socket is lost."""
        self._cancel_grace(session)
        self._grace[session.id] = self._call_later(self._grace_s, lambda: self._end_grace(session))

    def regain(self, session: Seat) -> None:
        """Note that a session has a socket again."""
        self._cancel_grace(session)
        self._actors[session.user_id].set_present(session, is_present=True)

    def part(self, session: Seat) -> None:
        """Note that a session's client has closed it."""
        self._cancel_grace(session)
        self._actors[session.user_id].part(session)

    def leave(self, session: Seat) -> None:
        """Forget a session that has ended. It is still attached to its guilds, so that they are told."""
        self._cancel_grace(session)
        actor = self._actors.get(session.user_id)
        if actor is None:
            return
        actor.leave(session)
        if not len(actor):
            del self._actors[session.user_id]
            self._session_news.forget(session.user_id)
            self._presences.forget(session.user_id)
            self._relations.forget(session.user_id)

    def deliver(self, envelope: Envelope) -> Sequence[Join]:
        """Hand an event to its user's actor, if there is one. The result is that of `UserActor.deliver`."""
        actor = self._actors.get(envelope.user_id)
        joins: Sequence[Join] = ()
        try:
            if actor is not None:
                joins = actor.deliver(envelope)
                if envelope.event == USER_SETTINGS_UPDATE:
                    actor.follow_settings(read_settled(envelope.payload), now_ms=self._clock.now_ms())
            change = self._relations.note(envelope)
        except msgspec.MsgspecError:
            logger.exception("an event has an unreadable payload", extra={"event": envelope.event})
            return ()
        if change is not None:
            self._tell_of_change(envelope.user_id, change)
        return joins

    def _tell_of_change(self, user_id: int, change: Change) -> None:
        """Tell a new friend's presence. Tell both ends of a block that the other is offline, and after it how it is."""
        other = self._actors.get(change.other_id)
        if change.is_friend and other is not None and other.presence != OFFLINE:
            self._friend_presences.tell(other.user_id, other.presence, user_id)
        if change.is_blocked is not None:
            self._on_block(user_id, change.other_id, change.is_blocked)

    def find_presence(self, user_id: int) -> msgspec.Raw | None:
        """Return the user's presence as in GUILD_CREATE, None when offline."""
        actor = self._actors.get(user_id)
        if actor is None or actor.presence == OFFLINE:
            return None
        return msgspec.Raw(_encode(render_presence(user_id, actor.presence)))

    def publish_presence(self, user_id: int, guild_ids: Iterable[int]) -> None:
        """Publish the user's presence to these guilds."""
        actor = self._actors.get(user_id)
        presence = OFFLINE if actor is None else actor.presence
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

    def _publish_change(self, actor: UserActor) -> None:
        """Publish a presence that has changed to all guilds of its user."""
        self._metrics.events.presence_updates_total.labels(actor.presence.status).inc()
        if actor.presence != OFFLINE:
            self._seen.add(actor.user_id)
        elif actor.user_id in self._seen:
            self._seen.remove(actor.user_id)
            self.publish_unseen(actor.user_id, self._clock.now_ms())
        self.publish_presence(actor.user_id, sorted(actor.guild_ids()))
        self._friend_presences.put(actor.user_id, actor.presence, self._relations.friends_of(actor.user_id))

    def publish_unseen(self, user_id: int, at_ms: int) -> None:
        """Publish USER_UNSEEN, unless others see the user with a status."""
        if user_id not in self._seen:
            payload = msgspec.Raw(_encode(UserUnseen(at_ms)))
            self._bus.publish_volatile([_about_user(USER_UNSEEN, user_id, payload)])

    def _note_sessions(self, actor: UserActor) -> None:
        self._session_news.note(actor.user_id)

    def _tell_sessions(self, user_id: int) -> int:
        return self._actors[user_id].tell_sessions()

    def _publish_offline(self, actor: UserActor) -> None:
        """Publish USER_OFFLINE for the other tiers. Unlike presence it does not depend on the user's status."""
        self._bus.publish_volatile([_about_user(USER_OFFLINE, actor.user_id, EMPTY)])

    def close(self) -> None:
        """Stop the timers."""
        self._session_news.close()
        self._presences.close()
        self._friend_presences.close()
        for timer in self._grace.values():
            timer.cancel()
        self._grace.clear()

    def _cancel_grace(self, session: Seat) -> None:
        timer = self._grace.pop(session.id, None)
        if timer is not None:
            timer.cancel()

    def _end_grace(self, session: Seat) -> None:
        self._grace.pop(session.id, None)
        self._actors[session.user_id].set_present(session, is_present=False)


def _about_user(event: str, user_id: int, payload: msgspec.Raw) -> Envelope:
    return Envelope(id=NO_ID, event=event, audience=Audience.USER, payload=payload, user_id=user_id)
