"""Messages, which are not in units of work (`core.store.interfaces`)."""

from collections.abc import Collection, Sequence
from typing import Protocol

from core.domain.messages.message import AddedMessage, Message
from core.store.aggregates.changes import Changes
from core.wire.envelope import Envelope


class MessageStore(Protocol):
    """Messages by channel. Every method that changes something commits its envelopes with the rows."""

    async def add(self, message: Message, envelopes: Sequence[Envelope]) -> AddedMessage:
        """Store a message, once per (author, channel, nonce) within an hour.

        Calls are committed, and their envelopes logged, in the order in which they were made: a caller that makes the
        id and calls `add` without awaiting in between gets dispatches in id order. When the nonce is known, the first
        message is answered with `is_new=False` and nothing is stored or announced.
        """

    async def find(self, channel_id: int, message_id: int) -> Message | None: ...

    async def list_page(
        self,
        channel_id: int,
        *,
        before: int | None = None,
        after: int | None = None,
        around: int | None = None,
        limit: int = 50,
    ) -> list[Message]:
        """Return messages, newest first. `after` selects the oldest `limit` above it. At most one bound is set."""

    async def update(
        self,
        channel_id: int,
        message_id: int,
        changes: Changes,
        *,
        expected_version: int,
        envelopes: Sequence[Envelope],
    ) -> Message | None:
        """Apply an edit made against `expected_version`; None when the stored version differs (read again, try again).

        Raises:
            UnknownMessage: when there is none, or it was deleted meanwhile; an edit never restores it.
        """

    async def delete(self, channel_id: int, message_ids: Collection[int], envelopes: Sequence[Envelope]) -> list[int]:
        """Delete messages; return the ids that existed. Envelopes are announced when at least one did."""

    async def list_ids_by_author(self, guild_id: int, author_id: int, *, since_ms: int) -> list[tuple[int, int]]:
        """Return (channel id, message id) of an author's messages in a guild since then, which a ban deletes."""

    async def last_ids(self, channel_ids: Collection[int]) -> dict[int, int]:
        """Return the newest message id ever sent in each channel; channels without messages are absent."""

    async def list_channels(self, *, after: int | None, limit: int) -> list[int]:
        """Return ids of channels that have messages, also of channels that are gone; some may have had them only.

        The order is the store's own: pass the last one for the next page, None for the first. A page that is not full
        is the last one.
        """
