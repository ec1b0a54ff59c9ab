"""An embedded server's data goes into a cluster and comes back the same, whatever was killed on the way."""

import asyncio
import contextlib
import signal
import sqlite3
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]  # it has no types
import pytest

from core.store.sql.moving.source import MESSAGE_TABLES, RELATIONAL_TABLES, key_of
from tests.e2e.operation.conftest import MakeCluster
from tests.support.clusters.empty_cluster import EmptyCluster

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.embedded]

TABLES = (*RELATIONAL_TABLES, *MESSAGE_TABLES)
COPYING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'COPY%'"


def read_rows(folder: Path) -> dict[str, list[Any]]:
    with contextlib.closing(sqlite3.connect(folder / "guildway.db")) as database:
        return {
            table.name: database.execute(f"SELECT * FROM {table.name} ORDER BY {key_of(table)}").fetchall()
            for table in TABLES
        }


def read_secrets(folder: Path) -> list[Any]:
    with contextlib.closing(sqlite3.connect(folder / "guildway.db")) as database:
        return database.execute("SELECT * FROM secrets ORDER BY name").fetchall()


def read_files(folder: Path) -> dict[str, bytes]:
    files = folder / "files"
    return {str(path.relative_to(files)): path.read_bytes() for path in files.rglob("*/*") if path.is_file()}


async def kill_restore(cluster: EmptyCluster, shelf: Path) -> None:
    """Kill a restore in its last transaction."""
    connection = await asyncpg.connect(cluster.url)
    try:
        async with connection.transaction():
            await connection.execute("LOCK TABLE recipients IN SHARE MODE")  # the last table waits for this one
            process = await cluster.start("restore", str(shelf), "--cluster")
            while not await connection.fetchval(f"{COPYING} AND wait_event_type = 'Lock'"):
                await connection.execute("SELECT pg_stat_clear_snapshot()")
                assert process.returncode is None
                await asyncio.sleep(0.05)
            process.send_signal(signal.SIGKILL)
            await process.wait()
    finally:
        await connection.close()


@pytest.mark.parametrize("has_cassandra", [True, False])
async def test_data_goes_into_a_cluster_and_comes_back_the_same(
    filled: Path, make_cluster: MakeCluster, tmp_path: Path, has_cassandra: bool
) -> None:
    cluster = await make_cluster(has_cassandra)
    there, back = tmp_path / "there", tmp_path / "back"
    await cluster.command("backup", f"{there}/", "--data", filled)
    if has_cassandra:
        await kill_restore(cluster, there)
        assert await cluster.query("SELECT count(*) FROM users") == 0
        status, told = await cluster.run("restore", str(there), "--cluster")
        assert (status, "--replace" in told) == (2, True), told
    await cluster.query("INSERT INTO secrets VALUES ('of a process that was started too early', '')")
    await cluster.command("restore", there, "--cluster", *(["--replace"] if has_cassandra else []))
    taken = await cluster.command("backup", f"{back}/", "--cluster")
    assert "checked" in taken
    await cluster.command("restore", back, "--data", tmp_path / "again")
    before, after = read_rows(filled), read_rows(tmp_path / "again")
    for table in TABLES:
        assert after[table.name] == before[table.name], table.name
    assert sum(map(len, after.values())) > 300
    assert read_secrets(tmp_path / "again") == read_secrets(filled) != []
    assert read_files(tmp_path / "again") == read_files(filled) != {}
    status, told = await cluster.run("restore", str(there), "--cluster", "--replace")
    assert status == 2
    assert "the cluster is not empty" in told
