"""The commands that the operator's guide shows."""

import re
import shlex
from pathlib import Path
from typing import Final

from guildway.commands import app
from shardctl.commands import app as shardctl_app

GUIDE: Final = (Path(__file__).parents[2] / "docs" / "operators-guide.md").read_text()
PROGRAMS: Final = {"guildway": app, "shardctl": shardctl_app}

_BLOCK: Final = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)


def commands_of(text: str) -> list[list[str]]:
    """List the commands of ours in the blocks for a shell, as words."""
    lines = [line for block in _BLOCK.findall(text) for line in block.replace("\\\n", " ").splitlines()]
    words = [shlex.split(line, comments=True) for line in lines]
    return [each for each in words if each and each[0] in PROGRAMS]


def section(title: str) -> str:
    """Return a section of the guide."""
    return GUIDE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
