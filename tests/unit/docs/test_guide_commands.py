"""The commands of the operator's guide: each is one that there is, and those about data do what the guide says."""

import asyncio
import re
import shlex
from pathlib import Path

import pytest

from core.store.sql.store import SqlStore
from guildway.cli import main
from guildway.commands import app
from shardctl.commands import app as shardctl_app
from tests.fakes.clock import FakeClock

GUIDE = (Path(__file__).parents[3] / "docs" / "operators-guide.md").read_text()
_BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
PROGRAMS = {"guildway": app, "shardctl": shardctl_app}


def commands_of(text: str) -> list[list[str]]:
    """List the commands of ours in the blocks for a shell, as words."""
    lines = [line for block in _BLOCK.findall(text) for line in block.replace("\\\n", " ").splitlines()]
    words = [shlex.split(line, comments=True) for line in lines]
    return [each for each in words if each and each[0] in PROGRAMS]


def section(title: str) -> str:
    """Return a section of the guide."""
    return GUIDE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


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
