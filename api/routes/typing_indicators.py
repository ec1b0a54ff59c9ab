"""/channels/{channel_id}/typing."""

from litestar import post
from litestar.handlers import HTTPRouteHandler
from litestar.status_codes import HTTP_204_NO_CONTENT

from api.forms.form import SnowflakePath
from api.services.caller import Caller
from api.services.channels.typing_indicators import TypingIndicators


@post("/channels/{channel_id:str}/typing", status_code=HTTP_204_NO_CONTENT)
async def trigger_typing(channel_id: SnowflakePath, caller: Caller, typing_indicators: TypingIndicators) -> None:
    """Tell the channel that the caller is typing."""
    await typing_indicators.start(caller.user_id, channel_id)


HANDLERS: list[HTTPRouteHandler] = [trigger_typing]
