"""The sweep of crossposts: it does what processes that died have noted and not done, and removes webhooks whose source
is gone.

Also what a process could not do for the time being, and what found no place in its queue, is done here.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from api.services.crossposts.publisher import Publisher
from api.services.ids import IdSource
from api.services.webhooks.webhook_events import webhooks_updated
from core.domain.errors import DomainError
from core.domain.ids import snowflake_at
from core.runtime.clock import Clock
from core.store.interfaces import Store

logger = logging.getLogger(__name__)

INTERVAL_S: Final = 5.0
GRACE_MS: Final = 20_000
"""A younger change is most likely under way. A cluster's store tries an edit for ten seconds, and then is not certain
for some seconds more."""
_PAGE: Final = 200


class CrosspostSweep:
    """The sweep of one process. In a cluster one process at a time runs it."""

    __slots__ = ("_clock", "_ids", "_publisher", "_store")

    def __init__(self, *, store: Store, publisher: Publisher, ids: IdSource, clock: Clock) -> None:
        self._store = store
        self._publisher = publisher
        self._ids = ids
        self._clock = clock

    async def run(self, is_held: Callable[[], bool] = lambda: True, *, own_from: int = 0) -> None:
        """Sweep again and again, until cancelled; only while `is_held` says that this process is the one to do it.

        `own_from` is the first id of a process that is alone: what was noted before is nobody's any more.
        """
        while True:
            if is_held():
                try:
                    await self.sweep(own_from=own_from)
                except DomainError as error:
                    logger.warning("crossposts could not be swept", extra={"reason": error.text})
            await asyncio.sleep(INTERVAL_S)

    async def sweep(self, *, own_from: int = 0) -> int:
        """Do one turn, and return how many crossposts and webhooks were left over. Raises Unavailable."""
        before_id = max(snowflake_at(self._clock.now_ms() - GRACE_MS), own_from)
        left = await self._store.crossposts.list_due(before_id=before_id, limit=_PAGE)
        await self._publisher.settle_all(left, is_left=True)
        orphans = await self._store.webhooks.list_orphans(limit=_PAGE)
        for webhook in orphans:
            async with self._store.write(guilds=[webhook.guild_id]) as tx:
                if await tx.webhooks.delete(webhook.id):
                    tx.announce(webhooks_updated(self._ids.next(), webhook.guild_id, webhook.channel_id))
        if left or orphans:
            logger.info("crossposts were swept", extra={"crossposts": len(left), "webhooks": len(orphans)})
        return len(left) + len(orphans)
