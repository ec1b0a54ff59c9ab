"""The doors of channels as the stores of a cluster see them from inside: `core.door.redis` in production."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from core.door.pending import Pending
from core.wire.envelope import Envelope


class MessageDoor(Protocol):
    """What ends the openings of messages, and opens and ends those of changes."""

    async def open_change(self, channel_id: int, pending: Pending) -> int:
        """Let a change in; return the opening's id. Raises Unavailable."""

    async def wait_turn(self, opened_id: int) -> None:
        """Wait until all earlier openings are ended that change the same reactions. Raises Unavailable."""

    async def close(
        self, opened_id: int, envelopes: Sequence[Envelope], undo: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        """End an opening by its events; return when this process's listeners have had them.

        `undo` is called when it is certain that they are not told, now or later, until it does not raise Unavailable.

        Raises:
            OpeningGone: when others have given the opening up, and its events are not told.
            OutcomeUnknown: when the door stays away. The opening is ended when it is back.
        """

    async def abort(self, opened_id: int) -> None:
        """End an opening without an event."""

    async def leave(self, opened_id: int) -> None:
        """Leave an opening to the sweep. Raises Unavailable."""
