"""`guildway demo --members`: the rows and files in the data folder afterwards, and refusals."""

import asyncio
import json
from pathlib import Path

import pytest

from core.runtime.clock import SystemClock
from core.runtime.data_dir import DataDir
from core.store.sql.store import SqlStore
from guildway.cli import main
from guildway.data.data_files import DATABASE_NAME


async def read_back(folder: Path, made: dict[str, object]) -> tuple[int, int]:
    """Return the guild's number of members, by its counter and by reading them."""
    store = await SqlStore.open(str(folder / DATABASE_NAME), clock=SystemClock(), num_shards=256)
    guild_id = int(str(made["guild_id"]))
    counted, listed = await store.members.count(guild_id), await store.members.list_page(guild_id, limit=1000)
    await store.close()
    return counted, len(listed)


def run(folder: Path, members: int, logins: int = 0) -> int:
    return main(["demo", "--members", str(members), "--logins", str(logins), "--data", str(folder)])


def test_crowd_is_written_and_told_and_a_second_one_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, 120, logins=3) == 0
    assert run(tmp_path, 50) == 0
    assert "with 120 members" in capsys.readouterr().out
    files = sorted(tmp_path.glob("crowd-*.json"))
    made = [json.loads(path.read_text()) for path in files]
    assert [len(each["tokens"]) for each in made] == [4, 1]
    assert "lounge" in made[0]["channels"]
    assert files[0].stat().st_mode & 0o077 == 0
    assert asyncio.run(read_back(tmp_path, made[0])) == (120, 120)
    assert asyncio.run(read_back(tmp_path, made[1])) == (50, 50)


def test_folder_that_a_server_holds_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    held = DataDir(tmp_path)
    assert run(tmp_path, 10) == 2
    held.close()
    errors = capsys.readouterr().err
    assert "in use by process" in errors
    assert errors.count("\n") == 1


@pytest.mark.parametrize(("members", "logins"), [(0, 0), (500_001, 0), (10, 10), (10, -1)])
def test_wrong_numbers_are_refused(
    tmp_path: Path, members: int, logins: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, members, logins) == 2
    assert "--members must be in 1..500000" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
