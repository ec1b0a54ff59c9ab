"""Every command tells in one line what an operator must change, with an exit status for its kind."""

import asyncio
import os
import sqlite3
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
import pytest_asyncio

from tests.support.server_process import Server

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.embedded]

ROOT = Path(__file__).parents[3]
PORTS = {
    **dict.fromkeys(("GUILDWAY_API", "GUILDWAY_GATEWAY", "GUILDWAY_METRICS"), "127.0.0.1:0"),
    "GUILDWAY_VOICE_ENABLED": "false",
}


async def guildway(*arguments: str, **environ: str) -> tuple[int, str, str]:
    """Run the command from a bare environment. Return its status and output."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "guildway", *arguments,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **PORTS, **environ},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    async with asyncio.timeout(60):
        output, errors = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode(), errors.decode()


def assert_one_line(errors: str, text: str) -> None:
    """Errors are one line, besides lines of the log."""
    (line,) = [line for line in errors.splitlines() if not line.startswith("{")]
    assert line.startswith("guildway: ")
    assert text in line
    assert "Traceback" not in errors


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def used(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder that a server has made."""
    folder = tmp_path_factory.mktemp("used") / "data"
    assert await (await Server(folder).start()).stop() == 0
    return folder


@pytest.fixture
def copied(used: Path, tmp_path: Path) -> Path:
    """A copy of a used data folder."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "guildway.db").write_bytes((used / "guildway.db").read_bytes())
    return tmp_path / "data"


def make_newer(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "guildway.db")) as database, database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")


def make_no_database(folder: Path) -> None:
    (folder / "guildway.db").write_bytes(b"no database" * 1000)


def leave(_folder: Path) -> None:
    """Change nothing."""


async def test_start_without_a_free_node_number_says_when_there_is_one(copied: Path) -> None:
    """A clock that was set back by days, or a server that was killed a thousand times in ten minutes."""
    with closing(sqlite3.connect(copied / "guildway.db")) as database, database:
        database.execute("UPDATE node_numbers SET floor_ms = :floor", {"floor": (int(time.time()) + 500) * 1000})
    status, output, errors = await guildway("run", "--data", str(copied))
    assert (status, output) == (2, "")
    assert_one_line(errors, "every node number was used in the last minutes, or the clock is behind; the next is free")


@pytest.mark.parametrize("command", [("run",), ("demo", "--members", "10")], ids=" ".join)
@pytest.mark.parametrize(
    ("spoil", "environ", "status", "text"),
    [
        (make_newer, {}, 3, "the database has schema 9999, and this version knows schemas up to "),
        (leave, {"GUILDWAY_STORE_NUM_SHARDS": "128"}, 4, "was made with store.num_shards = 256"),
        (make_no_database, {}, 2, "file is not a database"),
    ],
)
async def test_data_that_is_not_for_this_start_is_refused(
    copied: Path,
    command: tuple[str, ...],
    spoil: Callable[[Path], None],
    environ: dict[str, str],
    status: int,
    text: str,
) -> None:
    spoil(copied)
    before = (copied / "guildway.db").read_bytes()
    found, output, errors = await guildway(*command, "--data", str(copied), **environ)
    assert (found, output) == (status, "")
    assert_one_line(errors, text)
    assert str(copied / "guildway.db") in errors
    assert (copied / "guildway.db").read_bytes() == before


@pytest.mark.parametrize(
    ("environ", "text"),
    [
        ({"GUILDWAY_CONFIG": "nowhere.toml"}, "nowhere.toml: cannot be read: No such file or directory"),
        ({"GUILDWAY_CONFIG": str(ROOT / "docs")}, "cannot be read: Is a directory"),
        ({"GUILDWAY_CONFIG": str(ROOT / "README.md")}, "README.md: no valid TOML"),
        ({"GUILDWAY_API_TRUSTED_PROXIES": "not-an-ip"}, "GUILDWAY_API_TRUSTED_PROXIES: no IP address"),
        ({"GUILDWAY_API": "192.0.2.1:0"}, "cannot listen on 192.0.2.1:0"),
        ({"GUILDWAY_GATEWAY": "no.such.host.invalid:0"}, "cannot listen on no.such.host.invalid"),
        ({"GUILDWAY_DATA": str(ROOT / "README.md")}, "README.md cannot be used"),
        ({"GUILDWAY_DATA": "/proc/guildway"}, "/proc/guildway cannot be used"),
    ],
)
async def test_settings_that_cannot_be_are_refused(environ: dict[str, str], text: str, tmp_path: Path) -> None:
    status, output, errors = await guildway("run", **{"GUILDWAY_DATA": str(tmp_path / "data"), **environ})
    assert (status, output) == (2, "")
    assert_one_line(errors, text)


async def test_folder_of_images_that_is_none_is_refused(copied: Path) -> None:
    (copied / "files").touch()
    status, output, errors = await guildway("run", "--data", str(copied))
    assert (status, output) == (2, "")
    assert_one_line(errors, f"the folder of images {copied / 'files'} cannot be used: File exists")
