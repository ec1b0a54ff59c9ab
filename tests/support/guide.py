"""The commands that the operator's guide shows, and what becomes of each in tests."""

import asyncio
import contextlib
import io
import os
import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final
from unittest import mock

from guildway.cli import main
from guildway.commands import app
from shardctl.commands import app as shardctl_app

GUIDE: Final = (Path(__file__).parents[2] / "docs" / "operators-guide.md").read_text()
PROGRAMS: Final = {"guildway": app, "shardctl": shardctl_app}

RUN_BY: Final = {
    "Starting": "test_guide.py",
    "Administration": "test_guide.py",
    "Backup": "test_guide.py",
    "Restore": "test_guide.py",
    "Upgrade and rollback": "test_guide.py",
    "A cluster": "test_imported_cluster.py",
    "From one process to a cluster": "test_imported_cluster.py",
    "Backup of a cluster": "test_cluster_backup.py",
}
"""The chapters with commands of ours, and the test in tests/e2e/operation that gives all of them."""

NOT_RUN: Final = {
    "docker": "needs Docker; tests/unit/deploy/installations checks the image and compose.yml",
    "systemctl": "needs a machine whose first process is systemd; test_systemd.py checks the units, and "
    "test_service_manager.py plays systemd's part",
    "pip": "the environment of the tests was made by the same lock files",
    "apt-get": "installs into the machine",
    "chown": "needs the user `guildway` on the machine",
    "curl": "test_guide.py sends the same request",
    "make": "calls `python -m deploy.services`, `shardctl up` and `python -m deploy.monitoring`, which have tests",
    ".venv/bin/python": "each test's server is started so",
}
"""Other programs in the guide's blocks, and why no test starts them."""

_BLOCK: Final = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)


def lines_of(text: str) -> list[list[str]]:
    """List the lines in the blocks for a shell, as words."""
    lines = [line for block in _BLOCK.findall(text) for line in block.replace("\\\n", " ").splitlines()]
    return [words for line in lines if (words := shlex.split(line, comments=True))]


def commands_of(text: str) -> list[list[str]]:
    """List the commands of ours in the blocks for a shell, as words."""
    return [words for words in lines_of(text) if words[0] in PROGRAMS]


def section(title: str) -> str:
    """Return a section of the guide."""
    return GUIDE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def sections_with_commands() -> set[str]:
    """Return the titles of the sections that have commands of ours."""
    return {title for title in re.findall(r"^## (.+)$", GUIDE, re.MULTILINE) if commands_of(section(title))}


def put_elsewhere(words: Sequence[str], places: Mapping[str, object]) -> list[str]:
    """Return a command with other places than those of the guide."""
    moved = list(words)
    for old, new in places.items():
        moved = [word.replace(old, str(new)) for word in moved]
    return moved


async def give(words: Sequence[str], environ: Mapping[str, str], *, statuses: Sequence[int] = (0,)) -> str:
    """Give a command of `guildway` in a thread, which spares the start of a process; return what it has said."""

    def run() -> str:
        with (
            mock.patch.dict(os.environ, environ),
            contextlib.redirect_stdout(io.StringIO()) as out,
            contextlib.redirect_stderr(io.StringIO()) as errors,
        ):
            status = main(list(words))
        assert status in statuses, (words, status, errors.getvalue())
        return out.getvalue()

    return await asyncio.to_thread(run)
