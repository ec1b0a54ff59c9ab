"""/guilds/{guild_id}/voice-states: who is in voice, and the word on stages; the status of a voice channel."""

from collections.abc import Sequence
from typing import Final

from api.http.parameters import SnowflakePath
from api.http.route import Route, get, patch, put
from api.services.caller import Caller
from api.services.voice.voice_forms import SetVoiceStatus, UpdateOwnVoiceState, UpdateVoiceState
from api.services.voice.voice_states import VoiceStateService
from api.services.voice.voice_statuses import VoiceStatusService
from core.wire.objects.guilds.voice_state import VoiceStateObject


@get("/guilds/{guild_id}/voice-states/@me")
async def get_own_voice_state(
    guild_id: SnowflakePath, caller: Caller, voice_states: VoiceStateService
) -> VoiceStateObject:
    """One's own voice state."""
    return await voice_states.fetch(caller, guild_id, caller.user_id)


@get("/guilds/{guild_id}/voice-states/{user_id}")
async def get_voice_state(
    guild_id: SnowflakePath, user_id: SnowflakePath, caller: Caller, voice_states: VoiceStateService
) -> VoiceStateObject:
    """A member's voice state, of who is in a channel that one views."""
    return await voice_states.fetch(caller, guild_id, user_id)


@patch("/guilds/{guild_id}/voice-states/@me", status=204)
async def update_own_voice_state(
    guild_id: SnowflakePath, caller: Caller, data: UpdateOwnVoiceState, voice_states: VoiceStateService
) -> None:
    """Ask to speak on a stage, or step up or down."""
    await voice_states.update_own(caller, guild_id, data)


@patch("/guilds/{guild_id}/voice-states/{user_id}", status=204)
async def update_voice_state(
    guild_id: SnowflakePath,
    user_id: SnowflakePath,
    caller: Caller,
    data: UpdateVoiceState,
    voice_states: VoiceStateService,
) -> None:
    """Have somebody step up on a stage, or down."""
    await voice_states.update(caller, guild_id, user_id, data)


@put("/channels/{channel_id}/voice-status", status=204, is_audited=True)
async def set_voice_status(
    channel_id: SnowflakePath, caller: Caller, data: SetVoiceStatus, voice_statuses: VoiceStatusService
) -> None:
    """Set the status of a voice channel."""
    await voice_statuses.set(caller, channel_id, data.status)


ROUTES: Final[Sequence[Route]] = (
    set_voice_status,
    get_own_voice_state,
    get_voice_state,
    update_own_voice_state,
    update_voice_state,
)
