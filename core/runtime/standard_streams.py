"""The three streams that every process is given, also by who starts it without them (`>&-`, some supervisors).

A descriptor from 0 to 2 that is closed is taken by the next file or socket that is opened. What is then written for
people lands in that file, and libuv, which knows that these three are no sockets of its own, ends the process when it
closes one.
"""

import os
import sys
from pathlib import Path
from typing import Final

_STREAMS: Final = {"stdin": "r", "stdout": "w", "stderr": "w"}
"""The streams in the order of their descriptors."""


def open_standard_streams() -> None:
    """Put the null device in the place of each one that is closed. Called before anything else is opened."""
    for descriptor, (name, mode) in enumerate(_STREAMS.items()):
        if not _is_open(descriptor):
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free one, which is this
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 - for good


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True
