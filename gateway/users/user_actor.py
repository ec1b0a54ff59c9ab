"""The user actor: a user's sessions, the events that are for the user alone, and the presence that the sessions make.

A session takes its place here as soon as its login knows the user, and its events are held until READY is sent. So an
event during the login is neither missed nor sent before READY. When the user has joined a guild, the actor returns the
sessions that are to enter it, at once or when their READY is sent. The user's shard tells of a join (GUILD_JOINED) and
the guild's shard does (GUILD_MEMBER_ADD), and in a cluster either may come first. The one that comes first counts, so
that no message in between is missed.

A user may have many sessions, and nothing that they do may cost more than linear in their number. So SESSIONS_REPLACE
(to people alone) is not sent at each change. The actor says that something has changed, and is asked for the newest
state a while later (`gateway.users.session_news`). It lists the newest `MAX_SESSIONS_TOLD` sessions.

In a cluster a user may have sessions at other workers too (`gateway.roaming`). The actor merges what is known of them
with its own; events go to its own alone.

Owns the places and the merged presence. Synchronous throughout.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

import msgspec

from core.domain.events import (
    CHANNEL_CREATE,
    GUILD_JOINED,
    GUILD_MEMBER_ADD,
    INTERNAL_EVENTS,
    SESSIONS_REPLACE,
    required_intent,
)
from core.wire.envelope import NO_ID, Envelope
from core.wire.internal_events import parse_joined
from core.wire.objects.people.session import SessionObject
from gateway.events.recent import remember
from gateway.payloads.dispatch_body import DispatchBody
from gateway.sessions.fanout import MessageVariants
from gateway.sessions.seat import Seat
from gateway.users.other_session import NOWHERE, Elsewhere, OtherSession
from gateway.users.place import Place, describe_place
from gateway.users.presence import OFFLINE, MergedPresence, Presence, merge_presences, unite_activities
from gateway.users.presence_tally import PresenceTally
from gateway.users.settled_presence import SettledPresence, follow_settings

FEW_SESSIONS: Final = 8
"""Up to here presences are merged one by one. With more sessions they are counted."""

_REMEMBERED_IDS: Final = 256
"""The number of envelopes known by id, as in a guild's actor. A user has fewer events."""
_PEOPLES_EVENTS: Final = frozenset({CHANNEL_CREATE})
"""The events of a user that bots do not get. Since v8 they learn of a direct channel by its first message, and typed
libraries (hikari, for one) take CHANNEL_CREATE for a guild's channel."""

_JOINS: Final = frozenset({GUILD_JOINED, GUILD_MEMBER_ADD})
"""The events by which a user has joined a guild. The second one is the guild's, which tells others of it."""

MAX_SESSIONS_TOLD: Final = 50
"""More sessions than anybody has devices. A list of all would cost the square of their number."""

_encode = msgspec.json.Encoder().encode


class Join(NamedTuple):
    """A session is to enter a guild that its user has joined."""

    session: Seat
    guild_id: int


class UserActor:
    __slots__ = (
        "_count",
        "_is_online",
        "_on_offline",
        "_on_presence",
        "_on_sessions",
        "_places",
        "_recent",
        "_tally",
        "elsewhere",
        "is_bot",
        "presence",
        "present",
        "user_id",
    )

    def __init__(
        self,
        user_id: int,
        *,
        is_bot: bool,
        on_presence: Callable[["UserActor"], None],
        on_offline: Callable[["UserActor"], None],
        on_sessions: Callable[["UserActor"], None],
        count: Callable[[str, int], None],
    ) -> None:
        """`on_presence` is called when the merged presence has changed, `count` when an event was dispatched.

        `on_offline` is called when no session is present any more, nor about to be. `on_sessions` is called when a
        person's sessions are to be told of each other, which `tell_sessions` does.
        """
        self.user_id = user_id
        self.is_bot = is_bot
        self.presence: MergedPresence = OFFLINE
        self.elsewhere: Elsewhere = NOWHERE
        """What is known of the user's sessions at other workers. Set by `know_elsewhere`."""
        self._count = count
        self._is_online = False
        self._on_offline = on_offline
        self._on_presence = on_presence
        self._on_sessions = on_sessions
        self.present = 0
        """The number of sessions that are present."""
        self._places: list[Place] = []
        self._tally: PresenceTally | None = None
        """The presences that count, once there are many sessions."""
        self._recent: dict[int, None] | None = None
        """The envelopes known by id, once there was one."""

    def __len__(self) -> int:
        return len(self._places)

    def sessions(self) -> list[Seat]:
        """Return the sessions with a place, with and without READY."""
        return [place.session for place in self._places]

    def guild_ids(self) -> set[int]:
        """Return the guilds that the user's sessions are attached to, as far as that is known of those elsewhere."""
        return self.guild_ids_here() | self.elsewhere.guild_ids

    def guild_ids_here(self) -> set[int]:
        """Return the guilds that the user's sessions at this worker are attached to."""
        return {guild_id for place in self._places for guild_id in place.session.slots}

    def count_in(self, guild_id: int) -> int:
        """Return the number of sessions at this worker that are attached to a guild."""
        return sum(guild_id in place.session.slots for place in self._places)

    def replace_listener(self, on_presence: Callable[["UserActor"], None]) -> Callable[["UserActor"], None]:
        """Let another listener be told when the merged presence has changed. Return the one before."""
        before, self._on_presence = self._on_presence, on_presence
        return before

    @property
    def session_count(self) -> int:
        """The number of the user's sessions at all workers, as far as they are known."""
        return len(self._places) + len(self.elsewhere.sessions)

    # -- sessions

    def enter(self, session: Seat, *, began_ms: int = 0) -> None:
        """Give a session a place. Its events are held until `start`."""
        self._places.append(Place(session, began_ms))
        if self._tally is None and len(self._places) > FEW_SESSIONS:
            self._tally = PresenceTally(self._said())

    def hold(self, session: Seat, envelopes: Iterable[Envelope]) -> None:
        """Hold events that passed before the session was seated. It gets them after READY as well."""
        held = self._place_of(session).held
        assert held is not None, "READY is still to come"  # noqa: S101 - or they would be out of order
        held.extend(envelopes)

    def start(self, session: Seat) -> list[Join]:
        """Pass held events on after READY, and hold nothing more. Return the guilds that were joined meanwhile."""
        place = self._place_of(session)
        held, place.held = place.held or (), None
        joins: list[Join] = []
        for envelope in held:
            if envelope.event in _JOINS:
                joins += self._joins(envelope, [place])
            else:
                self._pass_on(place, envelope)
        return joins

    def held_for(self, session: Seat) -> Sequence[Envelope]:
        """Return the events that are held for a session."""
        return tuple(self._place_of(session).held or ())

    def replay(self, session: Seat, envelope: Envelope) -> None:
        """Send a session an event that passed before it was here."""
        self._pass_on(self._place_of(session), envelope)

    def presence_set_by(self, session: Seat) -> Presence:
        """Return the presence that a session has set."""
        return self._place_of(session).presence

    def plan_presence(self, session: Seat, presence: Presence) -> None:
        """Note the presence that a session will begin with (`set_presence`)."""
        self._place_of(session).presence = presence

    def foresee_presence(self, session: Seat) -> MergedPresence:
        """Return what the user's presence is once a session is present."""
        place = self._place_of(session)
        said = self._said_everywhere()
        return merge_presences(said if place.is_present else [*said, (session.profile.platform, place.presence)])

    def set_presence(self, session: Seat, presence: Presence) -> None:
        """Set the presence of a session."""
        place = self._place_of(session)
        begins = not place.is_present
        self._change(place, presence=presence, is_present=True)
        if begins:
            self._drop_parted()
        self._notice_offline()

    def follow_settings(self, settled: SettledPresence, *, now_ms: int) -> None:
        """Set the presence of all sessions after a change of the person's settings."""
        for place in self._places:
            presence = follow_settings(place.presence, settled, now_ms=now_ms)
            if presence != place.presence:
                self._change(place, presence=presence, is_present=place.is_present)
                place.session.note_changed()

    def set_present(self, session: Seat, *, is_present: bool) -> None:
        """Set whether the session's presence counts: not when its socket has been lost for a while."""
        place = self._place_of(session)
        self._change(place, presence=place.presence, is_present=is_present)
        self._notice_offline()

    def set_lost(self, session: Seat, *, is_lost: bool) -> None:
        """Note that a session has no socket, or has one again."""
        place = self._find_place(session)
        if place is not None:
            place.is_lost = is_lost

    def part(self, session: Seat) -> None:
        """Note that a session's client has closed it. Its presence counts until another session begins to have one."""
        self._place_of(session).has_parted = True

    def leave(self, session: Seat) -> None:
        """Take the session's place away. No error when it has none."""
        place = self._find_place(session)
        if place is not None:
            self._change(place, presence=place.presence, is_present=False)
            self._places.remove(place)
            if len(self._places) <= FEW_SESSIONS:
                self._tally = None
            self._notice_offline()

    def know_elsewhere(self, elsewhere: Elsewhere) -> None:
        """Take what is known of the user's sessions at other workers."""
        before, self.elsewhere = self.elsewhere, elsewhere
        if before.sessions == elsewhere.sessions:
            return
        begun = {each.session_id for each in elsewhere.sessions if each.counts}
        if begun - {each.session_id for each in before.sessions if each.counts}:
            self._drop_parted()
        self._follow_change(self.present + max(before.present, elsewhere.present))
        self._notice_offline()

    def describe(self) -> list[OtherSession]:
        """Return the sessions here, as other workers need them."""
        return [describe_place(place) for place in self._places]

    def _drop_parted(self) -> None:
        for place in self._places:
            if place.has_parted and place.is_present:
                self._change(place, presence=place.presence, is_present=False)

    def _find_place(self, session: Seat) -> Place | None:
        """Find a session's place by a walk: a person has few, a bot one for each client shard."""
        return next((place for place in self._places if place.session is session), None)

    def _place_of(self, session: Seat) -> Place:
        place = self._find_place(session)
        if place is None:
            raise KeyError(session.id)
        return place

    def _change(self, place: Place, *, presence: Presence, is_present: bool) -> None:
        if place.presence == presence and place.is_present == is_present:
            return
        present_before = self.present
        self.present += is_present - place.is_present
        platform = place.session.profile.platform
        if self._tally is not None and place.is_present:
            self._tally.drop(platform, place.presence)
        place.presence, place.is_present = presence, is_present
        if self._tally is not None and is_present:
            self._tally.add(platform, presence)
        self._follow_change(max(present_before, self.present) + self.elsewhere.present)

    def _follow_change(self, most_present: int) -> None:
        """Tell what has changed with a session. `most_present` are the present ones before or after, if more."""
        merged = self._merge()
        if merged != self.presence:
            self.presence = merged
            self._on_presence(self)
        if not self.is_bot and most_present > 1:
            self._on_sessions(self)

    def _said(self) -> list[tuple[str, Presence]]:
        return [(place.session.profile.platform, place.presence) for place in self._places if place.is_present]

    def _said_everywhere(self) -> list[tuple[str, Presence]]:
        if not self.elsewhere.sessions:
            return self._said()
        present = [each for each in self._everywhere() if each.is_present]
        return [(each.platform, each.presence) for each in present]

    def _everywhere(self) -> list[OtherSession]:
        """Return the sessions of all workers, the oldest first."""
        return sorted([*self.elsewhere.sessions, *self.describe()], key=lambda each: (each.began_ms, each.session_id))

    def _merge(self) -> MergedPresence:
        """Merge the presences. Of many sessions those are read that have activities, if there are any."""
        if self._tally is None or self.elsewhere.sessions:
            return merge_presences(self._said_everywhere())
        merged = merge_presences(self._tally.kinds())
        if merged is OFFLINE or not self._tally.busy:
            return merged
        said = (place.presence for place in reversed(self._places) if place.is_present)
        return msgspec.structs.replace(merged, activities=unite_activities(said))

    def _notice_offline(self) -> None:
        """Tell when the user goes offline. An invisible user is present; a login under way keeps the user online."""
        if self.present or self.elsewhere.present:
            self._is_online = True
        elif self._is_online and self.elsewhere.is_ready and all(place.held is None for place in self._places):
            self._is_online = False
            self._on_offline(self)

    def tell_sessions(self) -> int:
        """Tell a person's sessions of each other. Return the number of bytes, as JSON."""
        payload = _encode(self.list_sessions())
        body = DispatchBody(SESSIONS_REPLACE, payload)
        told = [
            place.session
            for place in self._places
            if place.held is None and not place.has_parted and place.session.wants_user_events
        ]
        for session in told:
            session.dispatch(body)
        self._count(SESSIONS_REPLACE, len(told))
        return len(payload) * len(told)

    def list_sessions(self) -> list[SessionObject]:
        """Return the newest sessions that are present, as the user's own clients show them."""
        if self.elsewhere.sessions:
            counted = [each for each in self._everywhere() if each.counts]
        else:
            here = [place for place in self._places if place.is_present and not place.has_parted]
            counted = [describe_place(place) for place in here[-MAX_SESSIONS_TOLD:]]
        return [each.render() for each in counted[-MAX_SESSIONS_TOLD:]]

    # -- events

    def deliver(self, envelope: Envelope) -> Sequence[Join]:
        """Take an event for the user, or GUILD_MEMBER_ADD about it. Return the sessions that are to enter a guild.

        Raises:
            msgspec.MsgspecError: when an internal event's payload cannot be read.
        """
        if self._is_known(envelope.id):
            return ()
        started = []
        for place in self._places:
            if place.held is None:
                started.append(place)
            else:
                place.held.append(envelope)
        if envelope.event in _JOINS:
            return self._joins(envelope, started)
        variants = self._variants(envelope) if started else None
        for place in started:
            self._pass_on(place, envelope, variants)
        return ()

    def _is_known(self, envelope_id: int) -> bool:
        """Return whether the envelope was delivered before, and remember it. One without an id comes once."""
        if envelope_id == NO_ID:
            return False
        if self._recent is None:
            self._recent = {}
        if envelope_id in self._recent:
            return True
        remember(self._recent, envelope_id, None, most=_REMEMBERED_IDS)
        return False

    def _joins(self, envelope: Envelope, places: Iterable[Place]) -> list[Join]:
        guild_id = envelope.guild_id or parse_joined(envelope.payload)
        return [Join(place.session, guild_id) for place in places if place.session.wants_guild(guild_id)]

    def _variants(self, envelope: Envelope) -> MessageVariants:
        body = DispatchBody(envelope.event, envelope.payload)
        # Direct messages show their content whatever the intents are. The nonce is for the author alone.
        return MessageVariants(body, author_id=envelope.author_id, mention_ids=(), is_direct=True)

    def _pass_on(self, place: Place, envelope: Envelope, variants: MessageVariants | None = None) -> None:
        session = place.session
        if envelope.session_id not in ("", session.id):
            return
        if envelope.event in INTERNAL_EVENTS or (self.is_bot and envelope.event in _PEOPLES_EVENTS):
            return
        needed = required_intent(envelope.event, in_guild=False)
        if needed and not session.intents & needed:
            return
        if session.wants_user_events:
            session.dispatch((variants or self._variants(envelope)).variant_for(session))
            self._count(envelope.event, 1)
