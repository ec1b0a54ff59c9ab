"""The Lua scripts, read from the package's files.

A script that says `-- include NAME` in a line of its own gets the text of `scripts/include/NAME.lua` there, because Lua
in Redis has no modules. The server knows a script by the SHA-1 of its text.
"""

import hashlib
import re
from collections.abc import Mapping
from importlib.resources import files
from typing import Final

import msgspec

_INCLUDE: Final = re.compile(r"^-- include (\w+)$", re.MULTILINE)


class Script(msgspec.Struct, frozen=True):
    """A script as the server gets it."""

    name: str
    source: bytes
    sha: bytes


def load_scripts() -> Mapping[str, Script]:
    """Read all scripts, by name."""
    folder = files("core.redis").joinpath("scripts")
    scripts: dict[str, Script] = {}
    for file in folder.iterdir():
        name, _, ending = file.name.rpartition(".")
        if ending != "lua":
            continue
        text = _INCLUDE.sub(
            lambda found: folder.joinpath("include", f"{found[1]}.lua").read_text("utf-8"), file.read_text("utf-8")
        )
        source = text.encode()
        # The protocol of Redis names scripts by this hash; it protects nothing.
        sha = hashlib.sha1(source, usedforsecurity=False).hexdigest().encode()
        scripts[name] = Script(name, source, sha)
    return scripts
