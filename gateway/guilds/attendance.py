"""The coming and going of sessions in one guild: who is let in, what it is sent then, and what it leaves.

A session that comes in gets a slot, its views and its place in everything that is kept of sessions, all in one turn of
the loop. Its user's membership must be held in the table of members before (`gateway.guilds.guild_stay`).
"""

from collections.abc import Callable
from typing import NamedTuple

import msgspec

from core.domain.events import GUILD_CREATE
from core.domain.intents import Intent
from gateway.guilds.attention import Attention
from gateway.guilds.guild_create import GuildCreates
from gateway.guilds.guild_sessions import GuildSessions
from gateway.guilds.guild_views import GuildViews
from gateway.guilds.state.guild_changes import Change
from gateway.guilds.state.guild_state import GuildState
from gateway.guilds.state.member_table import MemberState
from gateway.guilds.voice_watch import VoiceWatch
from gateway.sessions.seat import Seat
from gateway.sessions.session_guild import SessionGuild
from gateway.sessions.shown_guild import ShownGuild


class _Sight(NamedTuple):
    """What a session sees of the guild as it enters."""

    member: MemberState
    channel_ids: frozenset[int]
    shows_others: bool


class Attendance:
    """`is_over` says that the guild is gone, so that nobody comes in any more."""

    __slots__ = ("_attention", "_creates", "_sessions", "_state", "_tell", "_views", "_voice", "is_over")

    def __init__(
        self,
        *,
        state: GuildState,
        sessions: GuildSessions,
        views: GuildViews,
        creates: GuildCreates,
        attention: Attention,
        tell: Callable[[Change | None], None],
        voice: VoiceWatch,
    ) -> None:
        """`tell` tells all who keep something derived from the state what has changed."""
        self._state = state
        self._sessions = sessions
        self._views = views
        self._creates = creates
        self._attention = attention
        self._tell = tell
        self._voice = voice
        self.is_over = False

    def attach(self, session: Seat, *, presence: msgspec.Raw | None, is_new: bool) -> bool:
        """Let a session in and send it GUILD_CREATE; live events follow from here on.

        The session's user must be held in `state.members`. False means that the user is no member, or that the session
        is attached already. `presence` is the user's as others see it, None when offline.
        """
        sight = self._let_in(session, presence)
        if sight is None:
            return False
        if session.intents & Intent.GUILDS:
            create = self._creates.build(
                session, sight.member, channel_ids=sight.channel_ids, is_new=is_new, shows_others=sight.shows_others
            )
            session.dispatch(create)
            self._sessions.count(GUILD_CREATE, 1)
        return True

    def attach_shown(self, session: Seat, *, presence: msgspec.Raw | None) -> ShownGuild | None:
        """Let a person's session in as `attach` does. Its READY shows the guild, which is returned, None for False."""
        sight = self._let_in(session, presence)
        if sight is None:
            return None
        shown = self._creates.show(
            session, sight.member, channel_ids=sight.channel_ids, shows_others=sight.shows_others
        )
        return shown._replace(channel_ids=sight.channel_ids)

    def _let_in(self, session: Seat, presence: msgspec.Raw | None) -> _Sight | None:
        member = self._state.members.find(session.user_id)
        if member is None or self.is_over or session in self._sessions:
            return None
        is_limited = self._attention.limits(session)
        viewable = self._seat(session, member, presence=presence, is_limited=is_limited)
        return _Sight(member, viewable, self._attention.shows_others(session, is_limited=is_limited))

    def take_back(self, session: Seat, known: SessionGuild, *, presence: msgspec.Raw | None) -> bool:
        """Let a session in that was here before, as `known` says, and tell it nothing but what it subscribed to.

        Its views are those of now. The rest is as in `attach`; what it has missed follows by `replay_to`.
        """
        member = self._state.members.find(session.user_id)
        if member is None or self.is_over or session in self._sessions:
            return False
        self._seat(session, member, presence=presence, is_limited=known.is_limited)
        if known.subscription is not None:
            self._attention.subscribe(session, known.subscription)
        return True

    def describe(self, session: Seat) -> SessionGuild:
        """Return what `take_back` needs of a session that is attached."""
        slot = session.slots[self._state.guild_id]
        return SessionGuild(
            guild_id=self._state.guild_id,
            is_limited=self._attention.is_limited(slot),
            subscription=self._attention.subscription_of(slot),
        )

    def _seat(
        self, session: Seat, member: MemberState, *, presence: msgspec.Raw | None, is_limited: bool
    ) -> frozenset[int]:
        """Give a session its slot and its place in everything that is kept of sessions. Return what it views."""
        viewable = self._views.viewable(member)
        self._sessions.add(session, viewable)
        self._views.place(member)
        self.show(session.user_id, presence)
        self._attention.enter(session, is_limited=is_limited)
        return viewable

    def show(self, user_id: int, presence: msgspec.Raw | None) -> None:
        """Note the presence of a user who is about to attach (None: offline).

        When it is noted for all users of a batch before the first one attaches, their GUILD_CREATEs share more.
        """
        if presence is not None:
            self._tell(self._state.put_presence(user_id, presence))

    def detach(self, session: Seat) -> None:
        """Let a session go, and release its user in `state.members`. No error when the session is not attached."""
        if session not in self._sessions:
            return
        self._voice.leave(session)
        self._attention.leave(session.slots[self._state.guild_id])
        self._sessions.remove(session)
        self.release(session.user_id)

    def release(self, user_id: int) -> None:
        """Release a user in `state.members`. Without a session here it is offline, also if it was shown before."""
        if not self._sessions.slots_of(user_id):
            self._tell(self._state.put_presence(user_id, None))
        self._tell(self._state.release(user_id))

    def end(self) -> None:
        """Let all sessions go, and nobody in any more."""
        self.is_over = True
        for session in self._sessions.all():
            self.detach(session)
