"""Relationships of two people: friends, requests, blocks. Each of the two has a side of its own.

```
              request                 request (of the other), or its acceptance
   (-, -) ─────────────→ (outgoing, incoming) ─────────────────────→ (friend, friend)

   block:  own side → blocked; the other side is gone, unless it is a block too
   remove: own side is gone; so is the other one, unless it is a block
```

So the two sides always fit each other: both friends, one request seen from both ends, or each of them a block or
nothing. Pure: a step takes the pair of sides as one of the two sees it and returns the new pair.
"""

import enum
from typing import NamedTuple

import msgspec

from core.domain.errors import AlreadyFriends, FriendRequestBlocked


class RelationshipType(enum.IntEnum):
    """The types of a side, with Discord's numbers."""

    FRIEND = 1
    BLOCKED = 2
    INCOMING = 3
    OUTGOING = 4


class Relationship(msgspec.Struct, kw_only=True, frozen=True):
    """What `user_id` has with `other_id`: one side of a pair."""

    user_id: int
    other_id: int
    type: int
    nickname: str | None = None
    """The name that the user gives this friend. Nobody else sees it."""
    since_ms: int = 0
    """When the side became what it is."""


class Pair(NamedTuple):
    """Both sides, as one of the two sees them. None is nothing."""

    own: RelationshipType | None = None
    other: RelationshipType | None = None


FRIENDS = Pair(RelationshipType.FRIEND, RelationshipType.FRIEND)
STRANGERS = Pair()


def request_friendship(pair: Pair) -> Pair:
    """Ask for friendship, or accept when the other one has asked. A request that is there already stays.

    Raises:
        AlreadyFriends
        FriendRequestBlocked: when either blocks the other; a block of one's own is to be lifted first.
    """
    if RelationshipType.BLOCKED in pair:
        raise FriendRequestBlocked
    match pair.own:
        case RelationshipType.FRIEND:
            raise AlreadyFriends
        case RelationshipType.INCOMING:
            return FRIENDS
        case _:
            return Pair(RelationshipType.OUTGOING, RelationshipType.INCOMING)


def block(pair: Pair) -> Pair:
    """Block the other one."""
    return Pair(RelationshipType.BLOCKED, _only_a_block(pair.other))


def remove(pair: Pair) -> Pair:
    """End what there is: a friendship, a request of either, or one's own block."""
    return Pair(None, _only_a_block(pair.other))


def _only_a_block(side: RelationshipType | None) -> RelationshipType | None:
    return side if side is RelationshipType.BLOCKED else None
