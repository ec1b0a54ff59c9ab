"""A database whose file is taken away, or replaced, under a process that has it open."""

import logging
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from core.domain.errors import Unavailable
from core.store.sql.store import SqlStore, StoreOptions
from tests.contract.builders import flake, new_message
from tests.fakes.clock import FakeClock


async def open_store(folder: Path) -> SqlStore:
    options = StoreOptions(read_connections=1, lock=folder / "lock")
    return await SqlStore.open(str(folder / "x.db"), clock=FakeClock(), num_shards=4, options=options)


async def write(store: SqlStore, number: int) -> None:
    await store.messages.add(new_message(flake(number), flake(1), content=f"{number} " + "x" * 1000), [])


def read_numbers(path: Path) -> list[int]:
    """Return the messages of a database that nobody has open."""
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return [int(row[0].split()[0]) for row in connection.execute("SELECT content FROM messages ORDER BY id")]


def replace_database(folder: Path) -> None:
    (folder.parent / "backup.db").replace(folder / "x.db")


def move_database(folder: Path) -> None:
    (folder / "x.db").rename(folder.parent / "moved.db")


def remove_log(folder: Path) -> None:
    (folder / "x.db-wal").unlink()


def replace_lock(folder: Path) -> None:
    (folder.parent / "new").touch()
    (folder.parent / "new").replace(folder / "lock")


def remove_folder(folder: Path) -> None:
    shutil.rmtree(folder)


@pytest.fixture
async def folder(tmp_path: Path) -> Path:
    """With a backup beside it, in which is message 1, and a database in which are more."""
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "lock").touch()
    store = await open_store(folder)
    await write(store, 1)
    await store.close()
    shutil.copy(folder / "x.db", tmp_path / "backup.db")
    return folder


@pytest.mark.parametrize(
    ("happen", "reason"),
    [
        (replace_database, "x.db was replaced while the server ran: start it again"),
        (move_database, "x.db is gone: start the server again"),
        (remove_log, "x.db-wal is gone: start the server again"),
        (replace_lock, "lock was replaced while the server ran: start it again"),
        (remove_folder, "x.db is gone: start the server again"),
    ],
)
@pytest.mark.parametrize("looks_first", [True, False])
async def test_nothing_is_written_once_a_file_is_another(
    folder: Path,
    caplog: pytest.LogCaptureFixture,
    happen: Callable[[Path], None],
    reason: str,
    looks_first: bool,
) -> None:
    store = await open_store(folder)
    await write(store, 2)
    happen(folder)
    with caplog.at_level(logging.ERROR):
        if looks_first:
            assert await store.health.find_fault() == reason
        for number in (3, 4):
            with pytest.raises(Unavailable, match=reason):
                await write(store, number)
        assert await store.health.find_fault() == reason
    told = [record for record in caplog.records if record.message == "nothing is written any more"]
    assert [record.__dict__["reason"] for record in told] == [reason]
    assert await store.messages.find(flake(1), flake(2)) is not None
    await store.close()


@pytest.mark.parametrize("is_seen_before_the_end", [True, False])
async def test_database_that_was_put_in_its_place_is_not_ruined(
    folder: Path,
    is_seen_before_the_end: bool,
) -> None:
    store = await open_store(folder)
    for number in range(2, 60):
        await write(store, number)
    replace_database(folder)
    if is_seen_before_the_end:
        with pytest.raises(Unavailable):
            await write(store, 60)
    await store.close()
    assert (folder / "x.db-wal.of-the-replaced-database").exists()
    assert read_numbers(folder / "x.db") == [1]


async def test_database_that_came_back_is_written_after_the_next_start_and_has_lost_nothing(folder: Path) -> None:
    store = await open_store(folder)
    await write(store, 2)
    move_database(folder)
    with pytest.raises(Unavailable):
        await write(store, 3)
    (folder.parent / "moved.db").rename(folder / "x.db")
    with pytest.raises(Unavailable):
        await write(store, 4)
    await store.close()
    store = await open_store(folder)
    await write(store, 5)
    assert await store.health.find_fault() is None
    await store.close()
    assert read_numbers(folder / "x.db") == [1, 2, 5]
