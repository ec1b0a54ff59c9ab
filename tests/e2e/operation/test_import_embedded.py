"""`guildway import-embedded` with a folder that a real server has left, a real PostgreSQL and a real Cassandra."""

import asyncio
import contextlib
import os
import re
import shutil
import signal
import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]  # it has no types
import msgspec
import pytest
from prometheus_client import CollectorRegistry

from core.domain.ids import MAX_SNOWFLAKE, created_ms
from core.domain.messages.message import Message
from core.runtime.clock import SystemClock
from core.runtime.data_dir import DataDir
from core.runtime.metrics.cluster_metrics import CassandraMetrics
from core.store.aggregates.messages.message_rows import MessageRows
from core.store.aggregates.messages.reaction_rows import ReactionRows
from core.store.cassandra.connection import open_messages
from core.store.cassandra.messages import CassandraMessages
from core.store.node_ids import NodeIds
from core.store.sql.postgres.store import PostgresStore
from core.store.sql.store import SqlStore
from tests.e2e.operation.conftest import MakeCluster
from tests.fakes.memory_bus import MemoryBus
from tests.fakes.memory_relay import MemoryRelay
from tests.support.clusters.empty_cluster import NUM_SHARDS, EmptyCluster
from tests.support.embedded_data import MESSAGES
from tests.support.stores.postgres_databases import PostgresDatabases

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.embedded]


@pytest.fixture
def folder(filled: Path, tmp_path: Path) -> Path:
    """A copy of the folder for one test."""
    return shutil.copytree(filled, tmp_path / "data")


def read_rows(folder: Path, table: str, key: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(folder / "guildway.db")) as database:
        return database.execute(f"SELECT * FROM {table} ORDER BY {key}").fetchall()


def change(folder: Path, statement: str) -> None:
    with closing(sqlite3.connect(folder / "guildway.db")) as database, database:
        database.execute(statement)


@pytest.mark.parametrize("has_cassandra", [True, False])
async def test_import_moves_everything_as_both_stores_read_it(
    folder: Path, make_cluster: MakeCluster, has_cassandra: bool
) -> None:
    change(folder, "UPDATE messages SET pinned = 1 WHERE version > 1")  # no request does so yet
    cluster = await make_cluster(has_cassandra)
    status, told = await cluster.take(folder)
    assert status == 0, told
    assert f"\nmembers: {len(read_rows(folder, 'members', 'guild_id'))} rows, each compared" in told
    messages = len(read_rows(folder, "messages", "id"))
    assert messages > MESSAGES
    assert (f"\nmessages in Cassandra: {messages}" if has_cassandra else f"\nmessages: {messages} rows") in told
    await _compare_stores(folder, cluster)
    if has_cassandra:
        async with _keyspace(cluster) as rows:
            await _change_messages(folder, rows)
    images = sorted(path.relative_to(folder) for path in (folder / "files").rglob("*") if path.is_file())
    assert images
    for image in images:
        assert (cluster.folder / image).read_bytes() == (folder / image).read_bytes()


async def _compare_stores(folder: Path, cluster: EmptyCluster) -> None:
    clock = SystemClock()
    relay = MemoryRelay(MemoryBus(num_shards=NUM_SHARDS))
    options: dict[str, Any] = {"relay": relay, "tail": relay, "is_open": lambda: True, "clock": clock}
    embedded = await SqlStore.open(folder / "guildway.db", num_shards=256, clock=clock)
    moved = await PostgresStore.open(cluster.url, num_shards=NUM_SHARDS, **options)
    try:
        before, after = await _read_everything(folder, embedded), await _read_everything(folder, moved)
        assert before == after
        assert all(any(values) for values in before.values())
        await _compare_ids(folder, moved)
        if cluster.cassandra.contact_points:
            async with _keyspace(cluster) as rows:
                await _compare_messages(folder, embedded, rows)
                await _compare_reactions(folder, embedded, rows.reactions)
    finally:
        await moved.close()
        await embedded.close()


async def _read_everything(folder: Path, store: Any) -> Mapping[str, list[Any]]:
    """Read all that readers of a store return. The ids come from the file."""
    users = [row[0] for row in read_rows(folder, "users", "id")]
    guilds = [row[0] for row in read_rows(folder, "guilds", "id")]
    tokens = [row[2] for row in read_rows(folder, "auth_sessions", "id")]
    snapshots = [await store.guilds.load_snapshot(guild_id) for guild_id in guilds]
    return {
        "accounts": [await store.users.find_account(user_id) for user_id in users],
        "by_name": [await store.users.find_by_username(row[1]) for row in read_rows(folder, "users", "id")],
        "auth_sessions": [await store.users.find_auth_session(token) for token in tokens],
        "applications": [await store.applications.list_by_owner(user_id) for user_id in users],
        "guilds": [msgspec.structs.replace(snapshot, revision=0) for snapshot in snapshots],
        "members": [await store.members.list_page(guild_id) for guild_id in guilds],
        "bans": [await store.bans.list_page(guild_id) for guild_id in guilds],
        "invites": [await store.invites.list_of_guild(guild_id) for guild_id in guilds],
        "relationships": [await store.relationships.list_of(user_id) for user_id in users],
        "read_states": [await store.read_states.list_of_user(user_id) for user_id in users],
        "mentions": [
            (await store.read_states.list_mentions(user_id, before=MAX_SNOWFLAKE, limit=99)).mentions
            for user_id in users
        ],
        "direct": [await store.channels.list_direct(user_id) for user_id in users],
    }


async def _compare_messages(folder: Path, embedded: SqlStore, rows: MessageRows) -> None:
    places = [(row[0], row[2]) for row in read_rows(folder, "messages", "channel_id, bucket, id")]
    found = [await embedded.messages.find(*place) for place in places]
    assert [await rows.find(*place) for place in places] == found
    edited = [message for message in found if message and message.version > 1]
    assert [(message.content, message.edited_ms > 0) for message in edited] == [("after", True)]
    for channel_id in {place[0] for place in places}:
        both = [await store.list_page(channel_id, limit=1000) for store in (embedded.messages, rows)]
        assert both[0] == both[1]
        assert await rows.last_ids([channel_id]) == await embedded.messages.last_ids([channel_id])
    sent = [message for message in found if message and message.guild_id]
    for author in {(message.guild_id, message.author_id) for message in sent}:
        expected = [(m.channel_id, m.id) for m in sent if (m.guild_id, m.author_id) == author]
        assert sorted(await rows.list_ids_by_author(*author, since_ms=0)) == expected


async def _compare_reactions(folder: Path, embedded: SqlStore, rows: ReactionRows) -> None:
    channel_id, message_id, *_ = read_rows(folder, "reactions", "channel_id, message_id")[0]
    counts = await embedded.reactions.count(channel_id, [message_id])
    assert [(count.normal, count.burst) for count in counts[message_id]] == [(1, 0)]
    assert await rows.count(channel_id, [message_id]) == counts
    listed = [
        await store.list_user_ids(channel_id, message_id, counts[message_id][0].key, is_burst=False, after=0, limit=9)
        for store in (embedded.reactions, rows)
    ]
    assert listed[0] == listed[1] != []


async def _change_messages(folder: Path, rows: MessageRows) -> None:
    """Edits and deletions that follow an import are newer than what it has written."""
    places = [(row[0], row[2]) for row in read_rows(folder, "messages", "id")]
    edited, deleted = places[0], places[1]
    before = await rows.find(*edited)
    assert isinstance(before, Message)
    await rows.update(*edited, {"content": "changed since"}, expected_version=before.version)
    after = await rows.find(*edited)
    assert after == msgspec.structs.replace(before, content="changed since", version=before.version + 1)
    assert await rows.delete(deleted[0], [deleted[1]]) == [deleted[1]]
    assert await rows.find(*deleted) is None


async def _compare_ids(folder: Path, moved: PostgresStore) -> None:
    """No number makes an id below its floor in the folder, whoever leases it."""
    floors = {row[0]: row[2] for row in read_rows(folder, "node_numbers", "number") if row[2]}
    assert floors
    leased = [await NodeIds.open(numbers=moved.node_numbers, clock=SystemClock(), holder=f"t{n}") for n in range(2)]
    assert all(created_ms(ids.next()) > floors.get(ids.number, 0) for ids in leased)
    assert not {ids.number for ids in leased} & {number for number, floor in floors.items() if floor > 0}
    for ids in leased:
        await ids.close()


async def test_killed_import_leaves_postgres_empty_and_is_started_anew(folder: Path, make_cluster: MakeCluster) -> None:
    cluster = await make_cluster(True)
    connection = await asyncpg.connect(cluster.url)
    try:
        async with connection.transaction():
            await connection.execute("LOCK TABLE recipients IN SHARE MODE")  # the last table waits for this one
            process = await cluster.start("import-embedded", "--data", str(folder))
            waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'COPY%'"
            while not await connection.fetchval(f"{waiting} AND wait_event_type = 'Lock'"):
                await connection.execute("SELECT pg_stat_clear_snapshot()")
                assert process.returncode is None
                await asyncio.sleep(0.05)
            process.send_signal(signal.SIGKILL)
            await process.wait()
    finally:
        await connection.close()
    assert await cluster.query("SELECT count(*) FROM users") == 0
    status, told = await cluster.take(folder)
    assert status == 2
    assert "when an import was interrupted, --replace removes them" in told
    status, told = await cluster.take(folder, "--replace")
    assert status == 0, told
    await _compare_stores(folder, cluster)
    status, told = await cluster.take(folder, "--replace")
    assert status == 2
    assert re.search(
        r"the cluster is not empty: PostgreSQL has rows in \w+; name a new database in postgres\.url", told
    )
    await _compare_stores(folder, cluster)  # nothing was removed


async def test_import_after_an_interrupted_one_takes_what_was_changed_between(
    folder: Path, make_cluster: MakeCluster
) -> None:
    cluster = await make_cluster(True)
    await cluster.query("INSERT INTO node_numbers VALUES (2000, 'api-1', 9223372036854775807)")
    status, told = await cluster.take(folder)
    assert status == 2
    assert "the process api-1 of the cluster runs, or was killed" in told
    await cluster.query("DELETE FROM node_numbers WHERE number = 2000")
    async with _keyspace(cluster) as rows:
        channel_id, _, message_id, *_ = read_rows(folder, "messages", "id")[0]
        await rows.insert(Message(id=message_id, channel_id=channel_id, author_id=1, content="zzz of another time"))
    status, told = await cluster.take(folder, "--replace")
    assert status == 0, told
    await _compare_stores(folder, cluster)


@contextlib.asynccontextmanager
async def _keyspace(cluster: EmptyCluster) -> AsyncIterator[CassandraMessages]:
    metrics = CassandraMetrics(CollectorRegistry())
    async with open_messages(cluster.cassandra, clock=SystemClock(), metrics=metrics) as rows:
        yield rows


async def test_import_from_a_folder_that_is_no_stopped_servers_is_refused(
    folder: Path, make_cluster: MakeCluster, tmp_path: Path
) -> None:
    cluster = await make_cluster(False)
    nowhere = tmp_path / "nowhere"
    assert f"there is no database {nowhere}/guildway.db" in (await cluster.take(nowhere))[1]
    assert not nowhere.exists()
    held = DataDir(folder)
    status, told = await cluster.take(folder)
    held.close()
    assert status == 2
    assert f"is in use by process {os.getpid()}" in told
    assert await cluster.query("SELECT count(*) FROM users") == 0


@pytest.mark.parametrize(
    ("statement", "status", "reason"),
    [
        ("UPDATE alembic_version SET version_num = '9999'", 3, "the database has schema 9999"),
        ("UPDATE alembic_version SET version_num = '0010'", 2, "start and stop `guildway run` of this version once"),
        ("UPDATE bans SET user_id = 5", 2, "a row of bans belongs to a row of users that is gone"),
        ("UPDATE last_messages SET message_id = 9e18", 2, "ahead of this machine's clock"),
        ("UPDATE messages SET content = 'a' || char(0)", 2, "PostgreSQL cannot hold a row of messages"),
        ("UPDATE guilds SET afk_timeout = 3000000000", 2, "PostgreSQL cannot hold a row of guilds"),
    ],
)
async def test_import_of_a_bad_database_is_refused_in_one_line(
    folder: Path, make_cluster: MakeCluster, statement: str, status: int, reason: str
) -> None:
    change(folder, statement)
    cluster = await make_cluster(False)
    refused, told = await cluster.take(folder)
    assert refused == status, told
    (line,) = [line for line in told.splitlines() if line.startswith("guildway: ")]
    assert reason in line
    assert "Traceback" not in told
    assert await cluster.query("SELECT count(*) FROM guilds") == 0


@pytest.mark.parametrize("change", ["NEW.nick := 'another'; RETURN NEW", "RETURN NULL"])
async def test_row_that_arrives_changed_or_not_at_all_is_found_and_nothing_kept(
    folder: Path, make_cluster: MakeCluster, change: str
) -> None:
    cluster = await make_cluster(False)
    await cluster.query(
        f"CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {change}; END $$; "
        "CREATE TRIGGER spoil BEFORE INSERT ON members FOR EACH ROW WHEN (NEW.nick IS NOT NULL) "
        "EXECUTE FUNCTION spoil()"
    )
    status, told = await cluster.take(folder)
    assert status == 2
    assert "PostgreSQL" in told
    assert "members" in told
    assert await cluster.query("SELECT count(*) FROM guilds") == 0


async def test_import_into_a_database_without_tables_says_what_makes_them(
    folder: Path, make_cluster: MakeCluster, postgres_databases: PostgresDatabases
) -> None:
    cluster = await make_cluster(False)
    whole, cluster.url = cluster.url, await postgres_databases.create_empty()
    try:
        status, told = await cluster.take(folder)
        assert status == 2
        assert "run `guildway migrate`" in told
        assert (await cluster.run("migrate"))[0] == 0
        assert (await cluster.take(folder))[0] == 0
    finally:
        await postgres_databases.drop(cluster.url)
        cluster.url = whole
