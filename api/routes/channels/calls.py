"""/channels/{channel}/call: whether a private channel can be rung, ringing, and the region."""

from collections.abc import Sequence
from typing import Final

from api.http.parameters import SnowflakePath
from api.http.route import Route, get, patch, post
from api.services.caller import Caller
from api.services.calls.call_forms import ChangeCallForm, RingForm
from api.services.calls.calls import CallEligibility, CallService


@get("/channels/{channel_id}/call")
async def get_call(channel_id: SnowflakePath, caller: Caller, calls: CallService) -> CallEligibility:
    """Whether the channel can be rung."""
    return await calls.fetch(caller, channel_id)


@patch("/channels/{channel_id}/call", status=204)
async def change_call(channel_id: SnowflakePath, caller: Caller, data: ChangeCallForm, calls: CallService) -> None:
    """Change the region of a call."""
    await calls.change(caller, channel_id, data)


@post("/channels/{channel_id}/call/ring", status=204)
async def ring(channel_id: SnowflakePath, caller: Caller, data: RingForm, calls: CallService) -> None:
    """Ring recipients of a private channel."""
    await calls.ring(caller, channel_id, data)


@post("/channels/{channel_id}/call/stop-ringing", status=204)
async def stop_ringing(channel_id: SnowflakePath, caller: Caller, data: RingForm, calls: CallService) -> None:
    """Ring recipients no more, or refuse a call."""
    await calls.stop(caller, channel_id, data)


ROUTES: Final[Sequence[Route]] = (get_call, change_call, ring, stop_ringing)
