"""The pins of channels. Their messages may be in another store, and may be gone."""

from collections.abc import Collection
from typing import Protocol

from core.domain.messages.pin import Pin, PinChange


class PinReader(Protocol):
    async def list_page(self, channel_id: int, *, before_ms: int | None = None, limit: int = 50) -> list[Pin]:
        """Return pins, the newest first."""

    async def find_among(self, channel_id: int, message_ids: Collection[int]) -> list[int]:
        """Return those of the messages that are pinned."""

    async def count(self, channel_id: int) -> int: ...

    async def list_changes(self, *, before_id: int, limit: int) -> list[PinChange]:
        """Return the noted changes with smaller ids, the oldest first."""


class PinWriter(PinReader, Protocol):
    async def put(self, channel_id: int, message_id: int, *, now_ms: int) -> Pin | None:
        """Add a pin, later than all others of the channel; return None when the message is pinned already."""

    async def delete(self, channel_id: int, message_ids: Collection[int]) -> int:
        """Remove pins; return how many there were."""

    async def note_change(self, change: PinChange) -> None:
        """Note a change of a pin, in the unit that makes it. It takes the place of an earlier one."""

    async def end_change(self, change: PinChange) -> None:
        """Forget a change whose message says of itself what is true. A later change of the pin stays noted."""
