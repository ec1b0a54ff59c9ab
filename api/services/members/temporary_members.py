"""Temporary memberships: a member who came by a temporary invite and has no role is removed on going offline.

The gateway announces on the bus that a user went offline; a chore ends the memberships. The event is volatile: a
membership that a crash missed ends when the user goes offline the next time.
"""

import asyncio
import logging

from api.services.members.membership import Membership
from core.bus.interfaces import Bus, Delivery
from core.domain.errors import DomainError
from core.domain.events import USER_OFFLINE
from core.store.interfaces import Store

logger = logging.getLogger(__name__)


class TemporaryMembers:
    """Collects users who went offline, and ends their temporary memberships."""

    __slots__ = ("_gone", "_membership", "_store")

    def __init__(self, *, store: Store, bus: Bus, membership: Membership) -> None:
        self._store = store
        self._membership = membership
        self._gone: asyncio.Queue[int] = asyncio.Queue()
        bus.subscribe(self._on_delivery)

    async def remove(self, user_id: int) -> None:
        """End the user's temporary memberships. One that cannot be ended now stays until the next time."""
        try:
            # Few users have one, so a read first saves a unit of work.
            if not await self._store.members.list_temporary(user_id):
                return
            async with self._store.write(users=[user_id]) as tx:
                listed = await tx.members.list_temporary(user_id)
                await tx.lock(guilds=listed)
                # Before it was locked, a guild may have gone or have given the member a role.
                for guild_id in set(listed).intersection(await tx.members.list_temporary(user_id)):
                    await self._membership.remove(tx, guild_id, user_id)
        except DomainError:
            logger.warning("temporary memberships could not be ended", extra={"user_id": user_id})

    async def run(self) -> None:
        """End memberships of users who went offline, one after the other, until cancelled."""
        while True:
            await self.remove(await self._gone.get())

    def _on_delivery(self, delivery: Delivery) -> None:
        if delivery.envelope.event == USER_OFFLINE:
            self._gone.put_nowait(delivery.envelope.user_id)
