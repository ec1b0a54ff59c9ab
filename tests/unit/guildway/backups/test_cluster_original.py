"""What a snapshot of a cluster has of Cassandra and of its files; the servers are in tests/e2e/operation."""

import io
import os
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core.domain.ids import snowflake_at
from core.domain.messages.message import Message
from core.domain.messages.reaction import Reaction, ReactionCount
from core.runtime.errors import StartError
from core.runtime.settings.settings import FileSettings, Settings, StoreSettings
from core.store.blob.identity import MARK
from core.store.blob.interfaces import BlobStore
from core.store.blob.objects import open_memory
from core.store.sql.engine.backup import Contents
from core.store.sql.moving.copied import CopiedDatabase, list_blob_names
from core.store.sql.moving.source import EmbeddedDatabase
from core.store.sql.schema.tables.pins import pins
from core.store.sql.schema.tables.secrets import secrets
from guildway.backups.cluster_original import ClusterOriginal, copy_messages
from guildway.backups.cluster_restoring import store_files
from guildway.backups.places import open_shelf
from guildway.backups.sources import open_source
from guildway.backups.taking import take_snapshot
from guildway.cli import main
from guildway.data.image_copy import CopiedImages
from tests.fakes.clock import START_MS, FakeClock

CUT = snowflake_at(START_MS)
CHANNEL, OTHER = 11, 12


def message(offset: int, channel_id: int = CHANNEL, **fields: Any) -> Message:
    return Message(id=CUT + offset, channel_id=channel_id, author_id=5, **fields)


def reaction(offset: int, user_id: int, at: int = -1) -> Reaction:
    return Reaction(channel_id=CHANNEL, message_id=CUT + offset, emoji="x", user_id=user_id, id=CUT + at)


class Reacted(msgspec.Struct):
    reactions: list[Reaction]
    shown: tuple[ReactionCount, ...]


class FakeScan:
    """A scan of a keyspace in which people write meanwhile."""

    async def list_messages(self) -> AsyncIterator[list[Message]]:
        yield [message(-3), message(-2, pinned=True, content="\ufe0f soup"), message(0)]
        yield [message(7, OTHER), message(-9, OTHER)]

    async def list_reacted(self) -> AsyncIterator[Any]:
        yield Reacted([reaction(-3, 1), reaction(-3, 2, at=4)], (ReactionCount("x", 2),))
        yield Reacted([reaction(-3, 3, at=5)], (ReactionCount("x", 1),))
        yield Reacted([reaction(-8, 1)], (ReactionCount("x", 1),))  # to a message that is gone

    async def list_newest(self) -> AsyncIterator[tuple[int, int]]:
        yield CHANNEL, CUT - 1  # which was deleted
        yield OTHER, CUT + 7
        yield 13, CUT + 9  # all of it after the cut


async def make(path: Path) -> None:
    async with CopiedDatabase.make(path) as database:
        await copy_messages(FakeScan(), database, CUT)  # type: ignore[arg-type]
        database.put_rows(pins, [(CHANNEL, CUT - 3, 1)])
        database.agree_on_pins()


def query(path: Path, statement: str) -> list[Any]:
    with closing(sqlite3.connect(path)) as database:
        return database.execute(statement).fetchall()


async def test_what_is_after_the_cut_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "copy.db"
    await make(path)
    rows = query(path, "SELECT channel_id, id FROM messages ORDER BY id")
    assert rows == [(OTHER, CUT - 9), (CHANNEL, CUT - 3), (CHANNEL, CUT - 2)]
    assert query(path, "SELECT message_id, user_id FROM reactions") == [(CUT - 3, 1)]
    assert query(path, "SELECT message_id, counts FROM reaction_counts") == [(CUT - 3, '[["x",1,0]]')]
    newest = query(path, "SELECT * FROM last_messages ORDER BY channel_id")
    assert newest == [(CHANNEL, CUT - 1), (OTHER, CUT - 9)]


async def test_pins_are_those_of_their_rows(tmp_path: Path) -> None:
    path = tmp_path / "copy.db"
    await make(path)
    assert query(path, "SELECT id FROM messages WHERE pinned") == [(CUT - 3,)]


async def test_copy_is_read_as_an_embedded_servers_database(tmp_path: Path) -> None:
    path = tmp_path / "copy.db"
    async with CopiedDatabase.make(path) as database:
        await copy_messages(FakeScan(), database, CUT)  # type: ignore[arg-type]
    assert os.listdir(tmp_path) == ["copy.db"], "one file, and no log beside it"  # noqa: PTH208
    with EmbeddedDatabase.open(path) as opened:
        found = [each for part in opened.list_messages(10) for each in part]
        assert [each.id for each in found] == [CUT - 3, CUT - 2, CUT - 9]
        assert found[1].content == "\ufe0f soup"
        assert next(opened.list_reaction_counts()) == (CHANNEL, CUT - 3, (ReactionCount("x", 1),))


class NoServers(ClusterOriginal):
    """A cluster's files, beside a database that names one of them and the mark of their store."""

    async def copy_database(self, copy: Path) -> Contents:
        async with CopiedDatabase.make(copy) as database:
            database.put_rows(secrets, [(MARK, b"ours"), ("other", b"stays")])
            database._database.execute(
                "INSERT INTO pictures (folder, name, user_id, guild_id, size, unused_since_ms, is_gone) "
                "VALUES ('avatars/1', 'a.png', 1, 0, 7, 0, 0)"
            )
            self._mark = database.forget_secret(MARK)
        self._names = list_blob_names(copy)
        assert query(copy, "SELECT name FROM secrets") == [("other",)]
        return Contents(schema="1", users=0, guilds=0, messages=0)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A folder that processes share, with a picture."""
    files = tmp_path / "shared" / "files"
    (files / "avatars" / "1").mkdir(parents=True)
    (files / "avatars" / "1" / "a.png").write_bytes(b"picture")
    (files / MARK).write_bytes(b"ours")
    return Settings(store=StoreSettings(data_dir=str(files.parent)))


def put_mark(settings: Settings, mark: bytes) -> None:
    Path(settings.store.data_dir, "files", MARK).write_bytes(mark)


async def take(settings: Settings, place: Path) -> str:
    out = io.StringIO()
    async with open_shelf(f"{place}/", settings.files, is_made=True) as shelf:
        await take_snapshot(NoServers(settings, clock=FakeClock()), shelf, clock=FakeClock(), out=out)
    return out.getvalue()


async def test_files_that_a_snapshot_has_are_not_read_again(settings: Settings, tmp_path: Path) -> None:
    assert "1 files" in await take(settings, tmp_path / "shelf")
    os.unlink(f"{settings.store.data_dir}/files/avatars/1/a.png")  # noqa: PTH108
    assert "1 files" in await take(settings, tmp_path / "shelf")
    assert "0 files" in await take(settings, tmp_path / "another"), "its message was deleted meanwhile"


async def test_files_of_a_bucket_are_kept_and_put_into_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bucket, other = open_memory(tmp_path / "staging"), open_memory(tmp_path / "other")
    for name, data in (("avatars/1/a.png", b"picture"), ("avatars/1/unnamed.png", b""), (MARK, b"ours")):
        await bucket.put(name, data, "image/png")

    async def open_bucket(*_: object) -> BlobStore:
        return bucket

    monkeypatch.setattr("guildway.backups.cluster_original.open_blobs", open_bucket)
    settings = Settings(files=FileSettings(s3_bucket="bucket"))
    await take(settings, tmp_path / "shelf")
    async with open_source(str(tmp_path / "shelf"), None, settings.files) as source:
        assert await store_files(source, other) == CopiedImages(1, 7)
    assert [name async for name in other.list_names("avatars")] == ["avatars/1/a.png"]
    assert await other.find("avatars/1/a.png") == b"picture"


async def test_files_of_others_are_refused(settings: Settings, tmp_path: Path) -> None:
    put_mark(settings, b"theirs")
    with pytest.raises(StartError, match="not those of the cluster"):
        await take(settings, tmp_path / "shelf")
    nowhere = Settings(store=StoreSettings(data_dir=str(tmp_path / "nowhere")))
    with pytest.raises(StartError, match="there is no folder"):
        await take(nowhere, tmp_path / "shelf")


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("backup", "x.tar", "--cluster"), "kept in a folder or a bucket"),
        (("restore", "x/"), "either a folder with --data, or --cluster"),
        (("restore", "x/", "--data", "d", "--cluster"), "either a folder with --data, or --cluster"),
        (("restore", "x/", "--data", "d", "--replace"), "means something only with --cluster"),
    ],
)
def test_commands_that_cannot_be_are_refused(
    words: tuple[str, ...], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    assert reason in capsys.readouterr().err
