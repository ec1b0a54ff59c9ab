"""Moves of members from one voice channel to another, or out of voice, by moderators.

The moderator needs MOVE_MEMBERS where the member is, and may move it to where the moderator itself could go. The member
needs no CONNECT there, but must be able to see the channel.
"""

import msgspec

from api.services.access import GuildAccess
from api.services.voice.voice_changes import VoiceChanges
from core.domain.channels.channel import VOCAL, Channel
from core.domain.errors import Forbidden, NotInVoice, UnknownChannel, WrongChannelType
from core.domain.guilds.member import Member
from core.domain.guilds.permissions import Permission
from core.domain.guilds.voice_rules import begins_suppressed, is_full, may_enter, may_show_video
from core.domain.guilds.voice_state import VoiceState
from core.runtime.clock import Clock
from core.store.interfaces import Transaction


class VoiceMoves:
    """Checks moves, and makes them within a unit of work."""

    __slots__ = ("_changes", "_clock")

    def __init__(self, *, changes: VoiceChanges, clock: Clock) -> None:
        self._changes = changes
        self._clock = clock

    def is_shown(self, access: GuildAccess, state: VoiceState) -> bool:
        """Tell whether the caller can see that the user is in voice."""
        channel = access.entry.channels.get(state.channel_id)
        return channel is not None and access.can_view(channel)

    def check(self, access: GuildAccess, target: Member, state: VoiceState, channel_id: int | None) -> None:
        """Check that the caller may move the member. None moves it out of voice.

        Raises:
            UnknownChannel, WrongChannelType, Forbidden
        """
        source = access.entry.channels.get(state.channel_id)
        if source is None or not access.in_channel(source) & Permission.MOVE_MEMBERS:
            raise Forbidden
        if channel_id is None or channel_id == state.channel_id:
            return
        channel = _find_vocal(access, channel_id)
        if not may_enter(access.in_channel(channel)):
            raise Forbidden
        if not self._access_of(access, target).can_view(channel):
            raise Forbidden

    async def move(self, tx: Transaction, access: GuildAccess, member: Member, channel_id: int | None) -> None:
        """Move a member who may be moved by `check`.

        Raises:
            NotInVoice: it has left meanwhile.
            Forbidden: the channel is full, and the caller may not move members there.
        """
        guild_id, user_id = member.guild_id, member.user.id
        before = await tx.voice_states.find(guild_id, user_id)
        if before is None:
            raise NotInVoice
        if channel_id is None:
            await self._changes.leave(tx, guild_id, user_id, member)
        elif channel_id != before.channel_id:
            channel = _find_vocal(access, channel_id)
            members = await tx.voice_states.count_in_channel(channel_id)
            if is_full(channel, members=members, permissions=access.in_channel(channel)):
                raise Forbidden
            await self._changes.put(tx, before, self._moved(access, before, member, channel), member)

    def _moved(self, access: GuildAccess, before: VoiceState, member: Member, channel: Channel) -> VoiceState:
        permissions = self._access_of(access, member).in_channel(channel)
        afk_channel_id = access.entry.guild.afk_channel_id
        return msgspec.structs.replace(
            before,
            channel_id=channel.id,
            suppress=begins_suppressed(channel, permissions, afk_channel_id=afk_channel_id),
            self_video=before.self_video and may_show_video(permissions),
            self_stream=False,
            request_to_speak_ms=0,
            was_moved=True,
        )

    def _access_of(self, access: GuildAccess, member: Member) -> GuildAccess:
        return GuildAccess(entry=access.entry, member=member, now_ms=self._clock.now_ms())


def _find_vocal(access: GuildAccess, channel_id: int) -> Channel:
    channel = access.entry.channels.get(channel_id)
    if channel is None or not access.can_view(channel):
        raise UnknownChannel
    if channel.type not in VOCAL:
        raise WrongChannelType
    return channel
