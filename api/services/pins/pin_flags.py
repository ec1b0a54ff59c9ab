"""What messages say of themselves: whether they are pinned. It follows the pin's row.

The row and the message may be in two databases, so they change one after the other. The unit of work that changes the
row also notes a *change* (`PinChange`), which is forgotten when the message says what is true. A change that stays is
that of a process that died in between; the sweep (pin_sweep.py) settles it.

```
 unit: pin's row + change ─→ the message, until both are alike ─→ the change is forgotten
                        └─ process dies ─ sweep ─┘
```
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from api.services.messages.message_changes import MessageChanges
from core.domain.channels.channel import Channel
from core.domain.errors import Unavailable, UnknownMessage
from core.domain.messages.message import Message
from core.domain.messages.pin import PinChange
from core.store.interfaces import Store

_MAX_TRIES: Final = 100
"""Each time but the last another request has changed the row meanwhile. This many at once are abuse."""


class PinFlags:
    """Makes messages say whether they are pinned."""

    __slots__ = ("_changes", "_store")

    def __init__(self, *, store: Store, changes: MessageChanges) -> None:
        self._store = store
        self._changes = changes

    async def settle(self, channel: Channel, change: PinChange) -> None:
        """Make the message say whether it has a row now, and forget the change. Raises Unavailable: then it stays."""
        await self.follow(channel, change.message_id)
        await self.forget(change)

    async def forget(self, change: PinChange) -> None:
        """Forget a change. Raises Unavailable."""
        async with self._store.write() as tx:
            await tx.pins.end_change(change)

    async def follow(self, channel: Channel, message_id: int) -> None:
        """Make the message say what is true. One that was deleted meanwhile says nothing.

        Another request may change the row before the message has changed. Each looks at the row after its own change of
        the message, so whoever comes last finds both alike, or goes on.
        """
        is_pinned = await self._has_row(channel.id, message_id)
        for _ in range(_MAX_TRIES):
            with suppress(UnknownMessage):
                await self._changes.change(channel, message_id, _marking(is_pinned=is_pinned))
            was_pinned, is_pinned = is_pinned, await self._has_row(channel.id, message_id)
            if is_pinned == was_pinned:
                return
        raise Unavailable

    async def _has_row(self, channel_id: int, message_id: int) -> bool:
        return bool(await self._store.pins.find_among(channel_id, [message_id]))


def _marking(*, is_pinned: bool) -> Callable[[Message], dict[str, Any]]:
    return lambda message: {} if message.pinned == is_pinned else {"pinned": is_pinned}
