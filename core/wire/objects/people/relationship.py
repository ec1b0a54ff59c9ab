"""Relationships on the wire, as people's clients know them. Discord does not document them."""

import msgspec
from msgspec import UNSET, UnsetType

from core.domain.people.relationship import Relationship
from core.domain.people.user import User
from core.wire.objects.people.user import UserObject, render_user
from core.wire.times import iso_time


class RelationshipObject(msgspec.Struct, kw_only=True):
    """One side of two people, for the user whose side it is. `id` is the other one's."""

    id: str
    type: int
    nickname: str | None
    user_id: str
    user: UserObject
    since: str
    user_ignored: bool = False
    is_spam_request: bool = False
    stranger_request: bool = False
    should_notify: bool | UnsetType = UNSET
    """In RELATIONSHIP_ADD: whether the user's devices are to make a sound of it."""


class RemovedRelationship(msgspec.Struct, kw_only=True):
    """`d` of RELATIONSHIP_REMOVE, with the type that the side had."""

    id: str
    type: int
    nickname: str | None


def render_relationship(relationship: Relationship, other: User) -> RelationshipObject:
    """Return the object of a side; `other` is the user that it is with."""
    return RelationshipObject(
        id=str(other.id),
        type=relationship.type,
        nickname=relationship.nickname,
        user_id=str(other.id),
        user=render_user(other),
        since=iso_time(relationship.since_ms),
    )


def render_removed(relationship: Relationship) -> RemovedRelationship:
    """Return the object of a side that is no more."""
    return RemovedRelationship(id=str(relationship.other_id), type=relationship.type, nickname=relationship.nickname)
