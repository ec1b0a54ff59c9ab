"""The three standard streams, which a process needs even when it is started without them (`>&-`, some supervisors).

The next file or socket takes a closed descriptor from 0 to 2. Messages for people then land in that file, and libuv,
which assumes that these three are no sockets of its own, ends the process when it closes one.
"""

import os
import sys
from pathlib import Path
from typing import Final

_STREAMS: Final = {"stdin": "r", "stdout": "w", "stderr": "w"}
"""The streams in the order of their descriptors."""


def open_standard_streams() -> None:
    """Open the null device in the place of each closed stream. Call it before anything else is opened."""
    for descriptor, (name, mode) in enumerate(_STREAMS.items()):
        if not _is_open(descriptor):
            os.open(os.devnull, os.O_RDWR)  # the lowest free descriptor, which is this
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 - for good


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True
