"""The guild actor: the one writer of a guild's live state, and the one that decides who gets which of its events.

```
 envelope ─→ known already? ─→ state ─→ recipients ─→ dispatch ─→ notices of views that changed
                                 │ a change                       CHANNEL_CREATE / CHANNEL_DELETE
                                 └─→ every observer: view index, parts of GUILD_CREATE, member lists, presences
```

The state alone knows what an event changes. All parts that keep something derived from it (`OBSERVERS`) are told in one
place, and a handler says only who gets the event.

Everything here is synchronous. Nothing happens between two events, so a revoked view is gone before the next event, and
a session that attaches sees the guild as of exactly one position. `guild_directory` loads actors and drops idle ones.

Owns the state, and the table of the sessions with their views.
"""

import operator
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

import msgspec

from core.bus.interfaces import Delivery
from core.domain.events import (
    CHANNEL_CREATE,
    CHANNEL_DELETE,
    CHANNEL_PINS_UPDATE,
    CHANNEL_UPDATE,
    CONTENT_EVENTS,
    GUILD_DELETE,
    GUILD_MEMBER_ADD,
    GUILD_MEMBER_REMOVE,
    GUILD_MEMBER_UPDATE,
    GUILD_ROLE_CREATE,
    GUILD_ROLE_DELETE,
    GUILD_ROLE_UPDATE,
    GUILD_UPDATE,
    INTERNAL_EVENTS,
    MEMBER_EVENTS,
    MESSAGE_CREATE,
    PRESENCE_UPDATE,
    STAGE_INSTANCE_CREATE,
    STAGE_INSTANCE_DELETE,
    STAGE_INSTANCE_UPDATE,
    VOICE_STATE_UPDATE,
)
from core.domain.ids import created_ms
from core.runtime.clock import Clock
from core.wire.envelope import Envelope
from core.wire.objects.people.presence import PresenceObject, PresenceUser
from core_ext.guild import SlotSet
from gateway.events.recent import remember
from gateway.guilds import attention, guild_parts, guild_views, online_count, presence_batches, voice_watch
from gateway.guilds.attendance import Attendance
from gateway.guilds.attention import Attention
from gateway.guilds.channel_notices import ChannelNotices
from gateway.guilds.guild_create import GuildCreates
from gateway.guilds.guild_parts import GuildParts
from gateway.guilds.guild_sessions import GuildSessions
from gateway.guilds.guild_views import GuildViews
from gateway.guilds.hiding import HiddenFrom, hides_nobody
from gateway.guilds.online_count import OnlineCount
from gateway.guilds.passive_sessions import LargeGuilds
from gateway.guilds.presence_batches import PresenceBatches, PresencePace
from gateway.guilds.recipients import Recipients
from gateway.guilds.state.guild_changes import (
    MESSAGE_ADDED,
    Change,
    ChannelPut,
    FindObserver,
    MessageAdded,
    Reactions,
    bind_reactions,
    join_reactions,
)
from gateway.guilds.state.guild_state import APPLIERS, GuildState
from gateway.guilds.state.member_table import Fields
from gateway.guilds.voice_notices import VoiceNotices
from gateway.guilds.voice_watch import VoiceWatch
from gateway.payloads.dispatch_body import DispatchBody
from gateway.scheduling.batch_timer import CallLater
from gateway.sessions.fanout import MessageVariants
from gateway.sessions.seat import Seat
from gateway.voice.interfaces import VoiceEnds
from gateway.voice.voice_ends import NO_ENDS

_REMEMBERED_IDS: Final = 1024
"""The number of envelopes known by id. A repeat comes soon after the first: a retry, or a publication that was
doubtful."""

_encode = msgspec.json.Encoder().encode
_decode_fields = msgspec.json.Decoder(Fields).decode


class GuildActor:
    """`attendance` lets sessions in and out.

    `position` and `revision` are those of the last event in it. An actor begins with its snapshot's revision, and at
    position 0, since a snapshot has no place in the log.
    """

    __slots__ = (
        "_hidden_from",
        "_message_reactions",
        "_notices",
        "_online",
        "_parts",
        "_recent",
        "_recipients",
        "_views",
        "_voice",
        "attendance",
        "attention",
        "position",
        "presence_batches",
        "revision",
        "sessions",
        "state",
        "voice_watch",
    )

    def __init__(  # noqa: PLR0913 - what a guild shares with all others
        self,
        state: GuildState,
        *,
        revision: int,
        clock: Clock,
        call_later: CallLater,
        on_dispatch: Callable[[str, int], None] | None = None,
        on_online: Callable[[int, int], None] | None = None,
        large: LargeGuilds | None = None,
        pace: PresencePace | None = None,
        hidden_from: HiddenFrom = hides_nobody,
        voice_ends: VoiceEnds = NO_ENDS,
    ) -> None:
        """`large` says when sessions of people are passive. `call_later` is the event loop's.

        `pace` is what the presences of all guilds share. `on_online` takes the guild's id and how many members are
        online, whenever that may have changed. `hidden_from` says whose presence a user does not see.
        `voice_ends` takes the voice states that may be over.
        """
        self.state = state
        self.revision = revision
        self.position = 0
        self.sessions = GuildSessions(guild_id=state.guild_id, channel_ids=state.channels, on_dispatch=on_dispatch)
        self._hidden_from = hidden_from
        self._views = GuildViews(state, self.sessions)
        self._parts = GuildParts(state)
        self._online = OnlineCount(state, on_online)
        self._voice = VoiceNotices(state, self.sessions)
        self.voice_watch = VoiceWatch(state, clock=clock, ends=voice_ends)
        self._notices = ChannelNotices(state, self.sessions, self._views, self._voice)
        self._recent: dict[int, None] = {}
        self.attention = Attention(
            state=state,
            sessions=self.sessions,
            viewable=self._views.viewable,
            readers=self._views.readers,
            large=large,
            call_later=call_later,
            hidden_from=hidden_from,
        )
        self.attendance = Attendance(
            state=state,
            sessions=self.sessions,
            views=self._views,
            creates=GuildCreates(state, self._parts, hidden_from=hidden_from),
            attention=self.attention,
            tell=self._tell,
            voice=self.voice_watch,
        )
        self._recipients = Recipients(
            state=state, sessions=self.sessions, views=self._views, attention=self.attention, clock=clock
        )
        self.presence_batches = PresenceBatches(
            viewers=self, pace=pace or PresencePace(clock=clock, call_later=call_later)
        )
        self.voice_watch.check_all()
        self._message_reactions = bind_reactions(_REACTIONS, MessageAdded, self)

    @property
    def guild_id(self) -> int:
        """The guild's id."""
        return self.state.guild_id

    @property
    def is_gone(self) -> bool:
        """Whether the guild was deleted."""
        return self.attendance.is_over

    def presence_of(self, user_id: int) -> msgspec.Raw | None:
        """Return the presence of a user as in GUILD_CREATE, None when offline."""
        return self.state.presences.get(user_id)

    def viewable_by(self, user_id: int) -> frozenset[int]:
        """Return the channels that a user may view: none, when the user's membership is not kept here."""
        member = self.state.members.find(user_id)
        return frozenset() if member is None else self._views.viewable(member)

    def close(self) -> None:
        """Stop the timers."""
        self.attention.close()
        self.presence_batches.close()

    def apply(self, delivery: Delivery) -> None:
        """Apply the next event of the guild and dispatch it. Events that are in the state already are ignored.

        Raises:
            msgspec.MsgspecError: when the payload is not what the event's name says. Nothing was changed or sent.
        """
        envelope = delivery.envelope
        if self.is_gone:
            return
        if delivery.position:
            if delivery.position <= self.position or 0 < delivery.revision <= self.revision:
                return
            self.position = delivery.position
            self.revision = delivery.revision or self.revision
            if not self._is_first(envelope.id):
                return
        handler = _HANDLERS.get(envelope.event)
        if handler is not None:
            handler(self, envelope)
        elif envelope.event not in INTERNAL_EVENTS:
            self._dispatch(envelope, self._recipients.find(envelope))

    def _take_in(self, envelope: Envelope) -> Change | None:
        """Change the state by an event, and tell all observers what has changed."""
        change = self.state.apply(envelope)
        self._tell(change)
        return change

    def _tell(self, change: Change | None) -> None:
        if change is not None:
            for find_observer, react in _REACTIONS[type(change)]:
                react(find_observer(self), change)

    def replay_to(self, session: Seat, envelope: Envelope) -> None:
        """Send one session an event that was applied before it was here, if it may see it by the views of now.

        Whether it was permitted depends on timeouts, so that is asked as of the event's own time.
        """
        slot, at_ms = session.slots.get(self.guild_id), created_ms(envelope.id)
        if slot is None:
            return
        if envelope.event == VOICE_STATE_UPDATE:
            self._voice.tell(envelope, only=SlotSet((slot,)))
            return
        if envelope.event in MEMBER_EVENTS:
            slots = self._recipients.find_others(envelope)
        else:
            slots = self._recipients.find(envelope, at_ms=at_ms)
        if envelope.event == MESSAGE_CREATE:
            slots = slots | self.attention.find_mentioned(envelope)
        if slot in slots:
            self._dispatch(envelope, SlotSet((slot,)))

    def _is_first(self, envelope_id: int) -> bool:
        if envelope_id in self._recent:
            return False
        remember(self._recent, envelope_id, None, most=_REMEMBERED_IDS)
        return True

    def _dispatch(self, envelope: Envelope, slots: SlotSet) -> None:
        if not slots:
            return
        body = DispatchBody(envelope.event, envelope.payload)
        if envelope.event in CONTENT_EVENTS:
            variants = MessageVariants(body, author_id=envelope.author_id, mention_ids=envelope.mention_ids)
            self.sessions.send_message(envelope.event, variants, slots)
        else:
            self.sessions.send(body, slots)

    def _on_message_create(self, envelope: Envelope) -> None:
        if self.state.note_message(envelope) is not None:
            for react in self._message_reactions:
                react(MESSAGE_ADDED)
        slots = self._recipients.find(envelope)
        passive = self.attention.note_message(envelope)
        if passive:
            slots = slots | passive
        self._dispatch(envelope, slots)

    def _on_change(self, envelope: Envelope) -> None:
        """Apply a change of the guild or of a role."""
        self._take_in(envelope)
        self._dispatch(envelope, self._recipients.find(envelope))
        self._notices.tell_views()

    def _on_channel_news(self, envelope: Envelope) -> None:
        """Note what is shown with a channel and changes nobody's view: when a message was pinned, a live stage."""
        self._take_in(envelope)
        self._dispatch(envelope, self._recipients.find(envelope))

    def _on_voice_state(self, envelope: Envelope) -> None:
        """Note who is in voice, and tell those who may know it."""
        self._take_in(envelope)
        self._voice.tell(envelope)

    def _on_guild_delete(self, envelope: Envelope) -> None:
        self._dispatch(envelope, self.sessions.select(GUILD_DELETE))
        self.attendance.end()
        self.close()

    def _on_member_add(self, envelope: Envelope) -> None:
        """Tell the others. The user's own sessions get GUILD_CREATE."""
        self._take_in(envelope)
        self._dispatch(envelope, self._recipients.find_others(envelope))

    def _on_member_update(self, envelope: Envelope) -> None:
        """Tell the others, and the member's own sessions whatever their intents are."""
        self._take_in(envelope)
        self._dispatch(
            envelope, self._recipients.find_others(envelope) | SlotSet(self.sessions.slots_of(envelope.user_id))
        )
        self._notices.tell_views()

    def _on_member_remove(self, envelope: Envelope) -> None:
        """Tell the others. The sessions of the user who is gone get GUILD_DELETE."""
        self._take_in(envelope)
        own = self.sessions.slots_of(envelope.user_id)
        leaving = [self.sessions.at(slot) for slot in own]
        gone = DispatchBody(GUILD_DELETE, b'{"id":"%d"}' % self.guild_id)
        self.sessions.send(gone, self.sessions.with_intent(GUILD_DELETE, own))
        for session in leaving:
            self.attendance.detach(session)
        self._dispatch(envelope, self._recipients.find_others(envelope))

    def _on_presence(self, envelope: Envelope) -> None:
        """Keep the presence of a connected user, and tell the others in batches. The user's own sessions know it."""
        if self.presence_batches.is_gone(envelope.user_id):
            return
        if self.sessions.slots_of(envelope.user_id):
            fields = _decode_fields(envelope.payload)
            fields.pop("guild_id", None)
            is_offline = bytes(fields["status"]) == b'"offline"'
            presence = None if is_offline else msgspec.Raw(_encode(fields))
            self._tell(self.state.put_presence(envelope.user_id, presence))
        self.presence_batches.put(envelope)

    def tell_presence(self, envelope: Envelope, without: Collection[int]) -> int:
        """Dispatch a presence to all who may see it, except these users. Return how many sessions got it."""
        slots = self._recipients.find_others(envelope)
        left_out = (*without, *self._hidden_from(envelope.user_id))
        if left_out:
            slots -= SlotSet(slot for user_id in left_out for slot in self.sessions.slots_of(user_id))
        self._dispatch(envelope, slots)
        return len(slots)

    def tell_presence_to(self, envelope: Envelope, user_id: int) -> None:
        """Dispatch a presence to this user's sessions, if they may see it."""
        if user_id in self._hidden_from(envelope.user_id):
            return
        self._dispatch(envelope, self._recipients.find_others(envelope) & SlotSet(self.sessions.slots_of(user_id)))

    def show_block(self, user_id: int, other_id: int, *, is_blocked: bool) -> None:
        """Tell two users who are connected that the other is offline, or how the other is after a block."""
        for viewer_id, shown_id in ((user_id, other_id), (other_id, user_id)):
            slots, presence = self.sessions.slots_of(viewer_id), self.state.presences.get(shown_id)
            if slots and presence is not None:
                body = DispatchBody(PRESENCE_UPDATE, _render_presence(self.guild_id, shown_id, presence, is_blocked))
                self.sessions.send(body, self.sessions.with_intent(PRESENCE_UPDATE, slots))

    def guilds_of_users(self) -> Mapping[int, Collection[int]]:
        """Return the users with a session here, each with the guilds that its sessions are attached to."""
        return self.sessions.guilds_of_users()

    def guilds_of(self, user_id: int) -> Collection[int]:
        """Return the guilds that a user's sessions are attached to, none when it has no session here."""
        return self.sessions.guilds_of(user_id)

    def _on_channel_put(self, envelope: Envelope) -> None:
        """Apply a channel that is new or changed."""
        put = self._take_in(envelope)
        assert isinstance(put, ChannelPut), "what a channel's event changes"  # noqa: S101 - mypy
        self._notices.tell_put(put)

    def _on_channel_delete(self, envelope: Envelope) -> None:
        """Tell the sessions that viewed the channel. They are found before it is gone."""
        channel_id = envelope.channel_id
        viewers = self.sessions.select(CHANNEL_DELETE, channel_id) if channel_id else SlotSet()
        self._take_in(envelope)
        self._dispatch(envelope, viewers)


def _render_presence(guild_id: int, user_id: int, presence: msgspec.Raw, is_hidden: bool) -> bytes:  # noqa: FBT001
    """Render a presence of GUILD_CREATE for its guild: as it is, or as offline."""
    if is_hidden:
        user = PresenceUser(id=str(user_id))
        return _encode(
            PresenceObject(user=user, guild_id=str(guild_id), status="offline", activities=[], client_status={})
        )
    return _encode({"guild_id": str(guild_id), **_decode_fields(presence)})


OBSERVERS: Final[tuple[tuple[FindObserver, Reactions[Any]], ...]] = (
    (operator.attrgetter("_views"), guild_views.REACTIONS),
    (operator.attrgetter("_parts"), guild_parts.REACTIONS),
    (operator.attrgetter("attention"), attention.REACTIONS),
    (operator.attrgetter("presence_batches"), presence_batches.REACTIONS),
    (operator.attrgetter("_online"), online_count.REACTIONS),
    (operator.attrgetter("voice_watch"), voice_watch.REACTIONS),
)
"""All parts of the actor that keep something derived from the state."""

_REACTIONS: Final = join_reactions(OBSERVERS)

STATE_EVENTS: Final = APPLIERS.keys() - {MESSAGE_CREATE} | {PRESENCE_UPDATE, GUILD_DELETE}
"""The events whose effect GUILD_CREATE shows. All others follow it."""

_HANDLERS: Final[dict[str, Callable[[GuildActor, Envelope], None]]] = {
    MESSAGE_CREATE: GuildActor._on_message_create,
    GUILD_UPDATE: GuildActor._on_change,
    GUILD_ROLE_CREATE: GuildActor._on_change,
    GUILD_ROLE_UPDATE: GuildActor._on_change,
    GUILD_ROLE_DELETE: GuildActor._on_change,
    GUILD_DELETE: GuildActor._on_guild_delete,
    GUILD_MEMBER_ADD: GuildActor._on_member_add,
    GUILD_MEMBER_UPDATE: GuildActor._on_member_update,
    GUILD_MEMBER_REMOVE: GuildActor._on_member_remove,
    PRESENCE_UPDATE: GuildActor._on_presence,
    CHANNEL_CREATE: GuildActor._on_channel_put,
    CHANNEL_UPDATE: GuildActor._on_channel_put,
    CHANNEL_DELETE: GuildActor._on_channel_delete,
    CHANNEL_PINS_UPDATE: GuildActor._on_channel_news,
    VOICE_STATE_UPDATE: GuildActor._on_voice_state,
    STAGE_INSTANCE_CREATE: GuildActor._on_channel_news,
    STAGE_INSTANCE_UPDATE: GuildActor._on_channel_news,
    STAGE_INSTANCE_DELETE: GuildActor._on_channel_news,
}
