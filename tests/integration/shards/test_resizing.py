"""Shards are doubled while nothing runs, and the command may be killed in the middle."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]  # it has no types
import pytest
from redis.asyncio import Redis

from tests.integration.shards.controlled_cluster import NUM_SHARDS, ControlledCluster, run_controlled
from tests.support.stores.postgres_databases import PostgresDatabases

DOUBLE = str(2 * NUM_SHARDS)


@pytest.fixture
async def controlled(postgres_databases: PostgresDatabases, tmp_path: Path) -> AsyncIterator[ControlledCluster]:
    """A cluster without controllers and workers."""
    async with run_controlled(postgres_databases, tmp_path) as (made, _):
        yield made


@pytest.fixture
async def redis(controlled: ControlledCluster) -> AsyncIterator[Any]:
    """Its Redis, with what a cluster leaves there."""
    client = Redis.from_url(controlled.redis_url, decode_responses=True)
    await client.hset("meta{1}", mapping={"gen": 4, "n": 9, "rev": 5})
    await client.xadd("log{1}", {"e": "x"})
    await client.set("nonce{3}77:8:n", "id", px=3_000_000)
    await client.set("slow{3}77:8", "5000", px=3_000_000)
    await client.hset("sess:s", "holder", "a-x.1")
    await client.sadd("writers", "a-x.1")
    yield client
    await client.aclose()


@pytest.fixture
async def db(controlled: ControlledCluster) -> AsyncIterator[Any]:
    """Its database, with what a cluster leaves there, over a connection that is no process's."""
    connection = await asyncpg.connect(controlled.database)
    await connection.execute("INSERT INTO log_heads (shard, n) VALUES (1, 5), (2, 0)")
    await connection.execute("INSERT INTO shard_pins (shard, worker) VALUES (3, 'a')")
    yield connection
    await connection.close()


async def read(db: Any) -> tuple[int, dict[int, int], dict[int, str]]:
    """Return the number of shards, their revisions and the pins."""
    heads = await db.fetch("SELECT shard, n FROM log_heads")
    pins = await db.fetch("SELECT shard, worker FROM shard_pins")
    return await db.fetchval("SELECT num_shards FROM cluster"), dict(heads), dict(pins)


async def test_cluster_that_runs_or_has_left_work_is_refused(
    controlled: ControlledCluster, redis: Any, db: Any
) -> None:
    await db.execute("UPDATE log_heads SET n = 7 WHERE shard = 1")
    await redis.hset("open{2}", "id", "record")
    await controlled.start_worker("a")
    status, plan = await controlled.call("resize", DOUBLE, "--dry-run")
    assert (status, plan["shards"], plan["wanted"], plan["pins"], plan["sessions"]) == (0, 16, 32, 1, 1)
    running, unfinished, untold = plan["obstacles"]
    assert running == "processes run: a"
    assert unfinished.startswith("1 messages were begun and not ended")
    assert untold.startswith("events of 1 shards have not been told")
    assert await controlled.call("resize", DOUBLE) == (6, "shardctl: processes run: a\n")
    assert (await controlled.call("resize", "48"))[0] == 2
    assert (await read(db))[0] == NUM_SHARDS
    assert await redis.exists("meta{1}", "log{1}", "sess:s") == 3


async def test_command_that_was_killed_in_the_middle_is_given_again(
    controlled: ControlledCluster, redis: Any, db: Any
) -> None:
    async with db.transaction():
        await db.execute("LOCK TABLE shard_pins IN EXCLUSIVE MODE")
        begun = await controlled.begin("resize", DOUBLE)
        while await redis.exists("meta{1}"):
            assert begun.returncode is None
        begun.kill()
        await begun.wait()
    assert await read(db) == (16, {1: 5, 2: 0}, {3: "a"})
    while await db.fetchval("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'guildway'"):
        pass  # until the server knows that it is dead
    assert await controlled.call("resize", DOUBLE) == (0, {"shards": 32, "was_done": False})
    assert await read(db) == (32, {1: 5, 2: 0, 17: 5, 18: 0}, {3: "a", 19: "a"})
    assert await redis.exists("meta{1}", "log{1}", "sess:s", "writers") == 0
    for name in ("nonce{%d}77:8:n", "slow{%d}77:8"):
        assert await redis.get(name % 19) == await redis.get(name % 3)
        left_ms = [await redis.pttl(name % shard) for shard in (3, 19)]
        assert min(left_ms) > 0
        assert abs(left_ms[0] - left_ms[1]) < 10_000  # asked one after the other
    assert await controlled.call("resize", DOUBLE) == (0, {"shards": 32, "was_done": True})
