"""Voice states as the gateway has them changed: a client joins, moves or leaves; a session or a right has gone.

```
 op 4 ─────────────────→ join_from_gateway ─┐
 the session has ended → end_voice ─────────┼─→ a unit of work of the guild: row + VOICE_STATE_UPDATE ─→ guild actor
 rights have changed ──→ settle_voice ──────┘
```
"""

import msgspec

from api.services.access import GuildAccess, as_entry
from api.services.calls.call_joins import CallJoins
from api.services.entity_cache import EntityCache
from api.services.limits import Limits
from api.services.rights import confirm_rights, on_present_rights
from api.services.voice.voice_changes import VoiceChanges
from api.services.voice.voice_log import VoiceLogService
from api.services.voice.voice_statuses import VoiceStatusService
from core.domain.channels.channel import VOCAL, Channel, ChannelType
from core.domain.errors import Forbidden, UnknownChannel, UnknownMember, WrongChannelType
from core.domain.guilds.voice_rules import (
    begins_suppressed,
    is_full,
    is_silenced,
    keeps_screen,
    may_enter,
    may_show_video,
    may_stay,
)
from core.domain.guilds.voice_session import VoiceSession
from core.domain.guilds.voice_state import VoiceState
from core.runtime.clock import Clock
from core.store.interfaces import Store
from core.wire.voice_wish import VoiceWish


class VoiceJoins:
    """The gateway's `VoicePort`."""

    __slots__ = ("_calls", "_changes", "_clock", "_entities", "_limits", "_log", "_statuses", "_store")

    def __init__(
        self,
        *,
        store: Store,
        entities: EntityCache,
        changes: VoiceChanges,
        calls: CallJoins,
        statuses: VoiceStatusService,
        limits: Limits,
        log: VoiceLogService,
        clock: Clock,
    ) -> None:
        self._log = log
        self._store = store
        self._entities = entities
        self._changes = changes
        self._calls = calls
        self._statuses = statuses
        self._limits = limits
        self._clock = clock

    async def join_from_gateway(self, user_id: int, session_id: str, wish: VoiceWish) -> None:
        """Do what a client wishes.

        Raises:
            UnknownGuild, UnknownChannel, WrongChannelType
            Forbidden: the member may not see the channel or connect to it, or it is full.
            RateLimited: the user joins channels too often.
            CannotSendToUser: for a call, as `CallJoins.do`.
        """
        if not wish.guild_id:
            await self._calls.do(user_id, session_id, wish)
            return
        if wish.channel_id is None:
            async with self._store.write(guilds=[wish.guild_id]) as tx:
                await self._changes.leave(tx, wish.guild_id, user_id)
            return
        present = await self._store.voice_states.find(wish.guild_id, user_id)
        if present is None or present.channel_id != wish.channel_id:
            await self._limits.take_voice_join(user_id)
        await self._join(user_id, session_id, wish, wish.channel_id)

    @on_present_rights
    async def _join(self, user_id: int, session_id: str, wish: VoiceWish, channel_id: int) -> None:
        access = await self._entities.access(user_id, wish.guild_id)
        channel = access.entry.channels.get(channel_id)
        if channel is None:
            raise UnknownChannel
        if channel.type not in VOCAL:
            raise WrongChannelType
        permissions = access.in_channel(channel)
        async with self._store.write(guilds=[wish.guild_id]) as tx:
            guild = (await confirm_rights(tx, access)).guild
            before = await tx.voice_states.find(wish.guild_id, user_id)
            kept = before if before is not None and before.channel_id == channel_id else None
            if kept is None:
                members = await tx.voice_states.count_in_channel(channel_id) if channel.user_limit else 0
                if not may_enter(permissions) or is_full(channel, members=members, permissions=permissions):
                    raise Forbidden
                suppress = begins_suppressed(channel, permissions, afk_channel_id=guild.afk_channel_id)
                kept = _begin(before, user_id, wish.guild_id, channel_id, suppress=suppress)
            after = _with_wish(kept, session_id, wish, permissions)
            member = await tx.members.find(wish.guild_id, user_id)
            if member is None:
                raise UnknownMember
            await self._changes.put(tx, before, after, member)

    async def end_voice(self, guild_id: int, user_id: int, session_id: str) -> None:
        """End the user's voice state if it belongs to this session. Raises Unavailable."""
        if not guild_id:
            await self._calls.end(user_id, session_id)
            return
        present = await self._store.voice_states.find(guild_id, user_id)
        if present is None or present.session_id != session_id:
            return
        async with self._store.write(guilds=[guild_id]) as tx:
            state = await tx.voice_states.find(guild_id, user_id)
            if state is not None and state.session_id == session_id:
                await self._changes.leave(tx, guild_id, user_id)

    async def show_call(self, user_id: int, channel_id: int) -> bytes | None:
        """Return `d` of CALL_CREATE of a private channel's call, None when there is none for the user."""
        return await self._calls.show(user_id, channel_id)

    async def show_statuses(self, user_id: int, guild_id: int) -> bytes | None:
        """Return `d` of CHANNEL_STATUSES, None for who is no member. Raises Unavailable."""
        return await self._statuses.show(user_id, guild_id)

    async def log_session(self, session: VoiceSession) -> None:
        """Keep a stay that is over. Raises Unavailable."""
        await self._log.keep(session)

    async def move_idle(self, guild_id: int, user_id: int, channel_id: int) -> None:
        """Move somebody who is idle in this channel to the guild's AFK channel. Raises Unavailable.

        Bots stay, as do those who may not enter the AFK channel, or find it full.
        """
        async with self._store.write(guilds=[guild_id]) as tx:
            state = await tx.voice_states.find(guild_id, user_id)
            snapshot = await tx.guilds.load_snapshot(guild_id)
            member = await tx.members.find(guild_id, user_id)
            if state is None or snapshot is None or member is None or state.channel_id != channel_id:
                return
            access = GuildAccess(entry=as_entry(snapshot), member=member, now_ms=self._clock.now_ms())
            afk = _find_afk_channel(access, channel_id)
            if afk is None:
                return
            permissions = access.in_channel(afk)
            members = await tx.voice_states.count_in_channel(afk.id) if afk.user_limit else 0
            if may_enter(permissions) and not is_full(afk, members=members, permissions=permissions):
                moved = _begin(state, user_id, guild_id, afk.id, suppress=True)
                await self._changes.put(tx, state, msgspec.structs.replace(moved, self_video=False), member)

    async def settle_voice(self, guild_id: int, user_id: int) -> None:
        """Bring the user's voice state in line with the present rights, or end it. Raises Unavailable."""
        async with self._store.write(guilds=[guild_id]) as tx:
            state = await tx.voice_states.find(guild_id, user_id)
            if state is None:
                return
            snapshot = await tx.guilds.load_snapshot(guild_id)
            member = await tx.members.find(guild_id, user_id)
            after = None
            if snapshot is not None and member is not None:
                after = _settled(
                    state, GuildAccess(entry=as_entry(snapshot), member=member, now_ms=self._clock.now_ms())
                )
            if after is None or member is None:
                await self._changes.leave(tx, guild_id, user_id)
            elif after != state:
                await self._changes.put(tx, state, after, member)


def _find_afk_channel(access: GuildAccess, channel_id: int) -> Channel | None:
    """Return the AFK channel for a member who is idle in this channel; None where nobody is moved."""
    channels, afk_id = access.entry.channels, access.entry.guild.afk_channel_id
    source = channels.get(channel_id)
    if afk_id in (None, channel_id) or access.member.user.bot or source is None or source.type != ChannelType.VOICE:
        return None
    return channels.get(afk_id or 0)


def _begin(before: VoiceState | None, user_id: int, guild_id: int, channel_id: int, *, suppress: bool) -> VoiceState:
    """Return the state of who comes into a channel. What a client has said of itself goes along, but for its screen:
    a node of the new channel's room has nothing of it yet.
    """
    if before is not None:
        return msgspec.structs.replace(
            before,
            channel_id=channel_id,
            self_stream=False,
            suppress=suppress,
            request_to_speak_ms=0,
            was_moved=False,
        )
    return VoiceState(guild_id=guild_id, user_id=user_id, channel_id=channel_id, session_id="", suppress=suppress)


def _with_wish(state: VoiceState, session_id: str, wish: VoiceWish, permissions: int) -> VoiceState:
    wants_video = state.self_video if wish.self_video is None else wish.self_video
    shares = keeps_screen(state, session_id=session_id, channel_id=state.channel_id)
    wants_stream = shares if wish.self_stream is None else wish.self_stream
    return msgspec.structs.replace(
        state,
        session_id=session_id,
        self_mute=state.self_mute if wish.self_mute is None else wish.self_mute,
        self_deaf=state.self_deaf if wish.self_deaf is None else wish.self_deaf,
        self_video=wants_video and may_show_video(permissions),
        self_stream=wants_stream and may_show_video(permissions),
    )


def _settled(state: VoiceState, access: GuildAccess) -> VoiceState | None:
    """Return the state as the present rights have it, None when the member may not stay."""
    channel: Channel | None = access.entry.channels.get(state.channel_id)
    if channel is None:
        return None
    permissions = access.in_channel(channel)
    if not may_stay(permissions, was_moved=state.was_moved, is_timed_out=access.timed_out):
        return None
    suppress = state.suppress
    if channel.type != ChannelType.STAGE:
        suppress = is_silenced(channel, permissions, afk_channel_id=access.entry.guild.afk_channel_id)
    may_show = may_show_video(permissions)
    return msgspec.structs.replace(
        state,
        suppress=suppress,
        self_video=state.self_video and may_show,
        self_stream=state.self_stream and may_show,
    )
