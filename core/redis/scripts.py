"""The Lua scripts, read from the package's files.

A script that says `-- include NAME` in a line of its own gets the text of `scripts/include/NAME.lua` there, because Lua
in Redis has no modules. The server knows a script by the SHA-1 of its text. The other folders only sort the scripts,
whose names are unique.
"""

import hashlib
import re
from collections.abc import Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from itertools import chain
from typing import Final

import msgspec

_ROOMS: Final = ("door", "jobs", "limits", "log", "map", "voice")
_INCLUDED: Final = "include"
_INCLUDE: Final = re.compile(r"^-- include (\w+)$", re.MULTILINE)


class Script(msgspec.Struct, frozen=True):
    """A script as the server gets it."""

    name: str
    source: bytes
    sha: bytes


def load_scripts() -> Mapping[str, Script]:
    """Read all scripts, by name."""
    folder = files("core.redis").joinpath("scripts")
    texts = {room: _read_texts(folder.joinpath(room)) for room in (*_ROOMS, _INCLUDED)}
    included = texts.pop(_INCLUDED)
    scripts: dict[str, Script] = {}
    for name, text in chain.from_iterable(room.items() for room in texts.values()):
        source = _INCLUDE.sub(lambda found: included[found[1]], text).encode()
        # The protocol of Redis names scripts by this hash; it protects nothing.
        sha = hashlib.sha1(source, usedforsecurity=False).hexdigest().encode()
        scripts[name] = Script(name, source, sha)
    return scripts


def _read_texts(folder: Traversable) -> dict[str, str]:
    return {file.name.removesuffix(".lua"): file.read_text("utf-8") for file in folder.iterdir()}
