"""The users with sessions: their actors, and what becomes of a change of their presences.

A user's actor lives from its first session's login to its last session's end. Presences go over the bus to the guilds'
shards, and to friends who have sessions (`gateway.users.presence_publishing`), and are not stored: a session that
attaches later brings its user's presence along, and READY names friends'. A session whose socket is lost counts as
present for `grace_s`, so that a quick resume does not show its user as offline for a moment. One that its client has
closed stays as long (`gateway.sessions.session_table`), and counts until a new session of the user says what it wants
to be seen as.

In a cluster only a user's home tells others of the user, and its actor there lives as long as the user has a session at
any worker (`gateway.roaming`).
"""

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Final

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
from gateway.events.recent import remember
from gateway.scheduling.batch_timer import CallLater, Handle
from gateway.sessions.seat import Seat
from gateway.users.account_presences import AccountPresences
from gateway.users.friend_presences import FriendPresences
from gateway.users.other_session import Elsewhere, OtherSession
from gateway.users.presence import (
    OFFLINE,
    MergedPresence,
    Presence,
    from_command,
    render_friends_presence,
    render_presence,
)
from gateway.users.presence_publishing import PresencePublishing
from gateway.users.relations import Change, Relations, read_new_friend
from gateway.users.session_news import SessionNews
from gateway.users.settled_presence import SettledPresence, begin_settled, read_settled
from gateway.users.sharing import Sharing
from gateway.users.user_actor import Join, UserActor

logger = logging.getLogger(__name__)

_encode = msgspec.json.Encoder().encode

_REMEMBERED_GONE: Final = 10_000
"""What workers say of a user that has another home arrives within seconds: those who have gone just before matter."""


class UserDirectory:
    __slots__ = (
        "_actors",
        "_call_later",
        "_clock",
        "_count",
        "_friend_presences",
        "_grace",
        "_grace_s",
        "_on_block",
        "_on_offline",
        "_on_presence",
        "_on_sessions",
        "_presences",
        "_publishing",
        "_relations",
        "_session_news",
        "_sharing",
        "_told_gone",
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
        self._call_later = call_later
        self._clock = clock
        self._grace_s = grace_s
        # All actors share these objects. An actor that made its own would be half as large again.
        self._presences = AccountPresences(clock=clock, call_later=call_later, tell=self._publish_change)
        self._on_presence = self._presences.note
        self._on_offline = self._publish_offline
        self._on_sessions = self._note_sessions
        self._count = meter.count
        self._actors: dict[int, UserActor] = {}
        self._told_gone: dict[int, None] = {}
        """Users of whom others were told here last that they are offline. A new home does not know of all sessions."""
        self._relations = relations
        self._on_block = on_block
        self._friend_presences = FriendPresences(bus=bus, call_later=call_later, is_here=self._actors.__contains__)
        self._grace: dict[str, Handle] = {}
        self._publishing = PresencePublishing(bus=bus, clock=clock, metrics=metrics, friends=self._friend_presences)
        self._sharing: Sharing | None = None
        self._session_news = SessionNews(tell=self._tell_sessions, call_later=call_later)

    def share(self, sharing: Sharing) -> None:
        """Have users in common with other workers, before there is any session."""
        self._sharing = self._publishing.sharing = sharing

    def enter(self, session: Seat) -> None:
        """Seat a session that begins its login."""
        user_id, is_bot = session.user_id, session.profile.is_bot
        actor = self._actors.get(user_id)
        if actor is None:
            actor = self._make(user_id, is_bot=is_bot)
        if not is_bot and not len(actor):
            self._relations.expect(user_id)
        actor.enter(session, began_ms=0 if self._sharing is None else self._clock.now_ms())
        self._note(user_id)

    def _make(self, user_id: int, *, is_bot: bool) -> UserActor:
        self._told_gone.pop(user_id, None)
        actor = self._actors[user_id] = UserActor(
            user_id,
            is_bot=is_bot,
            on_presence=self._on_presence,
            on_offline=self._on_offline,
            on_sessions=self._on_sessions,
            count=self._count,
        )
        return actor

    def _note(self, user_id: int) -> None:
        """Let the user's home know of a change of a session here, if that may be another worker."""
        if self._sharing is not None:
            self._sharing.note(user_id)

    def _end_learning(self, session: Seat) -> None:
        if self._sharing is not None:
            self._sharing.end_learning(session)
            self._sharing.note(session.user_id)

    def _tells(self, user_id: int) -> bool:
        """Return whether it is here that others are told of the user."""
        return self._sharing is None or self._sharing.is_home(user_id)

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

    def find(self, user_id: int) -> UserActor | None:
        """Find the actor of a user with sessions."""
        return self._actors.get(user_id)

    def has_session(self, user_id: int, session_id: str) -> bool:
        """Return whether the user has this session, here or, as far as that is known here, at another worker."""
        actor = self._actors.get(user_id)
        if actor is None:
            return False
        here = any(session.id == session_id for session in actor.sessions())
        return here or any(other.session_id == session_id for other in actor.elsewhere.sessions)

    def __iter__(self) -> Iterator[UserActor]:
        return iter(list(self._actors.values()))

    def know_elsewhere(
        self,
        user_id: int,
        sessions: Sequence[OtherSession],
        guild_ids: Collection[int] = (),
        *,
        is_bot: bool,
        is_told: bool = False,
    ) -> None:
        """Take what is known of a user's sessions at other workers, and at the user's home, in which guilds they are.

        `is_told`: others have been told of the user by an earlier home, and are not told again.
        """
        actor = self._actors.get(user_id)
        if actor is None:
            if not sessions:
                return
            is_told = is_told and user_id not in self._told_gone
            actor = self._make(user_id, is_bot=is_bot)
        else:
            is_told = False
        covered, presence = actor.guild_ids(), actor.presence
        told, known = frozenset(guild_ids), tuple(sessions)
        # Guilds that the user is leaving are told how that has ended.
        on_presence = actor.replace_listener(_tell_nobody) if is_told else None
        actor.know_elsewhere(Elsewhere(known, told | actor.elsewhere.guild_ids))
        actor.elsewhere = Elsewhere(known, told)
        if on_presence is not None:
            actor.replace_listener(on_presence)
        elif actor.presence == presence != OFFLINE and self._tells(user_id):
            self._publishing.tell_guilds(user_id, presence, sorted(told - covered))
        self._drop_if_gone(actor)

    def note_entered(self, session: Seat, guild_ids: Collection[int], *, is_first: bool) -> None:
        """Note that a session is in these guilds. They are told its user's presence, if they did not know it.

        `is_first`: no session of the user was in them before. In a cluster that is known here and at the user's home.
        """
        if self._sharing is None:
            if is_first:
                self.publish_presence(session.user_id, guild_ids)
            return
        actor = self._actors.get(session.user_id)
        if actor is None or not guild_ids:
            return
        if self._tells(actor.user_id) and actor.presence != OFFLINE:
            new = [each for each in guild_ids if actor.count_in(each) == 1 and each not in actor.elsewhere.guild_ids]
            self._publishing.tell_guilds(actor.user_id, actor.presence, new)
        self._note(actor.user_id)

    def note_moved(self, session: Seat, guild_id: int) -> None:
        """Note that a session is in a guild again whose next home may not know the user's presence of now."""
        self._note(session.user_id)
        self.publish_presence(session.user_id, [guild_id])

    def know_relationships(self, session: Seat, rows: Iterable[Relationship]) -> None:
        """Take the relationships of a person whose session was seated just now, as they were read."""
        self._relations.know(session.user_id, rows)

    def hidden_from(self, user_id: int) -> Collection[int]:
        """Return those whose presence a user does not see, because one of the two blocks the other."""
        return self._relations.hidden_from(user_id)

    def list_friends_presences(self, user_id: int) -> list[PresenceObject]:
        """Return the presences of those friends who are not offline."""
        here = [(friend_id, self._actors.get(friend_id)) for friend_id in sorted(self._relations.friends_of(user_id))]
        found = [
            render_friends_presence(friend_id, actor.presence)
            for friend_id, actor in here
            if actor is not None and actor.presence != OFFLINE and self._tells(friend_id)
        ]
        return found if self._sharing is None else [*found, *self._sharing.friends_elsewhere(user_id)]

    def hold(self, session: Seat, envelopes: Collection[Envelope]) -> None:
        """Hold events for the session's user that passed before it was seated."""
        for envelope in envelopes:
            self._relations.note(envelope)
        self._actors[session.user_id].hold(session, envelopes)

    def start(self, session: Seat) -> list[Join]:
        """Start a session that has a presence and its READY. Return the guilds that were joined meanwhile."""
        self._count(READY, 1)
        self._end_learning(session)
        return self._actors[session.user_id].start(session)

    def list_sessions(self, user_id: int) -> list[SessionObject]:
        """Return a person's sessions that are present, as the person's clients show them."""
        return self._actors[user_id].list_sessions()

    def set_presence(self, session: Seat, presence: PresenceUpdate | None) -> None:
        """Set the presence that a session's client asks for."""
        said = from_command(presence, now_ms=self._clock.now_ms())
        self._actors[session.user_id].set_presence(session, said)
        self._note(session.user_id)

    def plan_presence(self, session: Seat, presence: PresenceUpdate | None, settings: UserSettingsObject) -> None:
        """Note the presence with which a session begins: what its client asks for, or that of a person's settings."""
        command = presence if session.profile.is_bot else self._settle(presence, settings)
        said = from_command(command, now_ms=self._clock.now_ms())
        self._actors[session.user_id].plan_presence(session, said)

    def begin_presence(self, session: Seat) -> None:
        """Let the presence that was planned for a session count."""
        actor = self._actors[session.user_id]
        actor.set_presence(session, actor.presence_set_by(session))
        self._note(session.user_id)

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
        self._note(session.user_id)

    def replay(self, session: Seat, envelope: Envelope) -> None:
        """Send a session that is seated again an event of its user that it has missed."""
        self._actors[session.user_id].replay(session, envelope)

    def go_on(self, session: Seat) -> Sequence[Join]:
        """Pass held events on to a session that is seated again. The result is that of `start`."""
        self._note(session.user_id)
        return self._actors[session.user_id].start(session)

    def lose(self, session: Seat) -> None:
        """Start the grace time of a session whose socket is lost."""
        self._cancel_grace(session)
        self._actors[session.user_id].set_lost(session, is_lost=True)
        self._note(session.user_id)
        self._grace[session.id] = self._call_later(self._grace_s, lambda: self._end_grace(session))

    def regain(self, session: Seat) -> None:
        """Note that a session has a socket again."""
        self._cancel_grace(session)
        actor = self._actors[session.user_id]
        actor.set_lost(session, is_lost=False)
        actor.set_present(session, is_present=True)
        self._note(session.user_id)

    def part(self, session: Seat) -> None:
        """Note that a session's client has closed it."""
        self._cancel_grace(session)
        self._actors[session.user_id].part(session)
        self._note(session.user_id)

    def leave(self, session: Seat) -> None:
        """Forget a session that has ended. It is still attached to its guilds, so that they are told."""
        self._cancel_grace(session)
        actor = self._actors.get(session.user_id)
        if actor is None:
            return
        self._end_learning(session)
        had = len(actor)
        actor.leave(session)
        if had and not len(actor):
            self._session_news.forget(session.user_id)
            self._relations.forget(session.user_id)
            self._drop_if_gone(actor)

    def _drop_if_gone(self, actor: UserActor) -> None:
        """Forget a user without sessions. Those elsewhere count at the user's home alone."""
        if len(actor) or (actor.elsewhere.sessions and self._tells(actor.user_id)):
            return
        if self._actors.get(actor.user_id) is actor:
            del self._actors[actor.user_id]
            self._presences.forget(actor.user_id)
            if self._tells(actor.user_id):
                self._note_told_gone(actor.user_id)

    def deliver(self, envelope: Envelope) -> Sequence[Join]:
        """Hand an event to its user's actor, if there is one. The result is that of `UserActor.deliver`."""
        actor = self._actors.get(envelope.user_id)
        joins: Sequence[Join] = ()
        try:
            if actor is not None:
                joins = actor.deliver(envelope)
                if envelope.event == USER_SETTINGS_UPDATE:
                    actor.follow_settings(read_settled(envelope.payload), now_ms=self._clock.now_ms())
                    self._note(envelope.user_id)
            if self._sharing is not None and envelope.event == RELATIONSHIP_ADD:
                self._tell_new_friend(envelope)
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
        if change.is_friend and self._sharing is None and other is not None and other.presence != OFFLINE:
            self._friend_presences.tell(other.user_id, other.presence, user_id)
        if change.is_blocked is not None:
            self._on_block(user_id, change.other_id, change.is_blocked)

    def _tell_new_friend(self, envelope: Envelope) -> None:
        """Tell a user, wherever its sessions are, the presence of a new friend whose home is here."""
        friend_id = read_new_friend(envelope)
        actor = self._actors.get(friend_id)
        if actor is not None and actor.presence != OFFLINE and self._tells(friend_id):
            self._friend_presences.tell_anyway(friend_id, actor.presence, envelope.user_id)

    def find_presence(self, user_id: int) -> msgspec.Raw | None:
        """Return the user's presence as in GUILD_CREATE, None when offline."""
        actor = self._actors.get(user_id)
        if actor is None or actor.presence == OFFLINE:
            return None
        return msgspec.Raw(_encode(render_presence(user_id, actor.presence)))

    def publish_presence(self, user_id: int, guild_ids: Iterable[int]) -> None:
        """Tell these guilds the user's presence: offline, when the user has no session."""
        if self._sharing is not None and not self._sharing.is_home(user_id):
            self._sharing.tell_guilds(user_id, guild_ids)
            return
        actor = self._actors.get(user_id)
        if actor is None:
            self._note_told_gone(user_id)
        self._publishing.tell_guilds(user_id, OFFLINE if actor is None else actor.presence, guild_ids)

    def _note_told_gone(self, user_id: int) -> None:
        if self._sharing is not None:
            remember(self._told_gone, user_id, None, most=_REMEMBERED_GONE)

    def publish_unseen(self, user_id: int, at_ms: int) -> None:
        """Publish since when others have seen a user as offline; nothing when they see the user now."""
        if self._sharing is not None and not self._sharing.is_home(user_id):
            self._sharing.tell_unseen(user_id, at_ms)
        else:
            self._publishing.tell_unseen(user_id, at_ms)

    def tell_friends(self, user_id: int, presence: MergedPresence, friend_ids: Collection[int]) -> None:
        """Tell those of the friends whose home is here, and who have sessions, a user's presence."""
        self._friend_presences.put(user_id, presence, friend_ids)

    def tell_anew(self, user_id: int) -> None:
        """Tell others a user's presence, of which an earlier home of the user may not have told them."""
        actor = self._actors.get(user_id)
        if actor is not None:
            self._publish_change(actor)

    def tell_all_friends(self, user_id: int) -> None:
        """Tell a user's friends the presence, when they have only now become known here."""
        actor = self._actors.get(user_id)
        if actor is not None and actor.presence != OFFLINE and self._tells(user_id):
            self._publishing.tell_friends(user_id, actor.presence, self._relations.friends_of(user_id))

    def _publish_change(self, actor: UserActor) -> None:
        """Tell others of a presence that has changed, at the user's home."""
        if self._tells(actor.user_id):
            if actor.presence == OFFLINE:
                self._note_told_gone(actor.user_id)
            friend_ids = self._relations.friends_of(actor.user_id)
            self._publishing.tell_change(actor.user_id, actor.presence, actor.guild_ids(), friend_ids)
        else:
            self._publishing.forget(actor.user_id)

    def _note_sessions(self, actor: UserActor) -> None:
        if len(actor):
            self._session_news.note(actor.user_id)

    def _tell_sessions(self, user_id: int) -> int:
        return self._actors[user_id].tell_sessions()

    def _publish_offline(self, actor: UserActor) -> None:
        if self._tells(actor.user_id):
            self._publishing.tell_offline(actor.user_id)

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
        self._note(session.user_id)


def _tell_nobody(_actor: UserActor) -> None:
    """Stand for the listener of a presence that others know already."""
