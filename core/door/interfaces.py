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

from core.door.rules import MessageRules
from core.live.interfaces import Standing


class Opening(msgspec.Struct, kw_only=True, frozen=True, gc=False):
    """A message that is about to be sent."""

    channel_id: int
    guild_id: int
    """0 for a direct channel."""
    recipient_ids: tuple[int, ...] = ()
    """Those who are in a direct channel, the author too. Its rights are theirs."""
    shared_guild_id: int = 0
    """A guild that those in a direct channel share, when its author may write because of it. 0 for friends, who need
    none, and in groups."""
    author_id: int
    nonce: str | None = None
    slow_mode_s: int = 0
    """The channel's slow mode, 0 for an author who need not wait."""
    is_limited: bool = True
    """Whether the message counts against the author's limits. A system message does not."""
    mark: int | None
    """The value of `Door.mark` before the author's rights were checked. None for a system message, which needs none."""


class Claim(msgspec.Struct, kw_only=True, frozen=True, gc=False):
    """The rights by which somebody is about to change what a channel has, by an edit, a deletion, a reaction or typing.

    The fields are those of `Opening`; in a guild, `recipient_ids` are people whose blocks count beside its rights.
    """

    channel_id: int
    guild_id: int
    recipient_ids: tuple[int, ...] = ()
    shared_guild_id: int = 0
    author_id: int
    """Who makes the change."""
    mark: int


class Permit(msgspec.Struct, gc=False):
    """The right to store one message.

    `is_repeat` says that the author has used the nonce in this channel before: then `id` is that first message's, which
    is stored and told, and nothing is to be stored.
    """

    id: int
    is_repeat: bool = False
    first_id: int = 0
    """To be set inside the context when the store has known the nonce, and so has not stored the message
    (`AddedMessage.is_new`): the first message's id, by which the door answers repeats from then on."""
    standing: Standing | None = None
    """As `Door.look` would find it now. None for a message that counts against nothing."""


class Door(Protocol):
    """The doors of all channels."""

    def mark(self) -> int:
        """Return how new the entities are by which this process checks rights now, for `Opening.mark`."""

    def open(self, opening: Opening) -> AbstractAsyncContextManager[Permit]:
        """Let one message in: inside the context it is encoded and given to `MessageStore.add`.

        From the entrance to the call of `add` nothing may be awaited. Leaving the context with an error before that
        call undoes the opening, though what was counted stays counted. A repeat of a nonce waits for the first message,
        and is let in as a message of its own when that one fails. When `add` itself has failed without knowing whether
        the message is stored, the store and the door of a backend see to it together that a repeat makes no second one.

        Raises:
            StaleRights: when rights in the guild, or of those in the direct channel, or their memberships of the shared
                guild, have changed since the mark; check them again and open anew.
            SlowMode, RateLimited: as the limits say. A repeat is not limited.
            Unavailable: when the door does not answer, or its channel is held up.
        """

    async def confirm(self, claim: Claim) -> None:
        """Check that rights are those that were checked, right before they are used. Nothing is let in or counted.

        A change that goes on from here counts as made before a right to make it was taken away.

        Raises:
            StaleRights: as `open`. Unavailable: when the door does not answer.
        """

    async def look(self, author_id: int, channel_id: int) -> Standing | None:
        """Return the standing of the author's next message, for the headers of a refusal. None when limits are off.

        The standing is that of the channel's limit, or of the overall one when that is used up.
        """

    def set_rules(self, rules: MessageRules | None) -> None:
        """Count the messages of this process against these from now on; None when limits are off.

        What has been counted stays, and a window that has begun ends when it would have.
        """
