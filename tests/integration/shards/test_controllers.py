"""Real controllers: their leader is killed, workers die, Redis is killed, and operators steer them."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from core.shards.incarnations import name_of
from tests.integration.shards.controlled_cluster import NUM_SHARDS, ControlledCluster, run_controlled
from tests.support.stores.postgres_databases import PostgresDatabases

Restart = Callable[[], Awaitable[None]]


@pytest.fixture
async def controlled(
    postgres_databases: PostgresDatabases, tmp_path: Path
) -> AsyncIterator[tuple[ControlledCluster, Restart]]:
    """A cluster without controllers and workers."""
    async with run_controlled(postgres_databases, tmp_path) as made:
        yield made


async def test_standby_goes_on_with_a_dead_workers_shards_after_redis_and_leader_were_killed(
    controlled: tuple[ControlledCluster, Restart],
) -> None:
    cluster, restart_redis = controlled
    await cluster.start_controller("c1")
    await cluster.start_controller("c2")
    await cluster.start_worker("a")
    first = await cluster.wait_owned("a")

    await restart_redis()
    assert (await cluster.wait_owned("a")).places.keys() == first.places.keys()
    await cluster.start_worker("b")
    led = await cluster.map()
    leader = name_of(led.controller)
    await cluster.kill_controller(leader)
    await cluster.kill_worker("a")
    taken = await cluster.wait_owned("b")
    assert {leader, name_of(taken.controller)} == {"c1", "c2"}
    assert taken.term > led.term >= first.term
    assert all(place.epoch > first.places[shard].epoch for shard, place in taken.places.items())


async def test_newcomer_gets_its_share_and_operators_drain(controlled: tuple[ControlledCluster, Restart]) -> None:
    cluster, _ = controlled
    await cluster.start_controller("c1")
    await cluster.start_worker("a")
    await cluster.wait_owned("a")
    assert await cluster.call("drain", "a") == (
        5,
        "shardctl: no other worker can take the shards of a: it would be the last one\n",
    )
    await cluster.start_worker("b")
    await cluster.wait_owned("a", "b")
    await cluster.wait_for(lambda found: not found.wishes.is_rebalancing)
    assert await cluster.call("rebalance") == (0, {"moves": 0}), "shards spread by themselves"
    assert (await cluster.call("drain", "a"))[0] == 0
    assert await cluster.list_shards("b") == list(range(NUM_SHARDS))
    status, rows = await cluster.call("workers")
    assert (status, [(row["name"], row["shards"], row["is_drained"]) for row in rows]) == (
        0,
        [("a", 0, True), ("b", NUM_SHARDS, False)],
    )
