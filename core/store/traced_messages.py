"""The storing of messages, traced: the events of a sampled message carry its trace into the log."""

from collections.abc import Collection, Sequence

import msgspec
from typing_extensions import override

from core.domain.messages.message import AddedMessage, Message
from core.runtime.traces.interfaces import Tracer
from core.runtime.traces.request import CURRENT
from core.store.aggregates.changes import Changes
from core.store.aggregates.messages.messages import MessageStore
from core.wire.envelope import Envelope


class TracedMessages(MessageStore):
    """A `MessageStore` before another one. Only `add` is traced."""

    __slots__ = ("_messages", "_tracer")

    def __init__(self, messages: MessageStore, *, tracer: Tracer) -> None:
        self._messages = messages
        self._tracer = tracer

    @override
    async def add(self, message: Message, envelopes: Sequence[Envelope]) -> AddedMessage:
        request = CURRENT.get()
        if request is None or request.span is None:
            return await self._messages.add(message, envelopes)
        span = self._tracer.begin("store", parent=request.span.context)
        try:
            # Nothing is awaited before this call: messages are stored in the order of their ids.
            traced = [msgspec.structs.replace(envelope, trace=span.context) for envelope in envelopes]
            return await self._messages.add(message, traced)
        finally:
            span.end(message_id=message.id)

    @override
    async def find(self, channel_id: int, message_id: int) -> Message | None:
        return await self._messages.find(channel_id, message_id)

    @override
    async def list_page(
        self,
        channel_id: int,
        *,
        before: int | None = None,
        after: int | None = None,
        around: int | None = None,
        limit: int = 50,
    ) -> list[Message]:
        return await self._messages.list_page(channel_id, before=before, after=after, around=around, limit=limit)

    @override
    async def update(
        self,
        channel_id: int,
        message_id: int,
        changes: Changes,
        *,
        expected_version: int,
        envelopes: Sequence[Envelope],
    ) -> Message | None:
        return await self._messages.update(
            channel_id, message_id, changes, expected_version=expected_version, envelopes=envelopes
        )

    @override
    async def delete(self, channel_id: int, message_ids: Collection[int], envelopes: Sequence[Envelope]) -> list[int]:
        return await self._messages.delete(channel_id, message_ids, envelopes)

    @override
    async def list_ids_by_author(self, guild_id: int, author_id: int, *, since_ms: int) -> list[tuple[int, int]]:
        return await self._messages.list_ids_by_author(guild_id, author_id, since_ms=since_ms)

    @override
    async def last_ids(self, channel_ids: Collection[int]) -> dict[int, int]:
        return await self._messages.last_ids(channel_ids)

    @override
    async def list_channels(self, *, after: int | None, limit: int) -> list[int]:
        return await self._messages.list_channels(after=after, limit=limit)
