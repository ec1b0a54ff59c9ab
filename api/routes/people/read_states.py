"""Acks: how far the caller has read. Bots have no read states."""

from collections.abc import Sequence
from typing import Final

from api.http.parameters import SnowflakePath
from api.http.route import Route, delete, post
from api.services.caller import Caller
from api.services.reading.read_state_forms import AckBulk, AckMessage, ForgetReadState
from api.services.reading.read_states import ReadStateService
from core.wire.objects.channels.read_state import AckToken


@post("/channels/{channel_id}/messages/{message_id}/ack")
async def ack_message(
    channel_id: SnowflakePath,
    message_id: SnowflakePath,
    data: AckMessage,
    caller: Caller,
    read_states: ReadStateService,
) -> AckToken:
    """Mark a channel as read up to a message, or with `manual` as unread after it."""
    await read_states.ack(caller, channel_id, message_id, data)
    return AckToken()


@delete("/channels/{channel_id}/messages/ack", status=204)
async def forget_read_state(
    channel_id: SnowflakePath, data: ForgetReadState, caller: Caller, read_states: ReadStateService
) -> None:
    """Forget what of a channel was read."""
    await read_states.forget(caller, channel_id, data)


@post("/read-states/ack-bulk", status=204)
async def ack_many(data: AckBulk, caller: Caller, read_states: ReadStateService) -> None:
    """Mark up to 100 channels as read."""
    await read_states.ack_many(caller, data)


@post("/guilds/{guild_id}/ack", status=204)
async def ack_guild(guild_id: SnowflakePath, caller: Caller, read_states: ReadStateService) -> None:
    """Mark all channels of a guild as read."""
    await read_states.ack_guild(caller, guild_id)


@post("/channels/{channel_id}/pins/ack", status=204)
async def ack_pins(channel_id: SnowflakePath, caller: Caller, read_states: ReadStateService) -> None:
    """Mark the pins of a channel as seen."""
    await read_states.ack_pins(caller, channel_id)


ROUTES: Final[Sequence[Route]] = (ack_message, forget_read_state, ack_many, ack_guild, ack_pins)
