"""A read-through cache of the newest message id of each channel, which every channel object shows.

The event of a new message has its id, whichever process sent it. Deletions change nothing: the store keeps the newest
id that was ever sent.
"""

from collections.abc import Collection
from typing import Final

from api.services.single_flight import SingleFlight
from core.bus.interfaces import Bus, Delivery
from core.domain.events import MESSAGE_CREATE
from core.store.aggregates.messages.messages import MessageStore

_CAPACITY: Final = 100_000
"""The number of channels, about 23 MiB."""

_NONE: Final = 0
"""The entry of a channel without messages."""


class LastMessages:
    """Reads the newest message ids as `MessageStore.last_ids` does, from memory where it can."""

    __slots__ = ("_ids", "_messages")

    def __init__(self, *, messages: MessageStore, bus: Bus) -> None:
        self._messages = messages
        self._ids: SingleFlight[int, int] = SingleFlight(self._load, capacity=_CAPACITY)
        bus.subscribe(self._on_delivery)

    async def find_ids(self, channel_ids: Collection[int]) -> dict[int, int]:
        """Return the newest message id of each channel. Channels without messages are absent."""
        found = await self._ids.get_many(channel_ids, self._load_many)
        return {channel_id: message_id for channel_id, message_id in found.items() if message_id != _NONE}

    def forget_all(self) -> None:
        """Forget all ids."""
        self._ids.clear()

    async def _load(self, channel_id: int) -> int:
        return (await self._load_many([channel_id]))[channel_id]

    async def _load_many(self, channel_ids: list[int]) -> dict[int, int]:
        found = await self._messages.last_ids(channel_ids)
        return {channel_id: found.get(channel_id, _NONE) for channel_id in channel_ids}

    def _on_delivery(self, delivery: Delivery) -> None:
        envelope = delivery.envelope
        if envelope.event == MESSAGE_CREATE:
            # An old message may be published again.
            newest_id = max(envelope.id, self._ids.find_cached(envelope.channel_id) or _NONE)
            self._ids.replace(envelope.channel_id, newest_id)
