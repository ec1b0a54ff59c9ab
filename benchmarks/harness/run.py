"""One run of benchmarks: its thoroughness, its folder and its programs."""

from pathlib import Path
from typing import TypeVar

from benchmarks.harness.builds import Builds

T = TypeVar("T")


class Run:
    """A run's thoroughness, folder and programs. `is_quick` only finds out whether everything works; its figures say
    nothing.
    """

    __slots__ = ("builds", "folder", "is_quick")

    def __init__(self, *, folder: Path, is_quick: bool) -> None:
        self.folder = folder
        self.is_quick = is_quick
        self.builds = Builds(folder)

    def pick(self, full: T, quick: T) -> T:
        """Choose by thoroughness."""
        return quick if self.is_quick else full

    def make_folder(self, name: str) -> Path:
        """Make a folder for a process's files."""
        folder = self.folder / name
        folder.mkdir()
        return folder
