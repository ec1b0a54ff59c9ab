"""The changes of voice states and of channels' statuses: the one place that writes their rows, each with its event.

All methods are steps of a caller's unit of work, which names the guild. The caller checks the rights.
"""

from api.services.announcements import channel_event, voice_event
from api.services.ids import IdSource
from core.domain.events import VOICE_CHANNEL_STATUS_UPDATE
from core.domain.guilds.member import Member
from core.domain.guilds.voice_state import VoiceState
from core.domain.guilds.voice_status import VoiceStatus
from core.store.interfaces import Transaction
from core.wire.objects.guilds.voice_state import render_voice_state
from core.wire.objects.guilds.voice_status import StatusUpdate


class VoiceChanges:
    """Puts users into voice channels and out of them."""

    __slots__ = ("_ids",)

    def __init__(self, *, ids: IdSource) -> None:
        self._ids = ids

    async def put(self, tx: Transaction, before: VoiceState | None, after: VoiceState, member: Member) -> None:
        """Set a voice state, and announce it. `before` is the one that the user has had."""
        if after != before:
            await tx.voice_states.put(after)
        tx.announce(
            voice_event(
                self._ids.next(),
                after.guild_id,
                render_voice_state(after, member),
                user_id=after.user_id,
                channel_id=after.channel_id,
                former_channel_id=0 if before is None else before.channel_id,
            )
        )
        if before is not None and before.channel_id != after.channel_id:
            await self._forget_status(tx, before)

    async def leave(self, tx: Transaction, guild_id: int, user_id: int, member: Member | None = None) -> None:
        """End a user's voice state, and announce it. No error when there is none.

        `member` is needed of who has left the guild in this unit of work.
        """
        before = await tx.voice_states.remove(guild_id, user_id)
        if before is None:
            return
        shown = member or await tx.members.find(guild_id, user_id)
        tx.announce(
            voice_event(
                self._ids.next(),
                guild_id,
                render_voice_state(before, shown, is_over=True),
                user_id=user_id,
                channel_id=0,
                former_channel_id=before.channel_id,
            )
        )
        await self._forget_status(tx, before)

    async def set_status(self, tx: Transaction, guild_id: int, channel_id: int, status: str) -> None:
        """Set the status of a channel, "" for none, and announce it if it is another one."""
        if status:
            put = VoiceStatus(guild_id=guild_id, channel_id=channel_id, status=status)
            is_other = await tx.voice_statuses.put(put)
        else:
            is_other = await tx.voice_statuses.remove(channel_id)
        if is_other:
            self._tell_status(tx, guild_id, channel_id, status or None)

    async def _forget_status(self, tx: Transaction, left: VoiceState) -> None:
        """Remove the status of a channel that somebody has left, if that was the last one."""
        if await tx.voice_statuses.remove_if_left(left.channel_id):
            self._tell_status(tx, left.guild_id, left.channel_id, None)

    def _tell_status(self, tx: Transaction, guild_id: int, channel_id: int, status: str | None) -> None:
        payload = StatusUpdate(id=str(channel_id), guild_id=str(guild_id), status=status)
        tx.announce(channel_event(self._ids.next(), VOICE_CHANNEL_STATUS_UPDATE, guild_id, channel_id, payload))

    async def empty(self, tx: Transaction, guild_id: int, channel_id: int) -> None:
        """End the voice states of all who are in a channel, which is about to be deleted."""
        for state in await tx.voice_states.list_of_channel(channel_id):
            await self.leave(tx, guild_id, state.user_id)

    async def show_member(self, tx: Transaction, member: Member) -> None:
        """Announce the voice state of a member who was muted or deafened, or is not any more."""
        state = await tx.voice_states.find(member.guild_id, member.user.id)
        if state is not None:
            await self.put(tx, state, state, member)
