"""Op 4 over REST: a client joins, changes its voice state and leaves by requests, and is told why it may not.

Discord has no such routes. The voice state belongs to a gateway session of the caller's, which hears of the voice
server, and ends with it as after op 4.
"""

from api.services.caller import Caller
from api.services.entity_cache import EntityCache
from api.services.voice.voice_forms import ChangeOwnVoice, JoinVoice
from api.services.voice.voice_joins import VoiceJoins
from core.domain.errors import UnknownVoiceState
from core.domain.guilds.voice_state import VoiceState
from core.store.interfaces import Store
from core.wire.objects.guilds.voice_state import VoiceStateObject, render_voice_state
from core.wire.voice_wish import VoiceWish


class OwnVoiceService:
    """Does what op 4 does."""

    __slots__ = ("_entities", "_joins", "_store")

    def __init__(self, *, store: Store, entities: EntityCache, joins: VoiceJoins) -> None:
        self._store = store
        self._entities = entities
        self._joins = joins

    async def join(self, caller: Caller, channel_id: int, form: JoinVoice) -> VoiceStateObject:
        """Join a voice channel, or the call of a private one. Raises MissingAccess, and as `VoiceJoins`."""
        access = await self._entities.channel_access(caller.user_id, channel_id)
        guild_id = access.channel.guild_id
        await self._joins.join_from_gateway(
            caller.user_id,
            form.session_id,
            VoiceWish(
                guild_id=guild_id,
                channel_id=channel_id,
                self_mute=form.self_mute,
                self_deaf=form.self_deaf,
                self_video=form.self_video,
                self_stream=form.self_stream,
            ),
        )
        return await self._show(caller, guild_id)

    async def change(self, caller: Caller, form: ChangeOwnVoice) -> VoiceStateObject:
        """Change what the caller says of itself where it is. Raises UnknownVoiceState, and as `VoiceJoins`."""
        guild_id = form.guild_id or 0
        state = await self._find(caller, guild_id)
        await self._joins.join_from_gateway(
            caller.user_id,
            state.session_id,
            VoiceWish(
                guild_id=guild_id,
                channel_id=state.channel_id,
                self_mute=form.self_mute,
                self_deaf=form.self_deaf,
                self_video=form.self_video,
                self_stream=form.self_stream,
            ),
        )
        return await self._show(caller, guild_id)

    async def leave(self, caller: Caller, guild_id: int | None) -> None:
        """Leave voice in a guild, or the call. Raises UnknownVoiceState."""
        state = await self._find(caller, guild_id or 0)
        await self._joins.join_from_gateway(caller.user_id, state.session_id, VoiceWish(guild_id=guild_id or 0))

    async def _show(self, caller: Caller, guild_id: int) -> VoiceStateObject:
        member = await self._entities.member(guild_id, caller.user_id) if guild_id else None
        return render_voice_state(await self._find(caller, guild_id), member)

    async def _find(self, caller: Caller, guild_id: int) -> VoiceState:
        state = await self._store.voice_states.find(guild_id, caller.user_id)
        if state is None:
            raise UnknownVoiceState
        return state
