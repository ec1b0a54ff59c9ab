"""Files on the local disk that are not whole yet: uploads, and pictures that are being worked on.

A staged file is written in pieces, in threads, and the writer waits for each: a client that sends faster than the disk
takes is held back. Whoever makes one removes it. What a killed process has left is removed by age (`sweep`).
"""

import asyncio
import contextlib
import os
import secrets
import time
from pathlib import Path
from typing import Final

from core.domain.errors import Unavailable

BEING_WRITTEN: Final = "#"
"""The mark in the names of files that are not finished. A backup leaves them out."""

_PIECE_BYTES: Final = 524_288
"""The part of a file that is written at once: a thread's turn costs as much as writing a few KiB."""
_NAME_BYTES: Final = 12


class StagedFile:
    """A file that is being written."""

    __slots__ = ("_descriptor", "_waiting", "_waiting_bytes", "path", "size_bytes")

    def __init__(self, path: Path, descriptor: int) -> None:
        """Use `Staging.create`."""
        self.path = path
        self.size_bytes = 0
        self._descriptor = descriptor
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0

    async def write(self, data: bytes | bytearray) -> None:
        """Append. Raises Unavailable when the disk takes no more."""
        self._waiting.append(bytes(data))
        self._waiting_bytes += len(data)
        self.size_bytes += len(data)
        if self._waiting_bytes >= _PIECE_BYTES:
            await self._flush()

    async def finish(self) -> None:
        """Write what waits, wait for the disk, and close. Raises Unavailable."""
        await self._flush()
        try:
            await asyncio.to_thread(os.fsync, self._descriptor)
        except OSError as error:
            raise Unavailable from error
        self._close()

    def discard(self) -> None:
        """Close and remove the file, unless it was moved away."""
        self._close()
        self.path.unlink(missing_ok=True)

    async def _flush(self) -> None:
        data = b"".join(self._waiting)
        self._waiting.clear()
        self._waiting_bytes = 0
        try:
            await asyncio.to_thread(_write_all, self._descriptor, data)
        except OSError as error:
            raise Unavailable from error

    def _close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


class Staging:
    """The folder of staged files. It is made when the first one is, for the server's user alone."""

    __slots__ = ("folder",)

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def name_new(self) -> Path:
        """Return a path that nobody else gets."""
        return self.folder / f"{secrets.token_hex(_NAME_BYTES)}{BEING_WRITTEN}"

    async def create(self) -> StagedFile:
        """Make an empty file. Raises Unavailable."""
        path = self.name_new()
        try:
            return StagedFile(path, await asyncio.to_thread(_open_new, path))
        except OSError as error:
            raise Unavailable from error

    async def sweep(self, *, older_than_s: float) -> int:
        """Remove files that nobody has written to for so long, and return how many they were."""
        return await asyncio.to_thread(_remove_older, self.folder, time.time() - older_than_s)


def _open_new(path: Path) -> int:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _remove_older(folder: Path, before_s: float) -> int:
    removed = 0
    with contextlib.suppress(FileNotFoundError):
        for path in folder.iterdir():
            with contextlib.suppress(FileNotFoundError):
                if BEING_WRITTEN in path.name and path.stat().st_mtime < before_s:
                    path.unlink()
                    removed += 1
    return removed
