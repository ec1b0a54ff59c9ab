"""/channels/{channel}/permissions/{overwrite}."""

from collections.abc import Sequence
from typing import Final

from api.http.parameters import SnowflakePath
from api.http.route import Route, delete, put
from api.services.caller import Caller
from api.services.channels.channel_forms import PutOverwrite
from api.services.channels.overwrites import OverwriteService


@put("/channels/{channel_id}/permissions/{overwrite_id}", status=204, is_audited=True)
async def put_overwrite(
    channel_id: SnowflakePath,
    overwrite_id: SnowflakePath,
    caller: Caller,
    data: PutOverwrite,
    overwrites: OverwriteService,
) -> None:
    """Set what the channel allows and denies to a role or a member."""
    await overwrites.put(caller, channel_id, overwrite_id, data)


@delete("/channels/{channel_id}/permissions/{overwrite_id}", status=204, is_audited=True)
async def delete_overwrite(
    channel_id: SnowflakePath, overwrite_id: SnowflakePath, caller: Caller, overwrites: OverwriteService
) -> None:
    """Take an overwrite away."""
    await overwrites.delete(caller, channel_id, overwrite_id)


ROUTES: Final[Sequence[Route]] = (put_overwrite, delete_overwrite)
