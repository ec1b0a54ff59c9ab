"""The schema on a file: what migrations make is what the tables say, whole or not at all; queries use its indexes."""

import re
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from core.domain.errors import Unavailable
from core.store.sql.aggregates.guilds.guilds import _LIST_IDS, _SNAPSHOTS
from core.store.sql.aggregates.guilds.members import _LIST_PAGE
from core.store.sql.aggregates.logins import LoginQueries
from core.store.sql.aggregates.messages.crossposts import _DUE, _DUE_OF
from core.store.sql.aggregates.messages.message_batch import select_nonces
from core.store.sql.aggregates.messages.message_reads import _FIND, _NEWER, _OLDER
from core.store.sql.aggregates.messages.message_rows import _BY_AUTHOR as _ROWS_BY_AUTHOR
from core.store.sql.aggregates.messages.message_rows import _OLDEST_TOMBSTONES
from core.store.sql.aggregates.messages.messages import _BY_AUTHOR
from core.store.sql.aggregates.people.users import _FIND_BY_EMAIL, _FIND_BY_USERNAME, _FIND_SESSION
from core.store.sql.aggregates.session_journal import _FIND as _FIND_RECORD
from core.store.sql.aggregates.session_journal import _NEWEST as _NEWEST_CUTS
from core.store.sql.engine.bulk import Bulk
from core.store.sql.engine.dialect import SQLITE, dialect_of
from core.store.sql.engine.query import CompiledQuery, Query
from core.store.sql.schema import all_tables, tables
from core.store.sql.schema.all_tables import metadata
from core.store.sql.schema.migrate import migrate
from core.store.sql.unread.listed_mentions import LISTED
from core.store.sql.unread.waiting_mentions import WAITING, WAITING_IN
from core.store.sql.writing.log import _NEWEST, _OLDEST, _READ

HOT = {
    "message": _FIND,
    "older messages": _OLDER,
    "newer messages": _NEWER,
    "messages of an author": _BY_AUTHOR,
    "rows of an author": _ROWS_BY_AUTHOR,
    "oldest tombstones": _OLDEST_TOMBSTONES,
    "crossposts that wait": _DUE,
    "crossposts of a message": _DUE_OF,
    "log": _READ,
    "record of a session": _FIND_RECORD,
    "newest cuts": _NEWEST_CUTS,
    "position of a shard": _NEWEST,
    "oldest of the log": _OLDEST,
    **{f"guild, part {part}": query for part, (query, _) in enumerate(_SNAPSHOTS[0].asked([1], 8, with_voice=True))},
    "page of members": _LIST_PAGE,
    "guilds of a user": _LIST_IDS,
    "e-mail": _FIND_BY_EMAIL,
    "username": _FIND_BY_USERNAME,
    "login": _FIND_SESSION,
    **{f"logins, part {part}": query for part, query in enumerate(LoginQueries(8).all)},
}


def normal(schema: list[tuple[str, str]]) -> dict[str, list[str]]:
    """Return the parts of each table's SQL, without differences of spelling."""
    return {
        # A column that was added later stands behind a comma on the last line; commas in parentheses divide no parts.
        name: sorted(filter(None, (part.strip() for part in re.split(r"\n|,(?![^()\n]*\))", sql.replace('"', "")))))
        for name, sql in schema
        if name != "alembic_version"
    }


def read_schema(path: Path) -> list[tuple[str, str]]:
    with sqlite3.connect(path) as connection:
        rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    connection.close()
    return rows


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


@pytest.fixture
async def migrated(tmp_path: Path) -> Path:
    engine = SQLITE.connect(str(tmp_path / "migrated.db"))
    await migrate(engine)
    await engine.dispose()
    return tmp_path / "migrated.db"


def test_whole_schema_names_each_file_of_tables() -> None:
    """A file that is forgotten there is known or not by who was imported before."""
    folder = Path(next(iter(tables.__path__)))
    files = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    assert files == set(all_tables.__all__) - {"metadata"}


async def test_migrations_make_the_very_tables(migrated: Path, tmp_path: Path) -> None:
    """Alembic's own comparison does not see options of SQLite and names of constraints."""
    engine = create_engine(f"sqlite:///{tmp_path / 'made.db'}")
    metadata.create_all(engine)
    engine.dispose()
    assert normal(read_schema(migrated)) == normal(read_schema(tmp_path / "made.db"))


async def test_migration_that_fails_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "half.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE messages (wrong)")
    connection.close()
    engine = SQLITE.connect(str(path))
    with pytest.raises(Unavailable):
        await migrate(engine)
    await engine.dispose()
    assert [name for name, _ in read_schema(path)] == ["messages"]


@pytest.mark.parametrize("name", HOT)
async def test_hot_query_searches_an_index(migrated: Path, name: str) -> None:
    query: Query = HOT[name]
    step = CompiledQuery(query, SQLITE.compiler).step(dict.fromkeys(query.statement.compile().params, 1))
    assert_searches(migrated, step.sql, step.parameters, may_walk_in_order=name == "oldest of the log")


@pytest.mark.parametrize("query", [WAITING, *(each.query for each in WAITING_IN)])
async def test_count_of_mentions_reads_those_above_the_floors_alone(migrated: Path, query: Query) -> None:
    step = CompiledQuery(query, SQLITE.compiler).step(dict.fromkeys(query.statement.compile().params, 1))
    plan = explain(migrated, step.sql, step.parameters)
    looks = [line for line in plan if line.startswith("SEARCH mentions")]
    key = "PRIMARY KEY (target_id=? AND channel_id=? AND message_id>?)"
    assert looks == [f"SEARCH mentions USING {key}"] * 2, plan
    assert not [line for line in plan if line.startswith("SCAN mentions")], plan


@pytest.mark.parametrize("query", LISTED.values())
async def test_list_of_mentions_looks_at_pairs_alone(migrated: Path, query: Query) -> None:
    step = CompiledQuery(query, SQLITE.compiler).step(dict.fromkeys(query.statement.compile().params, 1))
    plan = explain(migrated, step.sql, step.parameters)
    looks = [line.partition(" USING ")[2] for line in plan if line.startswith(("SEARCH mentions", "SEARCH there"))]
    key = "PRIMARY KEY (target_id=? AND channel_id=? AND message_id"
    leaps = [look for look in looks if "AND channel_id>?" in look]
    assert leaps, plan
    assert all(look.removeprefix("COVERING INDEX ").startswith(key) for look in looks if look not in leaps), plan
    assert not [line for line in plan if line.startswith(("SCAN mentions", "SCAN there"))], plan


async def test_lookup_of_nonces_searches_an_index(migrated: Path) -> None:
    steps = Bulk(select_nonces, SQLITE.compiler).steps([(1, 2, "x")] * 43)
    for step in steps:
        assert_searches(migrated, step.sql, step.parameters)


def explain(path: Path, sql: str, parameters: object) -> list[str]:
    with sqlite3.connect(path) as connection:
        plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", parameters)]  # type: ignore[arg-type]
    connection.close()
    return plan


def assert_searches(path: Path, sql: str, parameters: object, *, may_walk_in_order: bool = False) -> None:
    plan = explain(path, sql, parameters)
    assert not [line for line in plan if "TEMP B-TREE" in line], plan
    if not may_walk_in_order:
        assert not [line for line in plan if line.startswith("SCAN") and "CONSTANT ROW" not in line], plan


@pytest.mark.parametrize("location", ["postgresql://host/name", "mysql://x"])
def test_unknown_database_is_refused(location: str) -> None:
    with pytest.raises(ValueError, match="no dialect"):
        dialect_of(location)


async def test_folder_that_is_missing_is_unavailable(tmp_path: Path) -> None:
    engine = SQLITE.connect(str(tmp_path / "missing" / "store.db"))
    with pytest.raises(Unavailable):
        await migrate(engine)
    await engine.dispose()


async def test_url_and_path_name_the_same_file(tmp_path: Path) -> None:
    for location in (f"sqlite+aiosqlite:///{tmp_path / 'a b%.db'}", str(tmp_path / "a b%.db")):
        engine = dialect_of(location).connect(location)
        await migrate(engine)
        await engine.dispose()
    assert names_in(tmp_path) == ["a b%.db"]
