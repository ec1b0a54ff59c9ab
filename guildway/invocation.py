"""The words that call this program and Python from the folder in which the program was started.

The program prints commands for people, which must work when they are pasted into a shell.
"""

import os
import shlex
import shutil
import sys
from pathlib import Path
from typing import Final

import msgspec

_SCRIPT: Final = "guildway"
EXAMPLE_BOT: Final = Path("examples/bot.py")


class Invocation(msgspec.Struct, kw_only=True, frozen=True):
    """Words for a shell in the same folder."""

    command: str
    """The command `guildway`, as a name, as a path or as a module of Python."""
    python: str
    """The interpreter that has the server's libraries, and in a checkout those of the example bots."""
    has_examples: bool
    """True in a checkout, which has the examples."""


def find_invocation() -> Invocation:
    """Tell how this process was called."""
    return compute_invocation(program=sys.argv[0], python=sys.executable, folder=Path.cwd())


def compute_invocation(*, program: str, python: str, folder: Path) -> Invocation:
    """Tell how a program is called. `program` is the started path: an installed script, or a module of `python -m`."""
    short_python = shlex.quote(_shorten(python, folder))
    if Path(program).name == _SCRIPT:
        on_path = shutil.which(_SCRIPT)
        is_found = on_path is not None and Path(on_path).resolve() == Path(program).resolve()
        command = _SCRIPT if is_found else shlex.quote(_shorten(program, folder))
    else:
        command = f"{short_python} -m guildway"
    return Invocation(command=command, python=short_python, has_examples=(folder / EXAMPLE_BOT).exists())


def _shorten(path: str, folder: Path) -> str:
    """Write a path in the folder relative to it. Links stay as they are: an environment's Python is one."""
    absolute = Path(os.path.normpath(folder / path))
    if not absolute.is_relative_to(folder):
        return str(absolute)
    short = str(absolute.relative_to(folder))
    return short if "/" in short else f"./{short}"  # A shell looks up a name without a slash in PATH.
