"""/guilds/{guild_id}/guildway/voice-sessions: the guild's log of voice. Discord has no such route."""

from collections.abc import Sequence
from typing import Annotated, Final

from msgspec import Meta

from api.http.parameters import SnowflakePath, SnowflakeQuery
from api.http.route import Route, get
from api.services.caller import Caller
from api.services.voice.voice_log import VoiceLogService
from core.wire.objects.guilds.voice_session import VoiceSessionObject


@get("/guilds/{guild_id}/guildway/voice-sessions")
async def list_voice_sessions(
    guild_id: SnowflakePath,
    caller: Caller,
    voice_log: VoiceLogService,
    limit: Annotated[int, Meta(ge=1, le=100)] = 50,
    before: SnowflakeQuery = None,
    user_id: SnowflakeQuery = None,
    channel_id: SnowflakeQuery = None,
) -> list[VoiceSessionObject]:
    """Show who was in voice when, newest first."""
    return await voice_log.fetch_page(
        caller, guild_id, before=before, limit=limit, user_id=user_id, channel_id=channel_id
    )


ROUTES: Final[Sequence[Route]] = (list_voice_sessions,)
