"""/channels/{channel}/permissions/{overwrite}."""

from litestar import delete, put
from litestar.handlers import HTTPRouteHandler

from api.forms.form import SnowflakePath
from api.services.caller import Caller
from api.services.channels.channel_forms import PutOverwrite
from api.services.channels.overwrites import OverwriteService


@put("/channels/{channel_id:str}/permissions/{overwrite_id:str}", status_code=204)
async def put_overwrite(
    channel_id: SnowflakePath,
    overwrite_id: SnowflakePath,
    caller: Caller,
    data: PutOverwrite,
    overwrites: OverwriteService,
) -> None:
    """Set what the channel allows and denies to a role or a member."""
    await overwrites.put(caller, channel_id, overwrite_id, data)


@delete("/channels/{channel_id:str}/permissions/{overwrite_id:str}", status_code=204)
async def delete_overwrite(
    channel_id: SnowflakePath, overwrite_id: SnowflakePath, caller: Caller, overwrites: OverwriteService
) -> None:
    """Take an overwrite away."""
    await overwrites.delete(caller, channel_id, overwrite_id)


HANDLERS: list[HTTPRouteHandler] = [put_overwrite, delete_overwrite]
