"""Cached relationships: read once, and again after an event of their user."""

from collections.abc import Mapping

import pytest

from api.services.relationships.relationship_cache import RelationshipCache
from core.domain.events import MESSAGE_CREATE, RELATIONSHIP_ADD, RELATIONSHIP_REMOVE, RELATIONSHIP_UPDATE
from core.domain.people.relationship import Relationship, RelationshipType
from tests.contract.builders import new_envelope
from tests.fakes.memory_bus import MemoryBus

ALICE, BOB, CAROL = 1, 2, 3
FRIEND, BLOCKED, INCOMING = RelationshipType.FRIEND, RelationshipType.BLOCKED, RelationshipType.INCOMING


class Sides:
    """A `RelationshipReader` that counts its reads."""

    def __init__(self) -> None:
        self.types: dict[int, dict[int, RelationshipType]] = {}
        self.reads = 0

    async def types_of(self, user_id: int) -> Mapping[int, RelationshipType]:
        self.reads += 1
        return dict(self.types.get(user_id, {}))

    async def find(self, user_id: int, other_id: int) -> Relationship | None:
        raise NotImplementedError

    async def list_of(self, user_id: int) -> list[Relationship]:
        raise NotImplementedError

    async def count(self, user_id: int) -> Mapping[RelationshipType, int]:
        raise NotImplementedError


@pytest.fixture
def sides() -> Sides:
    return Sides()


@pytest.fixture
def bus() -> MemoryBus:
    return MemoryBus(num_shards=2)


@pytest.fixture
def cache(sides: Sides, bus: MemoryBus) -> RelationshipCache:
    return RelationshipCache(relationships=sides, bus=bus)


async def test_block_is_seen_from_both_ends_and_read_once(cache: RelationshipCache, sides: Sides) -> None:
    sides.types = {ALICE: {BOB: BLOCKED}}
    for _ in range(3):
        assert await cache.is_block_between(ALICE, BOB)
        assert await cache.is_block_between(BOB, ALICE)
        assert not await cache.is_block_between(ALICE, CAROL)
    assert await cache.has_blocked(ALICE, BOB)
    assert not await cache.has_blocked(BOB, ALICE)
    assert sides.reads == 3


async def test_only_friends_are_friends(cache: RelationshipCache, sides: Sides) -> None:
    sides.types = {ALICE: {BOB: FRIEND, CAROL: INCOMING}}
    assert await cache.friends_of(ALICE) == {BOB}
    assert await cache.are_friends(ALICE, BOB)
    assert not await cache.are_friends(ALICE, CAROL)
    assert await cache.is_wanted(ALICE, CAROL)
    assert not await cache.is_wanted(CAROL, ALICE)


@pytest.mark.parametrize("event", [RELATIONSHIP_ADD, RELATIONSHIP_UPDATE, RELATIONSHIP_REMOVE])
async def test_event_of_a_relationship_makes_its_user_be_read_again(
    cache: RelationshipCache, sides: Sides, bus: MemoryBus, event: str
) -> None:
    assert not await cache.are_friends(ALICE, BOB)
    sides.types = {ALICE: {BOB: FRIEND}}
    await bus.publish([new_envelope(1, event=MESSAGE_CREATE, user_id=ALICE), new_envelope(2, event=event, user_id=BOB)])
    assert not await cache.are_friends(ALICE, BOB)
    await bus.publish([new_envelope(3, event=event, user_id=ALICE)])
    assert await cache.are_friends(ALICE, BOB)


async def test_mutual_friends_are_hidden_behind_a_block(cache: RelationshipCache, sides: Sides) -> None:
    sides.types = {ALICE: {CAROL: FRIEND}, BOB: {CAROL: FRIEND}}
    assert await cache.mutual_friends_of(ALICE, BOB) == {CAROL}
    sides.types[BOB][ALICE] = BLOCKED
    cache.forget_all()
    assert await cache.mutual_friends_of(ALICE, BOB) == set()
