"""One process a data folder."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from core.runtime.data_dir import DataDir, DataInUse, find_holder
from core.runtime.errors import StartError


def test_folder_is_made_for_its_owner_only(tmp_path: Path) -> None:
    folder = DataDir(tmp_path / "a" / "b")
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700
    folder.close()


def test_folder_in_use_is_refused_with_the_holder_named(tmp_path: Path) -> None:
    first = DataDir(tmp_path)
    with pytest.raises(StartError, match=f"in use by process {os.getpid()}"):
        DataDir(tmp_path)
    first.close()
    DataDir(tmp_path).close()


def test_folder_in_use_tells_where_its_holder_answers(tmp_path: Path) -> None:
    first = DataDir(tmp_path)
    with pytest.raises(DataInUse) as refused:
        DataDir(tmp_path)
    assert refused.value.api_url == ""
    first.tell_api("http://127.0.0.1:28080")
    with pytest.raises(DataInUse, match=f"in use by process {os.getpid()}$") as refused:
        DataDir(tmp_path)
    assert refused.value.api_url == "http://127.0.0.1:28080"
    assert find_holder(tmp_path) == str(os.getpid())
    first.close()
    second = DataDir(tmp_path)
    assert second.lock_path.read_text() == f"{os.getpid()}\n", "an earlier holder's address is nobody's"
    second.close()


def test_folder_of_a_killed_process_is_free_again(tmp_path: Path) -> None:
    code = "import sys, pathlib; from core.runtime.data_dir import DataDir; d = DataDir(pathlib.Path(sys.argv[1])); print(1, flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        with pytest.raises(StartError, match=f"process {process.pid}"):
            DataDir(tmp_path)
        process.kill()
        process.wait()
    DataDir(tmp_path).close()


def test_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StartError, match="cannot be used"):
        DataDir(tmp_path / "file")
