"""/channels/{channel}/call: whether a private channel can be rung."""

from collections.abc import Sequence
from typing import Final

from api.http.parameters import SnowflakePath
from api.http.route import Route, get, post
from api.services.caller import Caller
from api.services.channels.calls import CallEligibility, CallService


@get("/channels/{channel_id}/call")
async def get_call(channel_id: SnowflakePath, caller: Caller, calls: CallService) -> CallEligibility:
    """Whether the channel can be rung."""
    return await calls.fetch(caller, channel_id)


@post("/channels/{channel_id}/call/ring", "/channels/{channel_id}/call/stop-ringing", status=204)
async def ring(channel_id: SnowflakePath, caller: Caller, calls: CallService) -> None:
    """Ring the recipients of a private channel, or stop it: there are no calls yet."""
    await calls.ring(caller, channel_id)


ROUTES: Final[Sequence[Route]] = (get_call, ring)
