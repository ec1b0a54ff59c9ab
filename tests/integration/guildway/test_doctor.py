"""The doctor at real servers of a cluster."""

import asyncpg  # type: ignore[import-untyped]  # it has no types

from core.runtime.clock import SystemClock
from core.runtime.settings.settings import PostgresSettings, RedisSettings, Settings
from deploy.services.process import ServiceProcess
from guildway.doctor.servers import check_postgres, check_redis
from tests.support.stores.postgres_databases import PostgresDatabases

NOW_MS = SystemClock().now_ms


async def test_redis_is_judged_by_what_reaches_its_disk(redis_server: ServiceProcess) -> None:
    settings = Settings(redis=RedisSettings(url=redis_server.service.address))
    found = {each.about: each async for each in check_redis(settings, NOW_MS)}
    assert found["version of Redis"].state == "ok"
    assert found["clock of Redis"].state == "ok"
    assert found["appendonly of Redis"].state == "ok"
    assert {"appendfsync of Redis", "maxmemory-policy of Redis"} <= found.keys()


async def test_postgres_is_judged_by_what_reaches_its_disk(postgres_databases: PostgresDatabases) -> None:
    url = await postgres_databases.create()
    try:
        settings = Settings(postgres=PostgresSettings(url=url))
        found = {each.about: each async for each in check_postgres(settings, NOW_MS)}
        assert found["version of PostgreSQL"].state == "ok"
        assert found["synchronous_commit of PostgreSQL"].found == "on"
        assert found["server_encoding of PostgreSQL"].state == "ok"
        connection = await asyncpg.connect(url)
        fsync = await connection.fetchval("SHOW fsync")
        await connection.close()
        assert found["fsync of PostgreSQL"].state == ("ok" if fsync == "on" else "fault")
    finally:
        await postgres_databases.drop(url)
    away = Settings(postgres=PostgresSettings(url="postgresql://guildway@127.0.0.1:9/guildway"))
    [fault] = [each async for each in check_postgres(away, NOW_MS)]
    assert (fault.state, fault.about) == ("fault", "PostgreSQL")
