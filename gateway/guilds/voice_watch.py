"""The watch over who may be in voice: after each change of rights it finds whose voice state is not as it must be.

The state knows all rights of all who are in voice, whoever has changed them and how. What is found is handed on, to be
settled by a unit of work in the store (`gateway.voice`), whose event comes back like every other. So nothing is decided
here: who was found wrongly stays.
"""

from typing import Final

from core.domain.guilds.permissions import Permission
from core.domain.guilds.voice_rules import may_enter, may_show_video
from core.runtime.clock import Clock
from gateway.guilds.state.guild_changes import (
    ChannelDeleted,
    ChannelPut,
    GuildChanged,
    MemberAdded,
    MemberChanged,
    MemberReleased,
    MemberRemoved,
    MessageAdded,
    PresenceChanged,
    Reactions,
    RoleDeleted,
    RolePut,
    VoiceChanged,
)
from gateway.guilds.state.guild_state import GuildState
from gateway.guilds.state.voice_table import VoiceEntry
from gateway.sessions.seat import Seat
from gateway.voice.interfaces import VoiceEnds

_SPEAK: Final = int(Permission.SPEAK)


class VoiceWatch:
    """The watch of one guild."""

    __slots__ = ("_clock", "_ends", "_state")

    def __init__(self, state: GuildState, *, clock: Clock, ends: VoiceEnds) -> None:
        self._clock = clock
        self._ends = ends
        self._state = state

    def check_all(self, _: object = None) -> None:
        """Check all who are in voice: roles, overwrites, the owner or the AFK channel have changed."""
        for entry in self._state.voice:
            self._check(entry)

    def check_member(self, change: MemberChanged) -> None:
        """Check a member whose roles or timeout may have changed."""
        entry = self._state.voice.find(change.user_id)
        if entry is not None:
            self._check(entry)

    def leave(self, session: Seat) -> None:
        """End the voice state of a session that leaves the guild."""
        entry = self._state.voice.find(session.user_id)
        if entry is not None and entry.session_id == session.id:
            self._ends.end(self._state.guild_id, entry.user_id, entry.session_id)

    def permissions_of(self, user_id: int) -> int:
        """Return the permissions of who is in voice, in its channel; 0 for who is not."""
        entry = self._state.voice.find(user_id)
        return 0 if entry is None else self._compute(entry)

    def _compute(self, entry: VoiceEntry) -> int:
        channel = self._state.channels.get(entry.channel_id)
        if channel is None:
            return 0
        return self._state.channel_permissions(entry.member, channel, now_ms=self._clock.now_ms())

    def _check(self, entry: VoiceEntry) -> None:
        held = self._compute(entry)
        self._ends.note_rights(self._state.guild_id, entry.user_id)
        # On a stage and in the AFK channel who may speak is silent as well, so these are looked at too often.
        is_silent_as_told = entry.is_suppressed != bool(held & _SPEAK)
        may_show_as_told = may_show_video(held) or not entry.shows_video
        if not (may_enter(held) and is_silent_as_told and may_show_as_told):
            self._ends.settle(self._state.guild_id, entry.user_id)


REACTIONS: Final[Reactions[VoiceWatch]] = {
    GuildChanged: VoiceWatch.check_all,
    RolePut: VoiceWatch.check_all,
    RoleDeleted: VoiceWatch.check_all,
    ChannelPut: VoiceWatch.check_all,
    MemberChanged: VoiceWatch.check_member,
    # Their voice states end with them, in the same unit of work.
    ChannelDeleted: None,
    MemberRemoved: None,
    MemberAdded: None,
    MemberReleased: None,
    MessageAdded: None,
    PresenceChanged: None,
    VoiceChanged: None,
}
