"""The crossposts of published messages: which copies there are, and what is still to be done about them."""

from collections.abc import Collection
from typing import Protocol

from core.domain.messages.crosspost import Crosspost


class CrosspostReader(Protocol):
    async def find_published(self, message_ids: Collection[int]) -> list[int]:
        """Return those of the messages that have crossposts."""

    async def list_due(self, *, before_id: int, limit: int) -> list[Crosspost]:
        """Return crossposts whose last change has a smaller id, the oldest change first."""

    async def list_due_of(self, source_message_id: int, *, after: int, limit: int) -> list[Crosspost]:
        """Return a message's crossposts about which there is something to be done, by webhooks with larger ids."""


class CrosspostWriter(CrosspostReader, Protocol):
    async def begin(self, source_channel_id: int, source_message_id: int, *, change_id: int) -> int:
        """Ask for a copy by each webhook that follows the channel; return how many these are."""

    async def note(self, message_ids: Collection[int], *, change_id: int) -> None:
        """Ask that the copies of these messages follow a change."""

    async def settle(self, crosspost: Crosspost, *, channel_id: int, copy_id: int) -> bool:
        """Note the copy, and that all was done which the crosspost has asked for. A later change stays noted.

        Return False when the crosspost was dropped meanwhile.
        """

    async def postpone(self, crosspost: Crosspost, *, change_id: int) -> None:
        """Put a crosspost behind all others, unless it has changed."""

    async def drop(self, crosspost: Crosspost) -> None:
        """Forget a crosspost, unless it has changed."""
