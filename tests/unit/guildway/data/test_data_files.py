"""The database is for its owner alone, whatever was there before. Files that cannot be written are reported at the
start.
"""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.runtime.errors import StartError
from guildway.data.data_files import DataFiles


@pytest.fixture(autouse=True)
def loose_mask() -> Iterator[None]:
    """A mask that makes new files readable for everybody."""
    before = os.umask(0)
    yield
    os.umask(before)


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_new_database_in_an_open_folder_is_its_owners(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    files = DataFiles.in_folder(tmp_path)
    files.make_database_private()
    assert (mode_of(files.database), files.database.read_bytes()) == (0o600, b"")


def test_database_that_others_could_read_is_tightened_with_what_is_beside_it(tmp_path: Path) -> None:
    files = DataFiles.in_folder(tmp_path)
    paths = [tmp_path / f"guildway.db{suffix}" for suffix in ("", "-wal", "-shm")]
    for path in paths:
        path.write_text("kept")
        path.chmod(0o644)
    files.make_database_private()
    assert [(mode_of(path), path.read_text()) for path in paths] == [(0o600, "kept")] * 3
    assert not (tmp_path / "guildway.db-journal").exists()


def test_database_behind_a_link_is_tightened_where_it_is(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    real = tmp_path / "disk" / "real.db"
    real.touch(mode=0o644)
    (tmp_path / "disk" / "real.db-wal").touch(mode=0o644)
    files = DataFiles.in_folder(tmp_path)
    files.database.symlink_to(real)
    files.make_database_private()
    assert files.database.is_symlink()
    assert [mode_of(real), mode_of(tmp_path / "disk" / "real.db-wal")] == [0o600, 0o600]


def test_what_cannot_be_made_is_told(tmp_path: Path) -> None:
    with pytest.raises(StartError, match="cannot be made its owner's alone"):
        DataFiles.in_folder(tmp_path / "missing").make_database_private()


def close(closed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail as the system does for a user who may not write there; root may write everywhere."""
    monkeypatch.setattr("os.access", lambda path, mode, **_: path != closed or not mode & os.W_OK)


@pytest.mark.parametrize("name", ["", "guildway.db", "guildway.db-wal", "guildway.db-shm"])
def test_database_that_may_only_be_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    files = DataFiles.in_folder(tmp_path)
    for path in files.list_database():
        path.touch()
    files.make_database_private()
    close(tmp_path / name, monkeypatch)
    with pytest.raises(StartError, match=f"^{tmp_path / name} may not be read and written by the server's user$"):
        files.make_database_private()


@pytest.mark.parametrize("name", ["files", "files/avatars"])
def test_images_that_cannot_be_added_to_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    files = DataFiles.in_folder(tmp_path)
    (tmp_path / "files" / "avatars").mkdir(parents=True)
    files.prepare_images()
    close(tmp_path / name, monkeypatch)
    with pytest.raises(StartError, match=f"^{tmp_path / name} may not be read and written by the server's user$"):
        files.prepare_images()


@pytest.mark.parametrize("was_there", [False, True])
def test_folder_of_images_is_its_owners(tmp_path: Path, was_there: bool) -> None:
    files = DataFiles.in_folder(tmp_path)
    if was_there:
        files.images.mkdir(mode=0o755)
    files.prepare_images()
    assert mode_of(files.images) == 0o700


def test_folder_of_images_of_another_user_keeps_its_rights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = DataFiles.in_folder(tmp_path)
    files.images.mkdir()
    files.images.chmod(0o775)
    monkeypatch.setattr("os.geteuid", lambda: files.images.stat().st_uid + 1)
    files.prepare_images()
    assert mode_of(files.images) == 0o775


def test_folder_of_images_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    files = DataFiles.in_folder(tmp_path)
    files.images.symlink_to(tmp_path / "not-mounted")
    with pytest.raises(StartError, match=r"files cannot be used: File exists"):
        files.prepare_images()
