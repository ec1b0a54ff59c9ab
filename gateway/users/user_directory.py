"""The users with sessions: what each session does, from its login to its end, and the events that are for it.

A user with sessions has an actor (`gateway.users.user_actors`). Presences go over the bus to the guilds' shards, and to
friends who have sessions (`gateway.users.shown_presences`), and are not stored: a session that attaches later brings
its user's presence along, and READY names friends'. A session whose socket is lost counts as present for `grace_s`, so
that a quick resume does not show its user as offline for a moment. One that its client has closed stays as long
(`gateway.sessions.session_table`), and counts until a new session of the user says what it wants to be seen as.

In a cluster the user may have sessions at other workers (`gateway.users.sharing`).
"""

import logging
from collections.abc import Callable, Collection, Iterable, Sequence

import msgspec

from core.bus.interfaces import Bus
from core.domain.events import READY, RELATIONSHIP_ADD, USER_SETTINGS_UPDATE
from core.domain.people.relationship import Relationship
from core.runtime.clock import Clock
from core.runtime.metrics.metrics import Metrics
from core.wire.envelope import Envelope
from core.wire.objects.people.presence import PresenceObject
from core.wire.objects.people.session import SessionObject
from core.wire.objects.people.user_settings import UserSettingsObject
from gateway.commands.presence_command import PresenceUpdate
from gateway.events.event_meter import EventMeter
from gateway.scheduling.batch_timer import CallLater
from gateway.sessions.seat import Seat
from gateway.users.presence import Presence, from_command
from gateway.users.relations import Change, Relations
from gateway.users.settled_presence import begin_settled, read_settled, settled_in
from gateway.users.sharing import Sharing
from gateway.users.socket_grace import SocketGrace
from gateway.users.user_actor import Join
from gateway.users.user_actors import UserActors

logger = logging.getLogger(__name__)


class UserDirectory:
    """`actors` are those of the users with sessions, `shown` is what others are shown of them."""

    __slots__ = ("_clock", "_count", "_grace", "_on_block", "_relations", "_sharing", "actors", "shown")

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
        self._clock = clock
        self._count = meter.count
        self._grace = SocketGrace(grace_s=grace_s, call_later=call_later, on_end=self._end_grace)
        self._on_block = on_block
        self._relations = relations
        self._sharing: Sharing | None = None
        self.actors = UserActors(
            relations=relations, bus=bus, clock=clock, call_later=call_later, metrics=metrics, count=meter.count
        )
        self.shown = self.actors.shown

    def share(self, sharing: Sharing) -> None:
        """Have users in common with other workers, before there is any session."""
        self._sharing = sharing
        self.shown.share(sharing)

    def enter(self, session: Seat) -> None:
        """Seat a session that begins its login."""
        user_id, is_bot = session.user_id, session.profile.is_bot
        actor = self.actors.find_or_make(user_id, is_bot=is_bot)
        if not is_bot and not len(actor):
            self._relations.expect(user_id)
        actor.enter(session, began_ms=0 if self._sharing is None else self._clock.now_ms())
        self._note(user_id)

    def _note(self, user_id: int) -> None:
        """Let the user's home know of a change of a session here, if that may be another worker."""
        if self._sharing is not None:
            self._sharing.note(user_id)

    def _end_learning(self, session: Seat) -> None:
        if self._sharing is not None:
            self._sharing.end_learning(session)
            self._sharing.note(session.user_id)

    # -- what the user's sessions at other workers are

    def knows_all(self, session: Seat) -> bool:
        """Return whether everything is known of its user that READY needs. Otherwise `learn` waits for it."""
        return self._sharing is None or self._sharing.knows(session)

    async def learn(self, session: Seat) -> None:
        """Wait for what READY needs, as `Sharing.learn`."""
        if self._sharing is not None:
            await self._sharing.learn(session)

    def count_elsewhere(self, user_id: int) -> int:
        """Return the user's sessions at other workers that count in the limit, as far as that is known here."""
        return 0 if self._sharing is None else self._sharing.count_elsewhere(user_id)

    def end_lost_elsewhere(self, user_id: int) -> bool:
        """End the session at another worker that has no socket, if there is one. Return whether there was one."""
        return self._sharing is not None and self._sharing.end_lost(user_id)

    @property
    def relations(self) -> Relations:
        """The friends and blocks of the users."""
        return self._relations

    def note_entered(self, session: Seat, guild_ids: Collection[int], *, is_first: bool) -> None:
        """Note that a session is in these guilds. They are told its user's presence, if they did not know it.

        `is_first`: no session of the user was in them before. In a cluster that is known here and at the user's home.
        """
        if self._sharing is None:
            if is_first:
                self.shown.publish(session.user_id, guild_ids)
            return
        actor = self.actors.find(session.user_id)
        if actor is None or not guild_ids:
            return
        elsewhere = actor.elsewhere.guild_ids
        new = (each for each in guild_ids if actor.count_in(each) == 1 and each not in elsewhere)
        self.shown.tell_more_guilds(actor, new)
        self._note(actor.user_id)

    def note_moved(self, session: Seat, guild_id: int) -> None:
        """Note that a session is in a guild again whose next home may not know the user's presence of now."""
        self._note(session.user_id)
        self.shown.publish(session.user_id, [guild_id])

    def know_relationships(self, session: Seat, rows: Iterable[Relationship]) -> None:
        """Take the relationships of a person whose session was seated just now, as they were read."""
        self._relations.know(session.user_id, rows)

    def hidden_from(self, user_id: int) -> Collection[int]:
        """Return those whose presence a user does not see, because one of the two blocks the other."""
        return self._relations.hidden_from(user_id)

    def list_friends_presences(self, user_id: int) -> list[PresenceObject]:
        """Return the presences of those friends who are not offline."""
        return self.shown.list_friends(user_id)

    def hold(self, session: Seat, envelopes: Collection[Envelope]) -> None:
        """Hold events for the session's user that passed before it was seated."""
        for envelope in envelopes:
            self._relations.note(envelope)
        self.actors[session.user_id].hold(session, envelopes)

    def start(self, session: Seat) -> list[Join]:
        """Start a session that has a presence and its READY. Return the guilds that were joined meanwhile."""
        self._count(READY, 1)
        self._end_learning(session)
        return self.actors[session.user_id].start(session)

    def list_sessions(self, user_id: int) -> list[SessionObject]:
        """Return a person's sessions that are present, as the person's clients show them."""
        return self.actors[user_id].list_sessions()

    def set_presence(self, session: Seat, presence: PresenceUpdate | None) -> None:
        """Set the presence that a session's client asks for."""
        said = from_command(presence, now_ms=self._clock.now_ms())
        self.actors[session.user_id].set_presence(session, said)
        self._note(session.user_id)

    def plan_presence(self, session: Seat, presence: PresenceUpdate | None, settings: UserSettingsObject) -> None:
        """Note the presence with which a session begins: what its client asks for, or that of a person's settings."""
        now_ms = self._clock.now_ms()
        command = presence if session.profile.is_bot else begin_settled(presence, settled_in(settings), now_ms=now_ms)
        said = from_command(command, now_ms=now_ms)
        self.actors[session.user_id].plan_presence(session, said)

    def begin_presence(self, session: Seat) -> None:
        """Let the presence that was planned for a session count."""
        actor = self.actors[session.user_id]
        actor.set_presence(session, actor.presence_set_by(session))
        self._note(session.user_id)

    def presence_set_by(self, session: Seat) -> Presence:
        """Return the presence that a session's client has set."""
        return self.actors[session.user_id].presence_set_by(session)

    def held_for(self, session: Seat) -> Sequence[Envelope]:
        """Return the events that are held for a session that is seated and not started."""
        return self.actors[session.user_id].held_for(session)

    def take_back(self, session: Seat, presence: Presence) -> None:
        """Give a session that is seated again, but not started, the presence that it had."""
        self.actors[session.user_id].set_presence(session, presence)
        self._note(session.user_id)

    def replay(self, session: Seat, envelope: Envelope) -> None:
        """Send a session that is seated again an event of its user that it has missed."""
        self.actors[session.user_id].replay(session, envelope)

    def go_on(self, session: Seat) -> Sequence[Join]:
        """Pass held events on to a session that is seated again. The result is that of `start`."""
        self._note(session.user_id)
        return self.actors[session.user_id].start(session)

    def lose(self, session: Seat) -> None:
        """Start the grace time of a session whose socket is lost."""
        self.actors[session.user_id].set_lost(session, is_lost=True)
        self._note(session.user_id)
        self._grace.begin(session)

    def regain(self, session: Seat) -> None:
        """Note that a session has a socket again."""
        self._grace.cancel(session)
        actor = self.actors[session.user_id]
        actor.set_lost(session, is_lost=False)
        actor.set_present(session, is_present=True)
        self._note(session.user_id)

    def part(self, session: Seat) -> None:
        """Note that a session's client has closed it."""
        self._grace.cancel(session)
        self.actors[session.user_id].part(session)
        self._note(session.user_id)

    def leave(self, session: Seat) -> None:
        """Forget a session that has ended. It is still attached to its guilds, so that they are told."""
        self._grace.cancel(session)
        actor = self.actors.find(session.user_id)
        if actor is None:
            return
        self._end_learning(session)
        had = len(actor)
        actor.leave(session)
        if had and not len(actor):
            self._relations.forget(session.user_id)
            self.actors.note_left(actor)

    def deliver(self, envelope: Envelope) -> Sequence[Join]:
        """Hand an event to its user's actor, if there is one. The result is that of `UserActor.deliver`."""
        actor = self.actors.find(envelope.user_id)
        joins: Sequence[Join] = ()
        try:
            if actor is not None:
                joins = actor.deliver(envelope)
                if envelope.event == USER_SETTINGS_UPDATE:
                    actor.follow_settings(read_settled(envelope.payload), now_ms=self._clock.now_ms())
                    self._note(envelope.user_id)
            if envelope.event == RELATIONSHIP_ADD:
                self.shown.tell_of_added(envelope)
            change = self._relations.note(envelope)
        except msgspec.MsgspecError:
            logger.exception("an event has an unreadable payload", extra={"event": envelope.event})
            return ()
        if change is not None:
            self._tell_of_change(envelope.user_id, change)
        return joins

    def _tell_of_change(self, user_id: int, change: Change) -> None:
        """Tell a new friend's presence. Tell both ends of a block that the other is offline, and after it how it is."""
        if change.is_friend:
            self.shown.tell_of_new_friend(user_id, change.other_id)
        if change.is_blocked is not None:
            self._on_block(user_id, change.other_id, change.is_blocked)

    def publish_presence(self, user_id: int, guild_ids: Iterable[int]) -> None:
        """Tell these guilds the user's presence: offline, when the user has no session."""
        self.shown.publish(user_id, guild_ids)

    def publish_unseen(self, user_id: int, at_ms: int) -> None:
        """Publish since when others have seen a user as offline; nothing when they see the user now."""
        self.shown.publish_unseen(user_id, at_ms)

    def close(self) -> None:
        """Stop the timers."""
        self.actors.close()
        self._grace.close()

    def _end_grace(self, session: Seat) -> None:
        self.actors[session.user_id].set_present(session, is_present=False)
        self._note(session.user_id)
