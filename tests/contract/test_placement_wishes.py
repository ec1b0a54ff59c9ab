"""What operators want of the shard map, and the terms of its controllers."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import insert

from core.shards.interfaces import Owned, PlacementWishes
from core.shards.shard_map import Wishes
from core.store.sql.engine.postgres import connect_postgres
from core.store.sql.postgres.small_store import SmallStore
from core.store.sql.schema.tables.cluster import cluster
from tests.contract.builders import add_guild, flake, new_channel, new_direct_channel
from tests.contract.postgres_backend import PostgresBackend
from tests.fakes.clock import FakeClock
from tests.fakes.memory_wishes import MemoryWishes
from tests.support.stores.postgres_databases import PostgresDatabases


@pytest.fixture
async def small(postgres_databases: PostgresDatabases) -> AsyncIterator[SmallStore]:
    """The small store of a cluster's database."""
    address = await postgres_databases.create()
    engine = connect_postgres(address)
    async with engine.connect() as connection:
        await connection.execute(insert(cluster).values(id="c", num_shards=4))
    await engine.dispose()
    store = SmallStore.open(address)
    yield store
    await store.close()
    await postgres_databases.drop(address)


@pytest.fixture(params=["memory", "postgres"])
def wishes(request: pytest.FixtureRequest) -> PlacementWishes:
    """The wishes of a new cluster."""
    if request.param == "memory":
        return MemoryWishes()
    store: SmallStore = request.getfixturevalue("small")
    return store.wishes


async def test_new_cluster_wishes_nothing(wishes: PlacementWishes) -> None:
    assert await wishes.fetch() == Wishes()
    assert not await wishes.unpin(1)
    assert not await wishes.undrain("w")


async def test_wishes_are_kept_and_taken_back(wishes: PlacementWishes) -> None:
    await wishes.pin(1, "w")
    await wishes.pin(2, "w")
    await wishes.pin(2, "x")
    await wishes.drain("y")
    await wishes.drain("y")
    await wishes.set_rebalancing(True)
    assert await wishes.fetch() == Wishes(pins={1: "w", 2: "x"}, drained=frozenset({"y"}), is_rebalancing=True)
    assert await wishes.unpin(1)
    assert await wishes.undrain("y")
    await wishes.set_rebalancing(False)
    assert await wishes.fetch() == Wishes(pins={2: "x"})


async def test_no_term_is_given_twice(wishes: PlacementWishes) -> None:
    terms = await asyncio.gather(*(wishes.next_term() for _ in range(10)))
    assert sorted(terms) == list(range(1, 11))


async def test_small_store_shows_the_database_of_the_processes(
    postgres_databases: PostgresDatabases, clock: FakeClock
) -> None:
    backend = PostgresBackend(postgres_databases, clock)
    await backend.open()
    small = SmallStore.open(backend.address)
    guild = await add_guild(backend.store, 10)
    async with backend.store.write(users=[flake(1)], guilds=[guild.id]) as tx:
        await tx.channels.create(new_channel(30, guild.id))
        await tx.channels.create(new_direct_channel(31, flake(1)))
    kinds = [await small.find_owned(flake(number)) for number in (10, 30, 31, 1, 99)]
    assert kinds == [
        Owned("guild", flake(10)),
        Owned("channel", flake(10)),
        Owned("channel", flake(31)),
        Owned("user", flake(1)),
        None,
    ]
    await small.wishes.pin(3, "w")
    assert await backend.store.wishes.fetch() == Wishes(pins={3: "w"})
    assert [await backend.store.wishes.next_term(), await small.wishes.next_term()] == [1, 2]
    await small.close()
    await backend.close()
    await backend.remove()
