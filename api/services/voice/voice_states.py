"""Voice states over REST: shown to who may view the channel, and on a stage the word is asked for, given and taken.

Source: Discord's documentation, "Modify Current User Voice State" and "Modify User Voice State".
"""

import datetime as dt
from typing import Final

import msgspec
from msgspec import UNSET

from api.services.access import GuildAccess
from api.services.caller import Caller
from api.services.entity_cache import EntityCache
from api.services.rights import confirm_rights, on_present_rights
from api.services.voice.voice_changes import VoiceChanges
from api.services.voice.voice_forms import UpdateOwnVoiceState, UpdateVoiceState
from core.domain.channels.channel import Channel, ChannelType
from core.domain.errors import Forbidden, UnknownVoiceState, WrongChannelType
from core.domain.guilds.permissions import Permission
from core.domain.guilds.voice_state import VoiceState
from core.runtime.clock import Clock
from core.store.interfaces import Store
from core.wire.objects.guilds.voice_state import VoiceStateObject, render_voice_state

_LATEST_MS: Final = 253_402_300_799_000
"""The end of the year 9999, after which a time cannot be written down."""


class VoiceStateService:
    """Reads and changes voice states for members."""

    __slots__ = ("_changes", "_clock", "_entities", "_store")

    def __init__(self, *, store: Store, entities: EntityCache, changes: VoiceChanges, clock: Clock) -> None:
        self._store = store
        self._entities = entities
        self._changes = changes
        self._clock = clock

    async def fetch(self, caller: Caller, guild_id: int, user_id: int) -> VoiceStateObject:
        """Return a user's voice state.

        Raises:
            UnknownVoiceState: the user is in no channel, or in none that the caller views.
        """
        access = await self._entities.access(caller.user_id, guild_id)
        state = await self._store.voice_states.find(guild_id, user_id)
        _find_channel(access, state, caller)
        member = await self._entities.member(guild_id, user_id)
        if state is None or member is None:
            raise UnknownVoiceState
        return render_voice_state(state, member)

    async def update_own(self, caller: Caller, guild_id: int, form: UpdateOwnVoiceState) -> None:
        """Ask for the word on a stage, take it, or give it back.

        Taking it needs MUTE_MEMBERS, asking REQUEST_TO_SPEAK. A time that is over is now.
        """
        await self._update(caller, guild_id, caller.user_id, form)

    async def update(self, caller: Caller, guild_id: int, user_id: int, form: UpdateVoiceState) -> None:
        """Give somebody the word on a stage, or take it, which needs MUTE_MEMBERS."""
        await self._update(caller, guild_id, user_id, form)

    @on_present_rights
    async def _update(self, caller: Caller, guild_id: int, user_id: int, form: UpdateVoiceState) -> None:
        access = await self._entities.access(caller.user_id, guild_id)
        state = await self._store.voice_states.find(guild_id, user_id)
        channel = _find_channel(access, state, caller)
        if isinstance(form.channel_id, int) and form.channel_id != channel.id:
            raise UnknownVoiceState
        if channel.type != ChannelType.STAGE:
            raise WrongChannelType
        _check(form, access.in_channel(channel), is_own=user_id == caller.user_id)
        async with self._store.write(guilds=[guild_id]) as tx:
            await confirm_rights(tx, access)
            before = await tx.voice_states.find(guild_id, user_id)
            member = await tx.members.find(guild_id, user_id)
            if before is None or member is None or before.channel_id != channel.id:
                raise UnknownVoiceState
            is_invited = user_id != caller.user_id and not member.user.bot
            after = _changed(before, form, now_ms=self._clock.now_ms(), is_invited=is_invited)
            if after != before:
                await self._changes.put(tx, before, after, member)


def _find_channel(access: GuildAccess, state: VoiceState | None, caller: Caller) -> Channel:
    """Return the channel of a voice state that the caller can see. Oneself is seen wherever one is."""
    channel = None if state is None else access.entry.channels.get(state.channel_id)
    if state is None or channel is None:
        raise UnknownVoiceState
    if state.user_id != caller.user_id and not access.can_view(channel):
        raise UnknownVoiceState
    return channel


def _check(form: UpdateVoiceState, permissions: int, *, is_own: bool) -> None:
    """Check the rights. Whoever may speak can give that back, and whoever asked to can take that back."""
    needs_mute = not is_own or form.suppress is False
    if needs_mute and isinstance(form.suppress, bool) and not permissions & Permission.MUTE_MEMBERS:
        raise Forbidden
    asks = isinstance(form, UpdateOwnVoiceState) and form.request_to_speak_timestamp not in (None, UNSET)
    if asks and not permissions & Permission.REQUEST_TO_SPEAK:
        raise Forbidden


def _changed(state: VoiceState, form: UpdateVoiceState, *, now_ms: int, is_invited: bool) -> VoiceState:
    """Return the state as the form has it.

    A person whom somebody else gives the word is invited: it counts as having asked just now, until it says otherwise.
    """
    suppress = form.suppress if isinstance(form.suppress, bool) else state.suppress
    asked_ms = state.request_to_speak_ms
    if suppress != state.suppress:
        asked_ms = now_ms if is_invited and not suppress else 0
    if isinstance(form, UpdateOwnVoiceState) and form.request_to_speak_timestamp is not UNSET:
        asked_ms = _read_time(form.request_to_speak_timestamp, now_ms)
    return msgspec.structs.replace(state, suppress=suppress, request_to_speak_ms=asked_ms)


def _read_time(asked: dt.datetime | None, now_ms: int) -> int:
    """Return when somebody asks to speak: now or later. 0 takes it back."""
    if asked is None:
        return 0
    return min(max(now_ms, int(asked.timestamp() * 1000)), _LATEST_MS)
