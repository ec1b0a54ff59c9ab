"""The contents of a backup, and refusals. tests/e2e/operation/test_backup.py tests one under load."""

import asyncio
import errno
import io
import os
import shutil
import sqlite3
import stat
import tarfile
from contextlib import closing
from pathlib import Path

import pytest

from core.domain.people.user import Account, User
from core.runtime.errors import StartError
from core.store.sql.engine.backup import Contents, copy_database
from core.store.sql.schema.migrate import SCHEMA_REVISION
from core.store.sql.store import SqlStore
from guildway.cli import main
from guildway.data.backup import run_backup
from guildway.data.data_files import DataFiles
from tests.fakes.clock import FakeClock


@pytest.fixture
def data(tmp_path: Path) -> DataFiles:
    """A folder with a database of one user, and images, one of which is still being written."""
    files = DataFiles.in_folder(tmp_path / "data")
    (files.images / "avatars" / "1").mkdir(parents=True)
    (files.images / "avatars" / "1" / "a.png").write_bytes(b"picture")
    (files.images / "avatars" / "1" / "b.png#1").write_bytes(b"pict")

    async def fill() -> None:
        store = await SqlStore.open(files.database, clock=FakeClock(), num_shards=4)
        async with store.write() as tx:
            await tx.users.create(Account(user=User(id=1, username="ada")))
        await store.close()

    asyncio.run(fill())
    return files


def back_up(data: DataFiles, target: Path, *, replaces: bool = False) -> str:
    out = io.StringIO()
    run_backup(data, target, replaces=replaces, out=out)
    return out.getvalue()


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_backup_is_a_whole_database_for_its_owner_alone(data: DataFiles, tmp_path: Path) -> None:
    before = names_in(data.database.parent)
    target = tmp_path / "copy.db"
    told = back_up(data, target)
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert "without the images; 0 messages, 1 users, 0 guilds" in told
    assert f"schema {SCHEMA_REVISION}" in told
    with closing(sqlite3.connect(target)) as copy:
        assert copy.execute("SELECT username FROM users").fetchall() == [("ada",)]
        assert copy.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert names_in(data.database.parent) == before
    assert names_in(tmp_path) == ["copy.db", "data"]


def test_archive_is_the_data_folder_with_its_images(data: DataFiles, tmp_path: Path) -> None:
    target = tmp_path / "copy.TAR"
    assert "the database and 1 images;" in back_up(data, target)
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    with tarfile.open(target) as archive:
        assert archive.getnames() == ["guildway.db", "files/avatars/1/a.png"]
        assert archive.getmember("guildway.db").mode == 0o600
        archive.extractall(tmp_path / "restored", filter="data")
    assert (tmp_path / "restored" / "files" / "avatars" / "1" / "a.png").read_bytes() == b"picture"
    assert names_in(tmp_path) == ["copy.TAR", "data", "restored"]


def test_images_on_another_disk_are_in_the_archive_as_files(data: DataFiles, tmp_path: Path) -> None:
    (data.images / "avatars").rename(tmp_path / "disk")
    (data.images / "avatars").symlink_to(tmp_path / "disk")
    (data.images / "icons").mkdir()
    (data.images / "icons" / "c.png").symlink_to(tmp_path / "disk" / "1" / "a.png")
    target = tmp_path / "copy.tar"
    assert "the database and 2 images;" in back_up(data, target)
    with tarfile.open(target) as archive:
        assert archive.getnames() == ["guildway.db", "files/avatars/1/a.png", "files/icons/c.png"]
        assert all(member.isreg() for member in archive.getmembers())


def test_folder_without_images_is_told_as_such(data: DataFiles, tmp_path: Path) -> None:
    shutil.rmtree(data.images)
    assert "the database and 0 images;" in back_up(data, tmp_path / "copy.tar")


@pytest.mark.parametrize("lost", ["folder", "image", "loop", "pipe", "unreadable"])
def test_archive_that_would_lack_images_is_not_made(
    data: DataFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: str
) -> None:
    match lost:
        case "folder":
            shutil.rmtree(data.images)
            data.images.symlink_to(tmp_path / "not-mounted")
        case "image":
            (data.images / "c.png").symlink_to(tmp_path / "not-mounted")
        case "loop":
            (data.images / "again").symlink_to(data.images)
        case "pipe":
            os.mkfifo(data.images / "c.png")
        case _:
            refuse_to_list(data.images / "avatars" / "1", monkeypatch)
    with pytest.raises(StartError, match="no backup was made: "):
        back_up(data, tmp_path / "copy.tar")
    assert names_in(tmp_path) == ["data"]


def refuse_to_list(closed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail as the system does for a user who may not read a folder; root may read each."""
    scan = os.scandir

    def scandir(path: str) -> object:
        if Path(path) == closed:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr("os.scandir", scandir)


def test_older_backup_is_replaced_only_when_told_to(data: DataFiles, tmp_path: Path) -> None:
    target = tmp_path / "copy.db"
    target.write_text("older")
    target.chmod(0o644)
    with pytest.raises(StartError, match="is there already; --force replaces it"):
        back_up(data, target)
    assert target.read_text() == "older"
    back_up(data, target, replaces=True)
    assert target.read_bytes().startswith(b"SQLite format 3\0")
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_link_that_leads_nowhere_is_there_already(data: DataFiles, tmp_path: Path) -> None:
    (tmp_path / "copy.db").symlink_to(tmp_path / "not-mounted")
    with pytest.raises(StartError, match="is there already"):
        back_up(data, tmp_path / "copy.db")
    assert (tmp_path / "copy.db").is_symlink()


def test_file_that_came_meanwhile_is_kept(data: DataFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "copy.db"

    def copy_beside_another_backup(source: Path, copy: Path) -> Contents:
        target.write_text("the other's")
        return copy_database(source, copy)

    monkeypatch.setattr("guildway.data.backup.copy_database", copy_beside_another_backup)
    with pytest.raises(StartError, match=r"copy.db has come meanwhile; --force replaces it"):
        back_up(data, target)
    assert target.read_text() == "the other's"
    assert names_in(tmp_path) == ["copy.db", "data"]
    assert "checked" in back_up(data, target, replaces=True)


def test_file_system_without_hard_links_takes_a_backup(
    data: DataFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr("os.link", refuse)
    assert "checked" in back_up(data, tmp_path / "copy.db")
    assert names_in(tmp_path) == ["copy.db", "data"]


@pytest.mark.parametrize(
    "name",
    [
        "data/guildway.db",
        "data/guildway.db-wal",
        "data/../data/guildway.db",
        "data/guildway.lock",
        "data/new.db",
        "data/files/x.tar",
        "data/files/avatars/1/a.png",
        "link.db",
        "linked/guildway.lock",
        "lock",
    ],
)
def test_what_is_the_servers_own_is_never_replaced(data: DataFiles, tmp_path: Path, name: str) -> None:
    (tmp_path / "link.db").symlink_to(data.database)
    (tmp_path / "linked").symlink_to(data.database.parent)
    (tmp_path / "lock").symlink_to(data.database.parent / "guildway.lock")
    before = data.database.read_bytes()
    with pytest.raises(StartError, match="is the server's own"):
        back_up(data, tmp_path / name, replaces=True)
    assert data.database.read_bytes() == before
    assert data.database.exists()


def test_folder_below_the_data_folder_may_hold_backups(data: DataFiles) -> None:
    target = data.database.parent / "backups" / "copy.db"
    target.parent.mkdir()
    assert "checked" in back_up(data, target)


@pytest.mark.parametrize("is_linked", [False, True])
def test_what_is_no_regular_file_is_never_replaced(data: DataFiles, tmp_path: Path, is_linked: bool) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    if is_linked:
        (tmp_path / "link").symlink_to(pipe)
    before = names_in(tmp_path)
    with pytest.raises(StartError, match="is no regular file"):
        back_up(data, tmp_path / "link" if is_linked else pipe, replaces=True)
    assert pipe.is_fifo()
    assert names_in(tmp_path) == before


def test_backup_that_fails_leaves_the_older_one_and_nothing_else(data: DataFiles, tmp_path: Path) -> None:
    target = tmp_path / "copy.db"
    target.write_text("older")
    data.database.write_bytes(b"no database " * 1000)
    with pytest.raises(StartError, match="cannot be copied: file is not a database"):
        back_up(data, target, replaces=True)
    assert target.read_text() == "older"
    assert names_in(tmp_path) == ["copy.db", "data"]


def test_damaged_database_gives_no_backup(data: DataFiles, tmp_path: Path) -> None:
    content = bytearray(data.database.read_bytes())
    content[8192:] = bytes(len(content) - 8192)
    data.database.write_bytes(content)
    with pytest.raises(StartError, match="cannot be copied"):
        back_up(data, tmp_path / "copy.db")
    assert names_in(tmp_path) == ["data"]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["copy.db", "--data", "nowhere"], "there is no database nowhere/guildway.db"),
        (["nowhere/copy.db", "--data", "data"], "there is no folder nowhere"),
        (["data", "--data", "data"], "data is the server's own; name a folder"),
        (["copy.db", "--data", "empty"], "cannot be copied: no such table: alembic_version"),
        (["copy.tar.gz", "--data", "data"], "a backup is not compressed: name a .tar"),
        (["copy.zip", "--data", "data"], "a backup is not compressed"),
        (["/proc/copy.db", "--data", "data"], "no backup was made: /proc/.copy.db."),
        (["copy.db", "--data", "d" * 300], "no backup was made: " + "d" * 300 + "/guildway.db: File name too long"),
        (["c" * 300, "--data", "data"], "no backup was made: " + "c" * 300 + ": File name too long"),
        (["copy.db", "--config", "nowhere.toml"], "nowhere.toml: cannot be read"),
    ],
)
def test_what_cannot_be_is_told_in_one_line(
    arguments: list[str],
    text: str,
    data: DataFiles,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "guildway.db").touch()
    assert main(["backup", *arguments]) == 2
    errors = capsys.readouterr().err
    assert text in errors
    assert errors.count("\n") == 1
    assert not (tmp_path / "copy.db").exists()


@pytest.mark.parametrize("name", ["copy.db", "copy.tar", "snapshots/"])
def test_backup_tells_that_files_in_a_bucket_are_not_in_it(
    data: DataFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    monkeypatch.setenv("GUILDWAY_FILES_S3_BUCKET", "guildway-files")
    assert main(["backup", f"{tmp_path}/{name}", "--data", str(data.database.parent)]) == 0
    assert "in the bucket guildway-files, and not in this backup" in capsys.readouterr().out
