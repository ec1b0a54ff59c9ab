"""Snapshots: what is stored once, what a restore brings back, what is noticed, and what is refused."""

import asyncio
import hashlib
import io
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from core.domain.people.user import Account, User
from core.runtime.errors import StartError
from core.runtime.settings.settings import FileSettings
from core.store.blob.objects import open_memory
from core.store.sql.engine.backup import Contents
from core.store.sql.store import SqlStore
from guildway.backups.keeping import keep_newest, list_snapshots, verify
from guildway.backups.originals import FolderOriginal
from guildway.backups.places import is_shelf, open_shelf
from guildway.backups.restoring import restore
from guildway.backups.shelf import Shelf
from guildway.backups.snapshots import Snapshot, StoredFile, decode_snapshot, encode_snapshot
from guildway.backups.sources import SnapshotSource, open_source
from guildway.backups.taking import take_snapshot
from guildway.cli import main
from guildway.data.data_files import DataFiles
from tests.fakes.clock import FakeClock

FILES = FileSettings()


@pytest.fixture
def data(tmp_path: Path) -> DataFiles:
    """A folder with a database of one user, and two files of people."""
    files = DataFiles.in_folder(tmp_path / "data")
    (files.images / "avatars" / "1").mkdir(parents=True)
    (files.images / "avatars" / "1" / "a.png").write_bytes(b"picture")
    (files.images / "avatars" / "1" / "b.png#1").write_bytes(b"pict")
    asyncio.run(add_user(files, "ada", 1))
    return files


async def add_user(files: DataFiles, name: str, number: int) -> None:
    store = await SqlStore.open(files.database, clock=FakeClock(), num_shards=4)
    async with store.write() as tx:
        await tx.users.create(Account(user=User(id=number, username=name)))
    await store.close()


def users_of(folder: Path) -> list[str]:
    with closing(sqlite3.connect(folder / "guildway.db")) as database:
        return [row[0] for row in database.execute("SELECT username FROM users ORDER BY id")]


def back_up(data: DataFiles, place: Path, *flags: str) -> int:
    return main(["backup", f"{place}/", "--data", str(data.database.parent), *flags])


def bring_back(place: Path, folder: Path, *flags: str) -> int:
    return main(["restore", str(place), "--data", str(folder), *flags])


def objects_of(place: Path) -> list[Path]:
    return sorted(path for path in (place / "objects").rglob("*") if path.is_file())


def test_snapshot_is_restored_as_it_was(data: DataFiles, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert back_up(data, tmp_path / "shelf") == 0
    assert "0 messages, 1 users, 0 guilds, 1 files" in capsys.readouterr().out
    assert bring_back(tmp_path / "shelf", tmp_path / "new") == 0
    assert users_of(tmp_path / "new") == ["ada"]
    files = {path.relative_to(tmp_path / "new").as_posix() for path in (tmp_path / "new").rglob("*") if path.is_file()}
    assert files == {"guildway.db", "guildway.lock", "files/avatars/1/a.png"}
    assert (tmp_path / "new/files/avatars/1/a.png").read_bytes() == b"picture"
    assert {oct(path.stat().st_mode & 0o077) for path in (tmp_path / "new").rglob("*")} == {"0o0"}


def test_second_snapshot_stores_what_is_new_and_each_can_be_restored(
    data: DataFiles, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "shelf"
    with closing(sqlite3.connect(data.database)) as database, database:
        database.execute("CREATE TABLE ballast AS SELECT randomblob(1000000) AS bytes")
    back_up(data, place)
    before = len(objects_of(place))
    (data.images / "avatars" / "1" / "c.png").write_bytes(b"later")
    asyncio.run(add_user(data, "bob", 2))
    back_up(data, place)
    assert before > 5
    assert 0 < len(objects_of(place)) - before <= 3, "the file, and the pieces with pages that were written"
    capsys.readouterr()
    back_up(data, place, "--list")
    older, newer = (line.split(":")[0] for line in capsys.readouterr().out.splitlines())
    assert older < newer
    assert bring_back(place, tmp_path / "older", "--snapshot", older) == 0
    assert bring_back(place, tmp_path / "newer") == 0
    assert [users_of(tmp_path / name) for name in ("older", "newer")] == [["ada"], ["ada", "bob"]]
    assert not (tmp_path / "older/files/avatars/1/c.png").exists()
    assert (tmp_path / "newer/files/avatars/1/c.png").exists()


def test_older_snapshots_go_with_what_they_alone_name(data: DataFiles, tmp_path: Path) -> None:
    place = tmp_path / "shelf"
    back_up(data, place)
    (data.images / "avatars" / "1" / "a.png").unlink()
    asyncio.run(add_user(data, "bob", 2))
    assert back_up(data, place, "--keep", "1") == 0
    assert len(list((place / "snapshots").iterdir())) == 1
    assert hashlib.sha256(b"picture").hexdigest() not in {path.name for path in objects_of(place)}
    assert back_up(data, place, "--verify") == 0


async def test_snapshots_are_kept_in_a_bucket_too(tmp_path: Path, data: DataFiles) -> None:
    blobs = open_memory(tmp_path / "staging")
    out = io.StringIO()
    for _ in range(2):
        shelf = await Shelf.open(blobs, place="s3://bucket")
        await take_snapshot(FolderOriginal(data), shelf, clock=FakeClock(), out=out)
    assert "; 0 new objects with 0 bytes" in out.getvalue().splitlines()[1]
    await list_snapshots(shelf, out)
    await verify(shelf, out)
    await keep_newest(shelf, 1, out)
    found = await shelf.find_newest()
    assert found is not None
    await restore(SnapshotSource(shelf, *found), tmp_path / "new", out)
    assert users_of(tmp_path / "new") == ["ada"]
    assert not list((tmp_path / "staging").iterdir())


@pytest.mark.parametrize("damage", ["cut", "gone"])
def test_damaged_object_is_found_and_never_restored(
    data: DataFiles, tmp_path: Path, capsys: pytest.CaptureFixture[str], damage: str
) -> None:
    place, new = tmp_path / "shelf", tmp_path / "new"
    back_up(data, place)
    victim = place / "objects" / hashlib.sha256(b"picture").hexdigest()[:2] / hashlib.sha256(b"picture").hexdigest()
    victim.write_bytes(b"pictura") if damage == "cut" else victim.unlink()
    capsys.readouterr()
    assert back_up(data, place, "--verify") == 2
    assert bring_back(place, new) == 2
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 2
    assert all(victim.name in line for line in told)
    assert main(["run", "--data", str(new), "--api", "127.0.0.1:0"]) == 2
    assert "was not finished" in capsys.readouterr().err
    assert not (new / "guildway.db").exists()


def test_restore_that_was_broken_off_goes_on_with_its_own_backup_alone(
    data: DataFiles, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place, new = tmp_path / "shelf", tmp_path / "new"
    back_up(data, place)
    (tmp_path / "copy.db").write_bytes(b"this is no database")
    assert bring_back(tmp_path / "copy.db", new) == 2
    assert bring_back(place, new) == 2
    assert "unfinished restore" in capsys.readouterr().err
    (new / "guildway.restoring").write_text("")  # killed before the name was written
    assert bring_back(place, new) == 0
    assert not (new / "guildway.restoring").exists()
    assert users_of(new) == ["ada"]


@pytest.mark.parametrize("name", ["copy.db", "copy.tar"])
def test_files_of_backups_are_restored_too(data: DataFiles, tmp_path: Path, name: str) -> None:
    assert main(["backup", str(tmp_path / name), "--data", str(data.database.parent)]) == 0
    assert bring_back(tmp_path / name, tmp_path / "new") == 0
    assert users_of(tmp_path / "new") == ["ada"]
    assert (tmp_path / "new/files/avatars/1/a.png").exists() is (name == "copy.tar")


def test_what_cannot_be_is_told_in_one_line(
    data: DataFiles, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "shelf"
    back_up(data, place)
    (tmp_path / "others").mkdir()
    (tmp_path / "others" / "letter.txt").touch()
    (tmp_path / "empty").mkdir()
    capsys.readouterr()
    for words, reason in (
        ([str(tmp_path / "others"), "--data", str(data.database.parent)], "holds other things"),
        ([f"{place}/", "--force"], "--force replaces a file"),
        ([str(tmp_path / "x.tar"), "--keep", "3"], "folders and buckets"),
        ([f"{place}/", "--list", "--verify"], "two commands"),
        ([f"{tmp_path}/nowhere/", "--list"], "no folder"),
        ([f"{tmp_path}/empty/", "--verify"], "no snapshot"),
        ([str(data.database.parent), "--data", str(data.database.parent)], "the server's own"),
    ):
        assert main(["backup", *words]) == 2
        assert reason in capsys.readouterr().err
    for source, flags, reason in (
        (tmp_path / "nothing.tar", (), "no backup"),
        (place, ("--snapshot", "../x"), "no snapshot"),
        (tmp_path / "empty", (), "no snapshot"),
        (tmp_path / "others" / "letter.txt", ("--snapshot", "x"), "neither"),
    ):
        assert bring_back(source, tmp_path / "unused", *flags) == 2
        assert reason in capsys.readouterr().err
    assert bring_back(place, tmp_path / "others") == 2
    assert "is not empty (letter.txt)" in capsys.readouterr().err


async def test_folder_is_used_by_one_command_at_a_time(tmp_path: Path) -> None:
    async with open_shelf(f"{tmp_path}/shelf", FILES, is_made=True):
        with pytest.raises(StartError, match="another backup"):
            async with open_source(f"{tmp_path}/shelf", None, FILES):
                pass
    assert is_shelf("s3://bucket/x")
    assert not is_shelf(f"{tmp_path}/copy.tar")


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", "a/../../x", ""])
def test_path_that_leaves_the_folder_is_refused(path: str) -> None:
    name, data = encode_snapshot(snapshot({path: StoredFile("0" * 64, 1)}))
    with pytest.raises(StartError, match="outside"):
        decode_snapshot(name, data)


def test_snapshot_that_was_changed_or_is_newer_is_refused() -> None:
    name, data = encode_snapshot(snapshot({}))
    assert decode_snapshot(name, data) == snapshot({})
    with pytest.raises(StartError, match="damaged"):
        decode_snapshot(name, data.replace(b'"users": 2', b'"users": 3'))
    newer = data.replace(b'"form": 1', b'"form": 2')
    with pytest.raises(StartError, match="newer version"):
        decode_snapshot(f"x-{hashlib.sha256(newer).hexdigest()[:16]}", newer)


def snapshot(files: dict[str, StoredFile]) -> Snapshot:
    contents = Contents(schema="0031", users=2, guilds=1, messages=0)
    return Snapshot(taken_ms=1_700_000_000_000, version="1", contents=contents, database=(), files=files)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_place_that_may_not_be_written_is_told(data: DataFiles, tmp_path: Path) -> None:
    (tmp_path / "shelf").mkdir(mode=0o500)
    assert back_up(data, tmp_path / "shelf") == 2
