"""What can change in a guild's live state, and the tables by which all who keep something derived from it hear of it.

```
 envelope ─→ GuildState.apply ─→ a change ─→ the actor tells every observer ─→ view index, GUILD_CREATE's parts, member lists …
```

Each observer has a table of reactions with a row for every kind of change; None says that the kind does not concern it.
`join_reactions` refuses a table that lacks a row, so a new kind cannot be forgotten anywhere: the module does not load.
"""

from collections.abc import Callable, Iterable, Mapping
from types import MethodType
from typing import Any, Final, NamedTuple, TypeVar

from gateway.guilds.state.channel_state import ChannelState


class GuildChanged(NamedTuple):
    """Fields of the guild."""

    owner_ids: tuple[int, ...]
    """The former owner and the new one, when there is a new one."""


class RolePut(NamedTuple):
    """A role is new or changed."""

    role_id: int
    decides_views: bool
    """Whether its holders may view other channels than before."""


class RoleDeleted(NamedTuple):
    """A role is gone, from members and overwrites too."""

    role_id: int
    holder_ids: tuple[int, ...]
    """Those of the members kept here who had it."""


class ChannelPut(NamedTuple):
    """A channel is new or changed."""

    before: ChannelState | None
    channel: ChannelState


class ChannelDeleted(NamedTuple):
    """A channel is gone."""

    channel_id: int


class MessageAdded(NamedTuple):
    """A channel has another newest message. One value stands for all: there is one at each message."""


MESSAGE_ADDED: Final = MessageAdded()


class MemberAdded(NamedTuple):
    """A user joined."""

    user_id: int


class MemberChanged(NamedTuple):
    """Roles, the name or a timeout of a member."""

    user_id: int


class MemberRemoved(NamedTuple):
    """A member left or was thrown out."""

    user_id: int


class MemberReleased(NamedTuple):
    """A session of a member has gone; the member is perhaps not kept any more."""

    user_id: int


class PresenceChanged(NamedTuple):
    """A user who is connected here is seen otherwise, or is offline."""

    user_id: int


Change = (
    GuildChanged
    | RolePut
    | RoleDeleted
    | ChannelPut
    | ChannelDeleted
    | MessageAdded
    | MemberAdded
    | MemberChanged
    | MemberRemoved
    | MemberReleased
    | PresenceChanged
)

CHANGES: Final[tuple[type[Change], ...]] = Change.__args__
"""All kinds."""

_Observer = TypeVar("_Observer")
Reactions = Mapping[type[Change], Callable[[_Observer, Any], object] | None]
"""What an observer does at each kind of change; None where it does not concern the observer."""

FindObserver = Callable[[Any], Any]
"""Finds an observer, given the object that tells it."""

JoinedReactions = Mapping[type[Change], tuple[tuple[FindObserver, Callable[[Any, Any], object]], ...]]
"""For each kind of change the observers that it concerns, and what each of them does."""


def join_reactions(
    observers: Iterable[tuple[FindObserver, Reactions[Any]]], kinds: Iterable[type[Change]] = CHANGES
) -> JoinedReactions:
    """The tables of all observers as one; they are told in this order.

    Raises:
        KeyError: when an observer says nothing about a kind.
    """
    return {
        kind: tuple((find, reaction) for find, reactions in observers if (reaction := reactions[kind]) is not None)
        for kind in kinds
    }


def bind_reactions(joined: JoinedReactions, kind: type[Change], owner: object) -> tuple[Callable[[Any], object], ...]:
    """Return the reactions to one kind of change, bound to the observers of one owner: for a kind that is told very often."""
    return tuple(MethodType(react, find(owner)) for find, react in joined[kind])
