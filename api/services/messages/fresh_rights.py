"""Rights that still hold when a change beside a channel's messages is made: an edit, a deletion, a reaction, typing.

Such a change is no unit of work with the guild's rows (`api.services.rights`), and no message, which its channel's door
confirms as it lets it in. So the door is asked right before the change is made:

    @on_fresh_rights
    async def delete(self, user_id: int, channel_id: int, message_id: int) -> None:
        mark = self._door.mark()
        access = await self._entities.text_access(user_id, channel_id)
        …checks…
        await self._door.confirm(claim_of(access, user_id, mark))
        …the change…
"""

import contextlib
import functools
from collections.abc import Awaitable, Callable
from typing import Final, ParamSpec, TypeVar

from api.services.access import ChannelAccess
from core.domain.errors import StaleRights, Unavailable
from core.door.interfaces import Claim

_MAX_CHECKS: Final = 10
"""Each failed one means that rights have changed during a check, which takes milliseconds."""

P = ParamSpec("P")
R = TypeVar("R")


def on_fresh_rights(method: Callable[P, Awaitable[R]]) -> Callable[P, Awaitable[R]]:
    """Make the method start again as long as the door finds that rights have changed.

    Raises:
        Unavailable: when they change all the time.
    """

    @functools.wraps(method)
    async def run(*args: P.args, **kwargs: P.kwargs) -> R:
        for _ in range(_MAX_CHECKS):
            with contextlib.suppress(StaleRights):
                return await method(*args, **kwargs)
        raise Unavailable

    return run


def claim_of(
    access: ChannelAccess, user_id: int, mark: int, *, shared_guild_id: int = 0, author_id: int | None = None
) -> Claim:
    """Return what the user is about to claim, by rights that were looked up after `mark` was taken.

    `shared_guild_id` is what `DirectSends.require_write` has found. `author_id` is somebody in a guild whose block
    would refuse the user.
    """
    channel = access.channel
    blockers = () if author_id is None else (author_id,)
    return Claim(
        channel_id=channel.id,
        guild_id=channel.guild_id,
        recipient_ids=blockers if access.guild is not None else tuple(channel.recipient_ids),
        shared_guild_id=shared_guild_id,
        author_id=user_id,
        mark=mark,
    )
