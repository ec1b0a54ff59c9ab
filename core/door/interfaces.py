"""The door of a channel: the place where sends of all processes meet, and where a message gets its id.

```
 rights checked ─→ open ─→ encoded with the permit's id ─→ stored, told ─→ closed
                    │
                    └─ refused: slow mode, limits, rights that have changed since the check
```

Whoever passes has counted against the limits, has waited for slow mode, has a nonce that nobody has used, and an id
that is larger than all ids that were given out in the channel before. Messages of one channel are told in the order of
their ids, however long their storing takes.
"""

from contextlib import AbstractAsyncContextManager
from typing import Protocol

import msgspec


class Opening(msgspec.Struct, kw_only=True, frozen=True):
    """A message that is about to be sent."""

    channel_id: int
    guild_id: int
    """0 for a direct channel."""
    author_id: int
    nonce: str | None = None
    slow_mode_s: int = 0
    """The channel's slow mode, 0 for an author who need not wait."""
    is_limited: bool = True
    """Whether the message counts against the author's limits. A system message does not."""
    mark: int
    """The value of `Door.mark` before the author's rights were checked."""


class Permit(msgspec.Struct, frozen=True):
    """The right to store one message.

    `is_repeat` says that the author has used the nonce in this channel before: then `id` is that first message's, which
    is stored and told, and nothing is to be stored.
    """

    id: int
    is_repeat: bool = False


class Door(Protocol):
    """The doors of all channels."""

    def mark(self) -> int:
        """Return how new the entities are by which this process checks rights now, for `Opening.mark`."""

    def open(self, opening: Opening) -> AbstractAsyncContextManager[Permit]:
        """Let one message in: inside the context it is encoded and given to `MessageStore.add`.

        Leaving it with an error, before `add` was called, undoes the opening. A repeat of a nonce waits for the first
        one, and is let in as a message of its own when that one fails.

        Raises:
            SlowMode, RateLimited: as the limits say.
            StaleRights: when rights in the guild have changed since the mark; check them again and open anew.
            Unavailable: when the door does not answer, or its channel is held up.
        """
