"""The names of files, which are checked for all stores alike, so that none can leave its folder."""

import re
from typing import Final

_NAME: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")
"""Segments that every file system accepts: none is empty or begins with a dot, and there are no escapes."""

MAX_NAME_LENGTH: Final = 512


def check_name(name: str) -> None:
    """Raise ValueError for what is no name."""
    if len(name) > MAX_NAME_LENGTH or _NAME.fullmatch(name) is None:
        raise ValueError("not a blob name")
