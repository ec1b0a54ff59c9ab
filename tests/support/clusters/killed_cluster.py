"""A program for tests: `restore`, `backup` or `migrate` of a cluster, killed at each step until it ends by itself;
`migrate-cassandra` is the part of `migrate` that is about Cassandra.

    python -m tests.support.clusters.killed_cluster WORK PLACE

The cluster is that of the variables GUILDWAY_…, and nobody else uses it. PLACE is a folder: `first/` in it has a snapshot
that is restored. Prints the number of kills. With KILL_EVERY=1 all steps have one, else every second one; of Cassandra's
migration, in which they are slow, every sixth one. A step is the first or the tenth of some calls in a row of one kind:
a table's rows, a request to Cassandra, a sync of the disk. Of Cassandra's migration it is each request.
"""

import asyncio
import contextlib
import io
import os
import shutil
import signal
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import alembic.command
import asyncpg  # type: ignore[import-untyped]  # it has no types
from cassandra.cluster import Cluster, Session
from sqlalchemy import Connection, text

from core.runtime.settings.settings import CassandraSettings
from core.store.cassandra.connection import look, migrate
from core.store.cassandra.schema import STEPS
from core.store.sql.engine.postgres import connect_postgres
from core.store.sql.schema.migrate import SCHEMA_REVISION, find_revision, migration_config
from guildway.cli import main
from tests.support.killed_work import arm_statements, run_and_kill

EVERY: Final = int(os.environ.get("KILL_EVERY", "2"))
OLD_SCHEMA: Final = "0030"
_ARMED_DISK: Final = ("fsync", "link", "mkdir", "rename", "replace", "unlink")
_FILLED: Final = (
    "SELECT format('%I', relname) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' "
    "AND relname NOT IN ('alembic_version', 'cluster', 'log_heads', 'node_numbers') AND pg_relation_size(oid) > 0"
)
_COLUMNS: Final = (
    "SELECT table_name, column_name, type, kind, clustering_order FROM system_schema.columns WHERE keyspace_name = %s"
)
_URL: Final = os.environ.get("GUILDWAY_POSTGRES_URL", "")


def quietly(*words: object) -> tuple[int, str]:
    """Give a command; return its status and what it has said."""
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(out):
        status = main([str(word) for word in words])
    return status, out.getvalue()


def obey(*words: object) -> str:
    """Give a command that does its work."""
    status, told = quietly(*words)
    assert status == 0, told
    return told


def arm_cassandra(step: int) -> None:
    """Have this process killed before its n-th request to Cassandra."""
    _Calls(step).count(Session, "execute_async", lambda words: str(words[1]))


def arm_calls(step: int) -> None:
    """Have this process killed before its n-th step on PostgreSQL, Cassandra or the disk."""
    calls = _Calls(step)
    for name in ("copy_records_to_table", "cursor"):
        calls.count(asyncpg.Connection, name, lambda _, name=name: name)
    for name in ("execute", "executemany"):
        calls.count(asyncpg.Connection, name, lambda words: str(words[1]).split()[0])
    calls.count(Session, "execute_async", lambda _: "Cassandra")
    for name in _ARMED_DISK:
        calls.count(os, name, lambda _: "disk")


class _Calls:
    """Counts steps."""

    def __init__(self, last: int) -> None:
        self._left = last
        self._kind = ""
        self._in_a_row = 0

    def count(self, owner: Any, name: str, find_kind: Callable[[tuple[Any, ...]], str]) -> None:
        """Count the calls of a method, or of a function of a module."""
        called = getattr(owner, name)

        def run(*words: Any, **options: Any) -> Any:
            self._note(find_kind(words))
            return called(*words, **options)

        setattr(owner, name, run)

    def _note(self, kind: str) -> None:
        self._in_a_row = self._in_a_row + 1 if kind == self._kind else 1
        self._kind = kind
        self._left -= self._in_a_row in (1, 10)
        if not self._left:
            os.kill(os.getpid(), signal.SIGKILL)


def count_users() -> int:
    """Count the accounts in PostgreSQL."""

    async def ask() -> int:
        connection = await asyncpg.connect(_URL)
        try:
            return int(await connection.fetchval("SELECT count(*) FROM users"))
        finally:
            await connection.close()

    return asyncio.run(ask())


def empty_postgres() -> None:
    """Remove all rows of people."""

    async def empty() -> None:
        connection = await asyncpg.connect(_URL)
        try:
            if names := [name for (name,) in await connection.fetch(_FILLED)]:
                await connection.execute(f"TRUNCATE {', '.join(names)} CASCADE")
        finally:
            await connection.close()

    asyncio.run(empty())


def read_contents(folder: Path) -> tuple[int, int, list[str]]:
    """Count the accounts and messages of a folder, and list its files."""
    with contextlib.closing(sqlite3.connect(folder / "guildway.db")) as database:
        counts = [database.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in ("users", "messages")]
    files = sorted(str(path.relative_to(folder)) for path in (folder / "files").rglob("*") if path.is_file())
    return counts[0], counts[1], [name for name in files if name.count("/") > 1]


def restore_everything(place: Path) -> int:
    """Kill restores, each on what the one before has left: PostgreSQL has nobody, or everything is there."""
    obey("restore", place / "first", "--data", place / "expected")
    expected = read_contents(place / "expected")

    def restore() -> None:
        obey("restore", place / "first", "--cluster", "--replace")

    def check() -> None:
        if not count_users():
            return
        obey("backup", f"{place}/whole/", "--cluster")
        shutil.rmtree(place / "found", ignore_errors=True)
        obey("restore", place / "whole", "--data", place / "found")
        assert read_contents(place / "found") == expected

    kills = run_and_kill(restore, empty_postgres, check, arm=arm_calls, every=EVERY)
    assert count_users() == expected[0]
    return kills


def back_up(place: Path) -> int:
    """Kill backups, each on what the one before has left: the shelf has the old snapshot or the new one, whole."""
    shelf, users = place / "shelf", count_users()
    shutil.copytree(place / "first", shelf)
    old = list_snapshots(shelf)
    obey("restore", shelf, "--data", place / "old")
    expected = read_contents(place / "old")

    def take() -> None:
        obey("backup", f"{shelf}/", "--keep", 1, "--cluster")

    def check() -> None:
        obey("backup", f"{shelf}/", "--verify")
        if list_snapshots(shelf) == old:
            return
        shutil.rmtree(place / "new", ignore_errors=True)
        obey("restore", shelf, "--data", place / "new")
        assert read_contents(place / "new") == (users, *expected[1:])

    kills = run_and_kill(take, lambda: None, check, arm=arm_calls, every=EVERY)
    assert len(list_snapshots(shelf)) == 1
    return kills


def list_snapshots(shelf: Path) -> list[str]:
    """List the names of a shelf's snapshots."""
    return sorted(path.name for path in (shelf / "snapshots").iterdir())


def migrate_old_schema(_: Path) -> int:
    """Kill migrations of PostgreSQL: it has the old schema or the new one, and the next migration ends well."""

    def with_connection(work: Callable[[Connection], Any]) -> Any:
        async def run() -> Any:
            engine = connect_postgres(_URL)
            try:
                async with engine.connect() as connection:
                    return await connection.run_sync(work)
            finally:
                await engine.dispose()

        return asyncio.run(run())

    def make_old(connection: Connection) -> None:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
        alembic.command.upgrade(migration_config(connection), OLD_SCHEMA)

    def look(connection: Connection) -> tuple[str | None, list[str]]:
        listed = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
        return find_revision(connection), [row[0] for row in connection.execute(text(listed))]

    def check() -> None:
        revision, tables = with_connection(look)
        assert revision in (OLD_SCHEMA, SCHEMA_REVISION)
        obey("migrate")
        after = with_connection(look)
        assert after[0] == SCHEMA_REVISION
        assert (revision == SCHEMA_REVISION) == (tables == after[1]), "nothing of the new schema without its number"

    return run_and_kill(
        lambda: obey("migrate") and None, lambda: with_connection(make_old), check, arm=arm_statements, every=16 * EVERY
    )


def migrate_cassandra(_: Path) -> int:
    """Kill migrations of Cassandra, each on what the one before has left: it lacks the last steps or none, and its tables
    are in the end those of a keyspace whose migration nobody has disturbed.
    """
    ports = int(os.environ["GUILDWAY_CASSANDRA_PORT"])
    points = tuple(os.environ["GUILDWAY_CASSANDRA_CONTACT_POINTS"].split(","))
    whole = os.environ["GUILDWAY_CASSANDRA_KEYSPACE"]
    settings = CassandraSettings(contact_points=points, port=ports, keyspace=f"{whole}_killed", replication=1)
    names = [step.name for step in STEPS]

    def check() -> None:
        missing = asyncio.run(look(settings))
        assert missing == names[len(names) - len(missing) :]

    kills = run_and_kill(
        lambda: asyncio.run(migrate(settings)) and None, lambda: None, check, arm=arm_cassandra, every=5 * EVERY - 4
    )
    assert asyncio.run(migrate(settings)) == []
    with Cluster(points, port=ports) as cluster:
        session = cluster.connect()
        found, expected = (
            sorted(tuple(row) for row in session.execute(_COLUMNS, (name,))) for name in (settings.keyspace, whole)
        )
    assert found == expected != []
    return kills


if __name__ == "__main__":
    works = {
        "restore": restore_everything,
        "backup": back_up,
        "migrate": migrate_old_schema,
        "migrate-cassandra": migrate_cassandra,
    }
    sys.stdout.write(f"{works[sys.argv[1]](Path(sys.argv[2]))}\n")
