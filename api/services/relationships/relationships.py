"""Friends, requests and blocks: listed, and changed for both sides in one unit of work that names both people.

The steps are those of `core.domain.people.relationship`. Because a unit of two people runs after all others of either,
two who ask each other at the same moment are friends, whichever process each has asked.
"""

from collections.abc import Awaitable, Callable
from typing import Final

from msgspec import UNSET

from api.services.announcements import user_event
from api.services.caller import Caller
from api.services.entity_cache import EntityCache
from api.services.ids import IdSource
from api.services.limits import Limits
from api.services.relationships.friend_sources import require_open
from api.services.relationships.relationship_cache import RelationshipCache
from api.services.relationships.relationship_forms import PutRelationship, RequestByName, UpdateRelationship
from core.domain.errors import (
    BotsHaveNoFriends,
    FriendRequestsFull,
    LimitReached,
    NobodyOfThatName,
    NotOneself,
    UnknownUser,
    WrongAccountKind,
    invalid_field,
)
from core.domain.events import RELATIONSHIP_ADD, RELATIONSHIP_REMOVE, RELATIONSHIP_UPDATE
from core.domain.people.relationship import (
    FRIENDS,
    Pair,
    Relationship,
    RelationshipType,
    block,
    remove,
    request_friendship,
)
from core.domain.people.user import User
from core.runtime.clock import Clock
from core.store.interfaces import Store, Transaction
from core.wire.objects.people.relationship import RelationshipObject, render_relationship, render_removed
from core.wire.objects.people.user import UserObject, render_user

MAX_FRIENDS: Final = 1000
"""Discord's bound of friends, with the requests that one has sent. READY has all of them."""
MAX_INCOMING: Final = 1000
"""Requests that others have sent and nobody has answered: they may come from anybody, and READY has them too."""
MAX_BLOCKED: Final = 1000

_TOO_MANY_FRIENDS: Final = 30002
_SETTABLE: Final = frozenset({None, RelationshipType.FRIEND, RelationshipType.BLOCKED})
_WANTED: Final = frozenset({RelationshipType.FRIEND, RelationshipType.OUTGOING})
"""The types that a user has by a wish of its own."""

Step = Callable[[Pair], Pair]


class RelationshipService:
    """Reads and changes the caller's side of relationships, and the other side with it."""

    __slots__ = ("_clock", "_entities", "_ids", "_limits", "_on_block", "_relationships", "_store")

    def __init__(
        self,
        *,
        store: Store,
        entities: EntityCache,
        relationships: RelationshipCache,
        limits: Limits,
        ids: IdSource,
        clock: Clock,
        on_block: Callable[[int, int], Awaitable[None]],
    ) -> None:
        """`on_block` ends what two have together, when one of them has blocked the other."""
        self._store = store
        self._entities = entities
        self._relationships = relationships
        self._on_block = on_block
        self._limits = limits
        self._ids = ids
        self._clock = clock

    async def list_all(self, caller: Caller) -> list[RelationshipObject]:
        """Return the caller's friends, requests and blocks. Raises WrongAccountKind for a bot."""
        _require_person(caller)
        sides = await self._store.relationships.list_of(caller.user_id)
        others = await self._entities.users([side.other_id for side in sides])
        return [render_relationship(side, others[side.other_id]) for side in sides if side.other_id in others]

    async def list_mutual(self, caller: Caller, user_id: int) -> list[UserObject]:
        """Return the caller's friends who are friends of another one too, by ascending id.

        There are none where one of the two blocks the other. Raises UnknownUser, WrongAccountKind.
        """
        _require_person(caller)
        other = await self._entities.user(user_id)
        mutual = await self._relationships.mutual_friends_of(caller.user_id, other.id)
        people = await self._entities.users(mutual)
        return [render_user(people[each]) for each in sorted(people)]

    async def request_by_name(self, caller: Caller, form: RequestByName) -> None:
        """Ask the person of this name for friendship.

        Raises:
            NobodyOfThatName. As `put`.
        """
        _require_person(caller)
        other = None if form.names_nobody else await self._store.users.find_by_username(form.username.strip())
        if other is None:
            # A name that nobody has counts as well, or names could be tried without end.
            await self._limits.take_friend_request(caller.user_id)
            raise NobodyOfThatName
        await self._request(caller, other)

    async def put(self, caller: Caller, user_id: int, form: PutRelationship) -> None:
        """Ask for friendship, accept it, or block.

        Raises:
            UnknownUser, WrongAccountKind, NotOneself, BotsHaveNoFriends, AlreadyFriends, FriendRequestBlocked,
            FriendRequestsClosed, FriendRequestsFull, RateLimited. LimitReached: 30002. Invalid: for another type.
        """
        _require_person(caller)
        if form.type not in _SETTABLE:
            raise invalid_field("type", "BASE_TYPE_CHOICES", "Value must be one of (1, 2).")
        other = await self._entities.user(user_id)
        if not form.is_block:
            await self._request(caller, other)
        elif other.id == caller.user_id:
            raise NotOneself("Cannot block yourself")
        else:
            await self._take(caller, other, block)
            await self._on_block(caller.user_id, other.id)

    async def rename(self, caller: Caller, user_id: int, form: UpdateRelationship) -> None:
        """Give a friend a nickname, or take it away. Raises UnknownUser unless the two are friends."""
        _require_person(caller)
        other = await self._entities.user(user_id)
        async with self._store.write(users=[caller.user_id]) as tx:
            side = await tx.relationships.find(caller.user_id, user_id)
            if side is None or side.type != RelationshipType.FRIEND:
                raise UnknownUser
            if form.nickname is UNSET or form.nickname == side.nickname:
                return
            renamed = Relationship(
                user_id=side.user_id,
                other_id=side.other_id,
                type=side.type,
                nickname=form.nickname,
                since_ms=side.since_ms,
            )
            await tx.relationships.put(renamed)
            shown = render_relationship(renamed, other)
            tx.announce(user_event(self._ids.next(), RELATIONSHIP_UPDATE, caller.user_id, shown))

    async def remove(self, caller: Caller, user_id: int) -> None:
        """End a friendship, take a request back or refuse it, or lift one's block. No error when there is none.

        Raises UnknownUser, WrongAccountKind.
        """
        _require_person(caller)
        await self._take(caller, await self._entities.user(user_id), remove)

    async def _request(self, caller: Caller, other: User) -> None:
        if other.id == caller.user_id:
            raise NotOneself
        if other.bot:
            raise BotsHaveNoFriends
        sides = await self._relationships.sides_of(caller.user_id)
        if sides.get(other.id) is not RelationshipType.INCOMING:
            await self._limits.take_friend_request(caller.user_id)
        await self._take(caller, other, request_friendship)

    async def _take(self, caller: Caller, other: User, step: Step) -> None:
        """Take a step of the two."""
        async with self._store.write(users=[caller.user_id, other.id]) as tx:
            own_side = await tx.relationships.find(caller.user_id, other.id)
            other_side = await tx.relationships.find(other.id, caller.user_id)
            before = Pair(_type_of(own_side), _type_of(other_side))
            after = step(before)
            if after.other is RelationshipType.INCOMING is not before.other:
                await require_open(tx, caller.user_id, other.id)
            await _check_room(tx, caller.user_id, other.id, before, after)
            await self._settle(tx, caller.user, other, own_side, after.own, notify=False)
            notify = after.other is RelationshipType.INCOMING or after == FRIENDS
            await self._settle(tx, other, caller.user, other_side, after.other, notify=notify)

    async def _settle(
        self,
        tx: Transaction,
        user: User,
        other: User,
        before: Relationship | None,
        after: RelationshipType | None,
        *,
        notify: bool,
    ) -> None:
        """Give the side of `user` its new type, and tell the user."""
        if _type_of(before) is after:
            return
        if after is not None:
            side = Relationship(user_id=user.id, other_id=other.id, type=after, since_ms=self._clock.now_ms())
            await tx.relationships.put(side)
            shown = render_relationship(side, other)
            shown.should_notify = notify
            tx.announce(user_event(self._ids.next(), RELATIONSHIP_ADD, user.id, shown))
        elif before is not None:
            await tx.relationships.delete(user.id, other.id)
            tx.announce(user_event(self._ids.next(), RELATIONSHIP_REMOVE, user.id, render_removed(before)))


def _require_person(caller: Caller) -> None:
    if caller.is_bot:
        raise WrongAccountKind


def _type_of(side: Relationship | None) -> RelationshipType | None:
    return None if side is None else RelationshipType(side.type)


async def _check_room(tx: Transaction, user_id: int, other_id: int, before: Pair, after: Pair) -> None:
    """Check that neither side becomes one too many.

    Raises:
        LimitReached, FriendRequestsFull
    """
    if after.own is before.own:
        return
    kept = await tx.relationships.count(user_id)
    if after.own in _WANTED and before.own not in _WANTED and sum(kept.get(kind, 0) for kind in _WANTED) >= MAX_FRIENDS:
        raise LimitReached(_TOO_MANY_FRIENDS, f"Maximum number of friends reached ({MAX_FRIENDS})")
    if after.own is RelationshipType.BLOCKED and kept.get(RelationshipType.BLOCKED, 0) >= MAX_BLOCKED:
        raise LimitReached(_TOO_MANY_FRIENDS, f"Maximum number of blocked users reached ({MAX_BLOCKED})")
    if after.other is RelationshipType.INCOMING:
        waiting = await tx.relationships.count(other_id)
        if waiting.get(RelationshipType.INCOMING, 0) >= MAX_INCOMING:
            raise FriendRequestsFull
