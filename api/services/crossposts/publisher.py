"""The publisher: does what is noted about crossposts, for this process' changes and for the sweep.

    crosspost noted ─┬─ its message is there ──┬─ no copy yet ─→ copy it
                     │                         └─ a copy ──────→ have it show what the message shows
                     ├─ its message is gone ───── a copy ──────→ empty it
                     └─ its message was never marked ─────────→ forget the crosspost, when that is certain

The message as it is now decides, not the change that was noted. So anything may be done twice, by several processes.
"""

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from typing import Final

from api.services.crossposts.copies import Copies
from api.services.entity_cache import EntityCache
from api.services.ids import IdSource
from api.services.messages.publications import Publications
from core.domain.channels.channel import Channel
from core.domain.errors import DomainError, Unavailable, UnknownChannel
from core.domain.guilds.webhook import Webhook
from core.domain.messages.crosspost import Crosspost
from core.domain.messages.message import CROSSPOSTED, Message
from core.store.interfaces import Store

logger = logging.getLogger(__name__)

_PAGE: Final = 100
_AT_ONCE: Final = 16
"""The copies that are made together, which share commits. More would keep others' messages waiting."""


class Publisher:
    """Settles crossposts. One `run` in a process."""

    __slots__ = ("_copies", "_entities", "_ids", "_publications", "_room", "_store")

    def __init__(
        self, *, store: Store, entities: EntityCache, copies: Copies, publications: Publications, ids: IdSource
    ) -> None:
        self._store = store
        self._entities = entities
        self._copies = copies
        self._publications = publications
        self._ids = ids
        self._room = asyncio.Semaphore(_AT_ONCE)

    async def run(self) -> None:
        """Settle what this process has noted, until cancelled."""
        while True:
            message_id = await self._publications.take()
            try:
                await self.publish(message_id)
            except DomainError as error:
                logger.warning("copies must wait", extra={"id": message_id, "reason": error.text})

    async def publish(self, message_id: int) -> None:
        """Settle what is noted about one message's copies. Raises Unavailable."""
        after = 0
        while page := await self._store.crossposts.list_due_of(message_id, after=after, limit=_PAGE):
            await self.settle_all(page)
            after = page[-1].webhook_id

    async def settle_all(self, crossposts: Sequence[Crosspost], *, is_left: bool = False) -> None:
        """Settle crossposts. `is_left`: nobody is at them any more. One that fails then waits behind the others."""
        await asyncio.gather(*(self._try_settle(each, is_left=is_left) for each in crossposts))

    async def _try_settle(self, crosspost: Crosspost, *, is_left: bool) -> None:
        async with self._room:
            try:
                await self._settle(crosspost, is_left=is_left)
            except DomainError as error:
                logger.warning("a copy must wait", extra={"id": crosspost.source_message_id, "reason": error.text})
            except Exception:
                logger.exception("a copy must wait", extra={"id": crosspost.source_message_id})
            else:
                return
            if is_left:
                with contextlib.suppress(Unavailable):  # then it stays where it is
                    async with self._store.write() as tx:
                        await tx.crossposts.postpone(crosspost, change_id=self._ids.next())

    async def _settle(self, crosspost: Crosspost, *, is_left: bool) -> None:
        webhook = await self._store.webhooks.find(crosspost.webhook_id)
        if webhook is None:
            return  # the crosspost has gone with it
        source = await self._store.messages.find(crosspost.source_channel_id, crosspost.source_message_id)
        if source is None or not source.flags & CROSSPOSTED:
            await self._retract(crosspost, webhook, is_certain=is_left or source is None)
        elif crosspost.copy_id:
            await self._update(crosspost, webhook, source)
        else:
            await self._create(crosspost, webhook, source, is_left=is_left)

    async def _create(self, crosspost: Crosspost, webhook: Webhook, source: Message, *, is_left: bool) -> None:
        channel = await self._find_channel(webhook.channel_id)
        if channel is None:
            return
        # The door knows nonces for an hour only, and what is left may be older.
        found = await self._copies.find(webhook, source.id) if is_left else None
        channel_id, copy_id = found or (channel.id, await self._copies.create(webhook, channel, source))
        async with self._store.write() as tx:
            is_known = await tx.crossposts.settle(crosspost, channel_id=channel_id, copy_id=copy_id)
        if not is_known:
            await self._take_back(channel_id, copy_id)

    async def _update(self, crosspost: Crosspost, webhook: Webhook, source: Message) -> None:
        channel = await self._find_channel(crosspost.channel_id)
        is_there = channel is not None and await self._copies.update(webhook, channel, crosspost.copy_id, source)
        async with self._store.write() as tx:
            if is_there:
                await tx.crossposts.settle(crosspost, channel_id=crosspost.channel_id, copy_id=crosspost.copy_id)
            else:
                await tx.crossposts.drop(crosspost)

    async def _retract(self, crosspost: Crosspost, webhook: Webhook, *, is_certain: bool) -> None:
        if crosspost.copy_id:
            await self._take_back(crosspost.channel_id, crosspost.copy_id)
        elif not is_certain:
            return  # the message may be about to be marked, by another request
        elif found := await self._copies.find(webhook, crosspost.source_message_id):
            await self._take_back(*found)  # whoever has made it has died before it was noted
        async with self._store.write() as tx:
            await tx.crossposts.drop(crosspost)

    async def _take_back(self, channel_id: int, copy_id: int) -> None:
        channel = await self._find_channel(channel_id)
        if channel is not None:
            await self._copies.take_back(channel, copy_id)

    async def _find_channel(self, channel_id: int) -> Channel | None:
        try:
            return await self._entities.channel(channel_id)
        except UnknownChannel:
            return None
