"""Relationships of people."""

import msgspec
import pytest

from core.domain.errors import UnknownUser
from core.domain.people.relationship import Relationship, RelationshipType
from core.store.interfaces import Store
from tests.contract.builders import add_users, flake

FRIEND, BLOCKED, OUTGOING = RelationshipType.FRIEND, RelationshipType.BLOCKED, RelationshipType.OUTGOING


def side(user: int, other: int, kind: RelationshipType = FRIEND, **fields: str | int | None) -> Relationship:
    return Relationship(user_id=flake(user), other_id=flake(other), type=kind, **fields)  # type: ignore[arg-type]


async def put(store: Store, *sides: Relationship) -> None:
    async with store.write(users=[each.user_id for each in sides]) as tx:
        for each in sides:
            await tx.relationships.put(each)


async def test_side_is_found_with_every_field_and_only_from_its_own_end(store: Store) -> None:
    await add_users(store, 1, 2)
    kept = side(1, 2, BLOCKED, nickname="Bo", since_ms=5)
    await put(store, kept)
    assert await store.relationships.find(flake(1), flake(2)) == kept
    assert await store.relationships.find(flake(2), flake(1)) is None


async def test_side_is_replaced_as_a_whole(store: Store) -> None:
    await add_users(store, 1, 2)
    await put(store, side(1, 2, OUTGOING, since_ms=5), side(1, 2, FRIEND, nickname="Bo", since_ms=6))
    assert await store.relationships.list_of(flake(1)) == [side(1, 2, FRIEND, nickname="Bo", since_ms=6)]


async def test_sides_are_listed_by_ascending_id_of_the_others(store: Store) -> None:
    await add_users(store, 1, 2, 3, 4)
    await put(store, side(1, 4), side(1, 2, BLOCKED), side(1, 3), side(2, 1))
    assert [each.other_id for each in await store.relationships.list_of(flake(1))] == [flake(2), flake(3), flake(4)]
    assert await store.relationships.list_of(flake(3)) == []


async def test_types_of_a_users_sides_are_read_without_the_rest(store: Store) -> None:
    await add_users(store, 1, 2, 3)
    await put(store, side(1, 2), side(1, 3, BLOCKED), side(2, 1))
    assert await store.relationships.types_of(flake(1)) == {flake(2): FRIEND, flake(3): BLOCKED}
    assert await store.relationships.types_of(flake(3)) == {}


async def test_sides_are_counted_by_type(store: Store) -> None:
    await add_users(store, 1, 2, 3, 4)
    await put(store, side(1, 2), side(1, 3), side(1, 4, BLOCKED))
    assert await store.relationships.count(flake(1)) == {FRIEND: 2, BLOCKED: 1}
    assert await store.relationships.count(flake(2)) == {}


async def test_deletion_of_one_side_leaves_the_other_and_may_be_repeated(store: Store) -> None:
    await add_users(store, 1, 2)
    await put(store, side(1, 2), side(2, 1))
    for _ in range(2):
        async with store.write(users=[flake(1)]) as tx:
            await tx.relationships.delete(flake(1), flake(2))
    assert await store.relationships.find(flake(1), flake(2)) is None
    assert await store.relationships.find(flake(2), flake(1)) == side(2, 1)


async def test_unit_of_work_reads_its_own_sides_and_takes_them_back_when_it_fails(store: Store) -> None:
    await add_users(store, 1, 2)
    kept = side(1, 2, nickname="before")
    await put(store, kept)

    after = msgspec.structs.replace(kept, nickname="after")

    async def change_and_fail() -> None:
        async with store.write(users=[flake(1)]) as tx:
            await tx.relationships.put(after)
            assert await tx.relationships.find(flake(1), flake(2)) == after
            await tx.users.update(flake(9), {"bio": "nobody's"})

    with pytest.raises(UnknownUser):
        await change_and_fail()
    assert await store.relationships.find(flake(1), flake(2)) == kept
