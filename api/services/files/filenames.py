"""The names of files, as people see them and as they stand in links."""

import re
from typing import Final

from core.domain.texts import compose

MAX_LENGTH: Final = 260
"""What the file systems of people's machines take, which is also Discord's bound."""

_NAMELESS: Final = "unknown"
_SPACE: Final = re.compile(r"\s+")
_ODD: Final = re.compile(r"[^\w.()\-]")


def clean_filename(name: str) -> str:
    """Return a name without folders, spaces, and signs that mean something to a shell, a browser or a file system."""
    last = re.split(r"[/\\]", compose(name))[-1].strip()
    cleaned = _ODD.sub("", _SPACE.sub("_", last)).lstrip(".")
    if not cleaned.strip("._"):
        return _NAMELESS
    if len(cleaned) <= MAX_LENGTH:
        return cleaned
    stem, dot, ending = cleaned.rpartition(".")
    if not dot or len(ending) > MAX_LENGTH // 4:
        return cleaned[:MAX_LENGTH]
    return f"{stem[: MAX_LENGTH - len(ending) - 1]}.{ending}"
