"""The kinds of change in a guild's live state, and the tables by which observers follow them.

```
 envelope ─→ GuildState.apply ─→ a change ─→ the actor tells every observer: view index, GUILD_CREATE's parts, …
```

An observer keeps something derived from the state. It has a table of reactions with a row for every kind of change,
where None says that the kind does not concern it. `join_reactions` refuses a table that lacks a row, so no observer can
forget a new kind: its module would not load.
"""

from collections.abc import Callable, Iterable, Mapping
from types import MethodType
from typing import Any, Final, NamedTuple, TypeVar

from gateway.guilds.state.channel_state import ChannelState


class GuildChanged(NamedTuple):
    """Fields of the guild have changed."""

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
    """The members kept here who had it."""


class ChannelPut(NamedTuple):
    """A channel is new or changed."""

    before: ChannelState | None
    channel: ChannelState


class ChannelDeleted(NamedTuple):
    """A channel is gone."""

    channel_id: int


class MessageAdded(NamedTuple):
    """A channel has another newest message or pin. All share one value (`MESSAGE_ADDED`), because messages are many."""


MESSAGE_ADDED: Final = MessageAdded()


class MemberAdded(NamedTuple):
    """A user joined."""

    user_id: int


class MemberChanged(NamedTuple):
    """Roles, the name or the timeout of a member have changed."""

    user_id: int


class MemberRemoved(NamedTuple):
    """A member left or was thrown out."""

    user_id: int


class MemberReleased(NamedTuple):
    """A session of a member has gone. The member may not be kept any more."""

    user_id: int


class PresenceChanged(NamedTuple):
    """The presence of a user who is or was connected here has changed."""

    user_id: int


class VoiceChanged(NamedTuple):
    """A user has come into a voice channel, left one, or is there in another way."""

    user_id: int
    is_turning: bool
    """Whether it is the first user in voice, or was the last."""


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
    | VoiceChanged
)

CHANGES: Final[tuple[type[Change], ...]] = Change.__args__
"""All kinds of change."""

_Observer = TypeVar("_Observer")
Reactions = Mapping[type[Change], Callable[[_Observer, Any], object] | None]
"""An observer's reaction to each kind of change; None where the kind does not concern it."""

FindObserver = Callable[[Any], Any]
"""A function from the owner of an observer to the observer."""

JoinedReactions = Mapping[type[Change], tuple[tuple[FindObserver, Callable[[Any, Any], object]], ...]]
"""The observers that each kind of change concerns, with their reactions."""


def join_reactions(
    observers: Iterable[tuple[FindObserver, Reactions[Any]]], kinds: Iterable[type[Change]] = CHANGES
) -> JoinedReactions:
    """Join the tables of all observers. The observers are told in this order.

    Raises:
        KeyError: when an observer says nothing about a kind.
    """
    return {
        kind: tuple((find, reaction) for find, reactions in observers if (reaction := reactions[kind]) is not None)
        for kind in kinds
    }


def bind_reactions(joined: JoinedReactions, kind: type[Change], owner: object) -> tuple[Callable[[Any], object], ...]:
    """Return the reactions to one kind of change, bound to the observers of one owner: for a very frequent kind."""
    return tuple(MethodType(react, find(owner)) for find, react in joined[kind])
