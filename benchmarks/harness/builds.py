"""The C programs of `benchmarks/native`. Each is compiled when it is first asked for."""

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

SOURCES: Final = Path(__file__).parents[1] / "native"
_COMPILE: Final = ("cc", "-O2", "-Wall", "-Wextra")


class BuildFailedError(Exception):
    """The compiler failed and told its reason on stderr."""


class Builds:
    """Compiled programs in the folder of one run."""

    __slots__ = ("_folder",)

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def program(self, name: str, libraries: Sequence[str] = ()) -> str:
        """Return the path of the program of `name`.c. The linker also gets `libraries`.

        Raises:
            BuildFailedError: when it does not compile.
        """
        binary = self._folder / name
        if not binary.exists():
            command = [*_COMPILE, "-o", str(binary), str(SOURCES / f"{name}.c"), *libraries]
            if subprocess.run(command, check=False).returncode != 0:
                raise BuildFailedError(f"{name}.c was not compiled")
        return str(binary)
