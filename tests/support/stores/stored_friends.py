"""Relationships that are put into the store, with their events, for tests of the gateway."""

from typing import Any

from core.domain.events import Audience
from core.domain.people.relationship import Relationship, RelationshipType
from core.wire.objects.people.relationship import render_relationship, render_removed
from tests.support.stores.store_writer import Login, StoreWriter


async def relate(writer: StoreWriter, one: Login, other: Login, kind: RelationshipType | None) -> None:
    """Give the side of `one` a type, None to end it, and tell."""
    before = await writer.store.relationships.find(one.id, other.id)
    async with writer.store.write(users=[one.id, other.id]) as tx:
        if kind is not None:
            side = Relationship(user_id=one.id, other_id=other.id, type=kind)
            await tx.relationships.put(side)
            body: Any = render_relationship(side, other.user)
            tx.announce(writer.event("RELATIONSHIP_ADD", body, audience=Audience.USER, user_id=one.id))
        elif before is not None:
            await tx.relationships.delete(one.id, other.id)
            body = render_removed(before)
            tx.announce(writer.event("RELATIONSHIP_REMOVE", body, audience=Audience.USER, user_id=one.id))


async def befriend(writer: StoreWriter, one: Login, other: Login) -> None:
    """Make two people friends."""
    await relate(writer, one, other, RelationshipType.FRIEND)
    await relate(writer, other, one, RelationshipType.FRIEND)
