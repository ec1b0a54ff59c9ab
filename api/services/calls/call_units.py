"""Units of work over calls: they name all recipients of the channels, as all of them are told.

The recipients are read before a unit begins, and once more inside it: when somebody came meanwhile, it begins anew.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from api.services.rights import MAX_ATTEMPTS
from core.domain.channels.channel import Channel
from core.domain.errors import Unavailable, UnknownChannel
from core.store.interfaces import Store, Transaction

T = TypeVar("T")


class CallUnits:
    """Runs bodies in units of work."""

    __slots__ = ("_store",)

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def run(self, channel_id: int, body: Callable[[Transaction, Channel], Awaitable[T]]) -> T:
        """Run the body with the private channel. Raises UnknownChannel, Unavailable."""

        async def whole(tx: Transaction, channel: Channel, _: Channel | None) -> T:
            return await body(tx, channel)

        return await self.run_between(channel_id, 0, whole)

    async def run_between(
        self,
        channel_id: int,
        former_id: int,
        body: Callable[[Transaction, Channel, Channel | None], Awaitable[T]],
    ) -> T:
        """Run the body with the channel that somebody comes into, and the one that is left, 0 for none.

        Raises:
            UnknownChannel: when the first is gone. Unavailable
        """
        wanted = [each for each in dict.fromkeys((channel_id, former_id)) if each]
        for _ in range(MAX_ATTEMPTS):
            known = [await self._store.channels.find(each) for each in wanted]
            named = {user_id for channel in known if channel is not None for user_id in channel.recipient_ids}
            async with self._store.write(users=named) as tx:
                found = [await tx.channels.find(each) for each in wanted]
                channels = {channel.id: channel for channel in found if channel is not None}
                if channel_id not in channels:
                    raise UnknownChannel
                if all(named.issuperset(channel.recipient_ids) for channel in channels.values()):
                    former = channels.get(former_id) if former_id != channel_id else None
                    return await body(tx, channels[channel_id], former)
        raise Unavailable
