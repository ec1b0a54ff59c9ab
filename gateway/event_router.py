"""The routing of deliveries to actors, with the consequences of an event outside its actor."""

from collections.abc import Callable, Collection

from core.bus.interfaces import Delivery
from core.domain.events import (
    CALL_CREATE,
    CALL_PEERS_UPDATE,
    CALL_UPDATE,
    GUILD_DELETE,
    GUILD_MEMBER_ADD,
    GUILD_MEMBER_REMOVE,
    LIMITS_CHANGED,
    MEMBER_EVENTS,
    SESSION_REVOKED,
    VOICE_STATE_UPDATE,
)
from core.wire.envelope import Envelope
from core.wire.internal_events import parse_revoked
from gateway.events.event_meter import EventMeter
from gateway.events.log_progress import LogProgress
from gateway.events.login_windows import LoginWindows
from gateway.guilds.guild_directory import GuildDirectory
from gateway.homes.call_watch import CallWatch
from gateway.homes.home_port import GuildHomes
from gateway.homes.voice_seats import FOLLOWED, VoiceSeats
from gateway.sessions.session_table import SessionTable
from gateway.users.user_directory import UserDirectory


class EventRouter:
    """Routes a guild's event to the guild, a user's to the user, and notes both for logins that are read just now."""

    __slots__ = (
        "_calls", "_guilds", "_homes", "_meter", "_on_revoked", "_progress", "_table", "_users", "_voice", "_windows",
    )  # fmt: skip

    def __init__(  # noqa: PLR0913 - all whom an event may concern
        self,
        *,
        guilds: GuildDirectory,
        users: UserDirectory,
        windows: LoginWindows,
        homes: GuildHomes,
        table: SessionTable,
        meter: EventMeter,
        progress: LogProgress,
        calls: CallWatch,
        on_revoked: Callable[[int, str, Collection[int]], None],
        voice: VoiceSeats | None = None,
    ) -> None:
        """`homes` let a session into a guild that its user has joined, wherever the guild's home is, and out again.

        `on_revoked` is told of the user and the id of a session whose auth session has ended, and of its guilds.
        """
        self._calls = calls
        self._guilds = guilds
        self._homes = homes
        self._meter = meter
        self._on_revoked = on_revoked
        self._progress = progress
        self._table = table
        self._users = users
        self._voice = voice
        self._windows = windows

    def route(self, delivery: Delivery) -> None:
        """Hand a delivery to its actor.

        Raises:
            UnknownEvent: for an event that has no known intent.
            WrongAudience: for an event with an audience that it must not have.
            msgspec.MsgspecError: when SESSION_REVOKED has a payload that cannot be read.
        """
        self._progress.note(delivery)
        envelope = delivery.envelope
        envelope.check_event()
        if delivery.position:
            self._meter.note_lag(delivery.shard, envelope.id)
        if envelope.event == LIMITS_CHANGED:
            return  # `CurrentLimits` follows it
        if not envelope.guild_id:
            self._route_to_user(envelope)
            return
        if envelope.event in MEMBER_EVENTS:
            self._windows.note_member(envelope.guild_id, envelope.user_id)
        self._guilds.deliver(delivery)
        if self._voice is not None and envelope.event in FOLLOWED:
            self._voice.follow(envelope)
        if envelope.event == GUILD_MEMBER_ADD:
            self._windows.note_user(envelope)
            self._tell_user(envelope)
        elif envelope.event in (GUILD_MEMBER_REMOVE, GUILD_DELETE):
            self._homes.note_gone(envelope)

    def _route_to_user(self, envelope: Envelope) -> None:
        self._windows.note_user(envelope)
        if envelope.event == SESSION_REVOKED:
            self._revoke(envelope.user_id, parse_revoked(envelope.payload))
            return
        self._tell_user(envelope)
        if envelope.event == VOICE_STATE_UPDATE:
            self._calls.follow(envelope)
            if self._voice is not None:
                self._voice.follow_call(envelope)
        elif envelope.event in (CALL_CREATE, CALL_UPDATE) and self._voice is not None:
            self._voice.move_call(envelope)
        elif envelope.event == CALL_PEERS_UPDATE and self._voice is not None:
            self._voice.renew_call(envelope)

    def _tell_user(self, envelope: Envelope) -> None:
        for join in self._users.deliver(envelope):
            self._homes.join(join.session, join.guild_id, is_news=True)

    def _revoke(self, user_id: int, auth_session_id: int) -> None:
        for session in self._table.sessions_of(user_id):
            if session.profile.auth_session_id == auth_session_id:
                guild_ids = list(session.slots)
                self._table.revoke(session)
                self._on_revoked(user_id, session.id, guild_ids)
