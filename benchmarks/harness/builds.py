"""C programs of `benchmarks/native`, compiled when they are first asked for."""

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

SOURCES: Final = Path(__file__).parents[1] / "native"
_COMPILE: Final = ("cc", "-O2", "-Wall", "-Wextra")


class BuildFailedError(Exception):
    """The compiler refused; it said why on stderr."""


class Builds:
    """Programs in a folder of one run."""

    __slots__ = ("_folder",)

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def program(self, name: str, libraries: Sequence[str] = ()) -> str:
        """The path of `name`.c's program. `libraries` are what the linker is given besides.

        Raises:
            BuildFailedError: when there is none.
        """
        binary = self._folder / name
        if not binary.exists():
            command = [*_COMPILE, "-o", str(binary), str(SOURCES / f"{name}.c"), *libraries]
            if subprocess.run(command, check=False).returncode != 0:
                raise BuildFailedError(f"{name}.c was not compiled")
        return str(binary)
