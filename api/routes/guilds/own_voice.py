"""/voice: op 4 by requests."""

from collections.abc import Sequence
from typing import Final

from api.http.parameters import SnowflakePath, SnowflakeQuery
from api.http.route import Route, delete, patch, post
from api.services.caller import Caller
from api.services.voice.own_voice import OwnVoiceService
from api.services.voice.voice_forms import ChangeOwnVoice, JoinVoice
from core.wire.objects.guilds.voice_state import VoiceStateObject


@post("/voice/{channel_id}/join")
async def join_voice(
    channel_id: SnowflakePath, caller: Caller, data: JoinVoice, own_voice: OwnVoiceService
) -> VoiceStateObject:
    """Join a voice channel, or the call of a private channel."""
    return await own_voice.join(caller, channel_id, data)


@patch("/voice/state")
async def change_voice(caller: Caller, data: ChangeOwnVoice, own_voice: OwnVoiceService) -> VoiceStateObject:
    """Change what one says of oneself in voice."""
    return await own_voice.change(caller, data)


@delete("/voice/state", status=204)
async def leave_voice(caller: Caller, own_voice: OwnVoiceService, guild_id: SnowflakeQuery = None) -> None:
    """Leave voice in a guild, or the call."""
    await own_voice.leave(caller, guild_id)


ROUTES: Final[Sequence[Route]] = (join_voice, change_voice, leave_voice)
