"""The rows of messages without their events, for a cluster, where the events are in Redis (`MessageStore` has both).

A row that was inserted may be inserted again, and every method may be repeated after an outcome that is not known.
"""

from collections.abc import Collection
from typing import Protocol

from core.domain.messages.message import Message
from core.store.aggregates.changes import Changes


class MessageRows(Protocol):
    """Messages by channel. Reads are as in `MessageStore`."""

    async def insert(self, message: Message) -> None:
        """Store a message. A repeat changes nothing, nor does a call after `withdraw`.

        Raises:
            Unavailable: when it is certain that the message is not stored, and will not be.
            OutcomeUnknown: when that is not certain.
        """

    async def withdraw(self, message: Message) -> None:
        """Make sure that the message is not stored and that no late `insert` of it is ever seen. Raises Unavailable."""

    async def find(self, channel_id: int, message_id: int) -> Message | None: ...

    async def list_page(
        self,
        channel_id: int,
        *,
        before: int | None = None,
        after: int | None = None,
        around: int | None = None,
        limit: int = 50,
    ) -> list[Message]: ...

    async def update(
        self, channel_id: int, message_id: int, changes: Changes, *, expected_version: int
    ) -> Message | None:
        """Apply an edit made against `expected_version`; None when the stored version differs.

        Raises:
            UnknownMessage: when there is none, or it was deleted meanwhile.
            Unavailable, OutcomeUnknown: as `insert`.
        """

    async def raise_version(self, channel_id: int, message_id: int, *, expected_version: int) -> Message | None:
        """Make an edit or deletion against `expected_version` that is still under way fail.

        Return the message as it is stored then, None when there is none.
        """

    async def delete(self, channel_id: int, message_ids: Collection[int]) -> list[int]:
        """Delete messages; return the ids that existed."""

    async def list_ids_by_author(self, guild_id: int, author_id: int, *, since_ms: int) -> list[tuple[int, int]]: ...

    async def last_ids(self, channel_ids: Collection[int]) -> dict[int, int]: ...

    async def list_channels(self, *, after: int | None, limit: int) -> list[int]: ...

    async def ping(self) -> None:
        """Check the backend. Raises Unavailable when it does not answer."""
