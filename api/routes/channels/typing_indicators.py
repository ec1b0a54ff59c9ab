"""/channels/{channel_id}/typing."""

from collections.abc import Sequence
from typing import Final

from api.http.parameters import SnowflakePath
from api.http.route import Route, post
from api.services.caller import Caller
from api.services.channels.typing_indicators import TypingIndicatorService


@post("/channels/{channel_id}/typing", status=204)
async def trigger_typing(channel_id: SnowflakePath, caller: Caller, typing_indicators: TypingIndicatorService) -> None:
    """Tell the channel that the caller is typing."""
    await typing_indicators.start(caller.user_id, channel_id)


ROUTES: Final[Sequence[Route]] = (trigger_typing,)
