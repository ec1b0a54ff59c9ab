"""Databases of earlier schemas, kept as SQL in tests/golden/schemas, are brought up to date with all that they hold, also
when that is killed in the middle.
"""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from core.store.sql.schema.all_tables import metadata
from core.store.sql.schema.migrate import SCHEMA_REVISION, list_missing
from guildway.cli import main

SCHEMAS = Path(__file__).parents[5] / "golden" / "schemas"
KEPT = sorted(path.stem for path in SCHEMAS.glob("*.sql"))
SHARDS = {"GUILDWAY_STORE_NUM_SHARDS": "16"}
TABLES = ("users", "guilds", "channels", "roles", "members", "messages", "applications", "invites")

KILLED = """
import sqlite3, sys
from contextlib import closing
from pathlib import Path
from sqlalchemy import create_engine
from core.store.sql.schema.migrate import find_revision, migrate, _upgrade
import alembic.command
from tests.support.killed_work import arm_statements, run_and_kill

path, dump, before, after = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4]

def upgrade():
    with create_engine(f"sqlite:///{path}", isolation_level="AUTOCOMMIT").connect() as connection:
        _upgrade(connection)

def prepare():
    for name in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + name).unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as database:
        database.executescript(dump.read_text())
        database.execute("PRAGMA journal_mode = WAL")

def look():
    with closing(sqlite3.connect(path)) as database:
        names = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        (revision,) = database.execute("SELECT version_num FROM alembic_version").fetchone()
        return revision, len(names), database.execute("SELECT count(*) FROM messages").fetchone()

def check():
    old = look()
    assert old[0] in (before, after), old
    upgrade()
    new = look()
    assert new[0] == after and new[2] == old[2], (old, new)
    assert old[0] == after or old[1] < new[1], "nothing of the new schema without its number"

print(run_and_kill(upgrade, prepare, check, arm=arm_statements, every=29))
"""


def load(schema: str, folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / "guildway.db"
    with closing(sqlite3.connect(path)) as database:
        database.executescript((SCHEMAS / f"{schema}.sql").read_text())
    return path


def held_in(path: Path) -> dict[str, int]:
    with closing(sqlite3.connect(path)) as database:
        return {table: database.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in TABLES}


@pytest.mark.parametrize("schema", KEPT)
def test_kept_schema_is_brought_up_to_date_with_all_that_it_holds(
    schema: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GUILDWAY_STORE_NUM_SHARDS", "16")
    path = load(schema, tmp_path / "data")
    before = held_in(path)
    assert before["messages"] > 10
    assert main(["migrate", "--data", str(path.parent), "--dry-run"]) == 0
    told = capsys.readouterr().out
    assert all(name in told for name in list_missing(schema))
    assert held_in(path) == before
    assert main(["migrate", "--data", str(path.parent)]) == 0
    assert f"schema {SCHEMA_REVISION}" in capsys.readouterr().out
    assert held_in(path) == before
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


def test_folder_of_a_newer_version_is_refused_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = load(KEPT[-1], tmp_path / "data")
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    for flags in (["--dry-run"], []):
        assert main(["migrate", "--data", str(path.parent), *flags]) == 3
        lines = [line for line in capsys.readouterr().err.splitlines() if not line.startswith("{")]
        assert len(lines) == 1
        assert "schema 9999" in lines[0]


def test_first_and_last_schemas_are_kept() -> None:
    assert KEPT[0] == "0005"
    assert list_missing(KEPT[0])[0].startswith("0006 ")
    assert list_missing(SCHEMA_REVISION) == []


def test_upgrade_that_is_killed_leaves_the_old_schema_or_the_new_one(tmp_path: Path) -> None:
    words = (str(tmp_path / "guildway.db"), str(SCHEMAS / f"{KEPT[0]}.sql"), KEPT[0], SCHEMA_REVISION)
    ended = subprocess.run([sys.executable, "-c", KILLED, *words], check=False, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr[-3000:]
    assert int(ended.stdout) > 100
