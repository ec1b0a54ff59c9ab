"""The commands of the operator's guide: each is one that there is, and those about data do what the guide says."""

import asyncio
from pathlib import Path

import pytest

from core.store.sql.store import SqlStore
from guildway.cli import main
from tests.fakes.clock import FakeClock
from tests.support.guide import GUIDE, PROGRAMS, commands_of, section


@pytest.mark.parametrize("words", commands_of(GUIDE), ids=" ".join)
def test_command_of_the_guide_is_one_that_there_is(words: list[str]) -> None:
    assert callable(PROGRAMS[words[0]](words[1:], standalone_mode=False))


def test_guide_has_commands() -> None:
    assert len(commands_of(GUIDE)) > 15


def test_commands_about_data_do_what_the_guide_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GUILDWAY_STORE_NUM_SHARDS", "4")
    data = tmp_path / "guildway"
    (tmp_path / "backup").mkdir()
    data.mkdir()

    async def make() -> None:
        await (await SqlStore.open(data / "guildway.db", clock=FakeClock(), num_shards=4)).close()

    asyncio.run(make())
    run = []
    for title in ("Backup", "Restore", "Upgrade and rollback"):
        for words in commands_of(section(title)):
            if words[1] in ("backup", "restore", "migrate"):
                places = [
                    word.replace("/var/lib", str(tmp_path)).replace("/backup/", f"{tmp_path}/backup/")
                    for word in words[1:]
                ]
                if words[1] == "restore":
                    places[-1] += str(len(run))  # each restore of the guide is one of another day
                assert main(places) == 0, (words, capsys.readouterr().err)
                run.append(words[1])
    assert {"backup", "restore", "migrate"} == set(run)
    assert (tmp_path / "backup" / "guildway.tar").is_file()
