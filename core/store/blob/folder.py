"""Files by name in a folder, which one machine has, or several share.

A file is whole and on the disk when it gets its name. Everything that may block runs in threads.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, BinaryIO, Final, TypeVar

from core.domain.errors import Unavailable
from core.runtime.private_files import sync_file
from core.store.blob.names import check_name
from core.store.blob.staging import Staging

_STAGING: Final = ".incoming"
"""No name has a segment that begins with a dot."""
_PIECE_BYTES: Final = 262_144
_MODE: Final = 0o600

T = TypeVar("T")


class OpenFile:
    """The `OpenBlob` of a folder."""

    __slots__ = ("file", "size_bytes")

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.size_bytes = os.fstat(file.fileno()).st_size

    async def read(self, start: int, size_bytes: int) -> AsyncIterator[bytes]:
        """Yield a part."""
        end = start + size_bytes
        while start < end:
            piece = await _run(os.pread, self.file.fileno(), min(end - start, _PIECE_BYTES), start)
            if not piece:
                raise Unavailable
            start += len(piece)
            yield piece

    def close(self) -> None:
        """Let the file go."""
        self.file.close()


class FolderBlobStore:
    """A `BlobStore` in a folder."""

    __slots__ = ("_folder", "staging")

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.staging = Staging(folder / _STAGING)

    async def put(self, name: str, data: bytes, content_type: str) -> None:  # noqa: ARG002 - a folder keeps no types
        """Store a small file, and replace an older one."""
        check_name(name)
        await _run(self._write, data, self._folder / name, Path.replace)

    async def put_new(self, name: str, data: bytes) -> bool:
        """Store a small file if there is none of this name."""
        check_name(name)
        try:
            await asyncio.to_thread(self._write, data, self._folder / name, _link)
        except FileExistsError:
            return False
        except OSError as error:
            raise Unavailable from error
        return True

    async def put_file(self, name: str, path: Path, content_type: str) -> None:  # noqa: ARG002 - as above
        """Store a staged file, and replace an older one."""
        check_name(name)
        await _run(_sync_and_move, path, self._folder / name)

    async def copy(self, name: str, new_name: str) -> bool:
        """Give a file a second name, which takes no room: files are never written in place."""
        check_name(name)
        check_name(new_name)
        try:
            await _run(self._link_anew, self._folder / name, self._folder / new_name)
        except Unavailable as error:
            if _is_missing(error.__cause__):
                return False
            raise
        return True

    async def find(self, name: str) -> bytes | None:
        """Return a small file's bytes."""
        check_name(name)
        try:
            return await _run((self._folder / name).read_bytes)
        except Unavailable as error:
            if _is_missing(error.__cause__):
                return None
            raise

    async def open(self, name: str) -> OpenFile | None:
        """Open a file to be read."""
        check_name(name)
        try:
            return OpenFile(await _run((self._folder / name).open, "rb"))
        except Unavailable as error:
            if _is_missing(error.__cause__):
                return None
            raise

    async def delete(self, name: str) -> None:
        """Remove a file, if it is there."""
        check_name(name)
        try:
            await _run((self._folder / name).unlink)
        except Unavailable as error:
            if not _is_missing(error.__cause__):
                raise

    async def list_names(self, folder: str) -> AsyncIterator[str]:
        """Yield the names in a folder."""
        check_name(folder)
        for name in await _run(self._list, folder):
            yield name

    async def ping(self) -> None:
        """Check that the folder is there."""
        await _run(self._folder.stat)

    def _list(self, folder: str) -> list[str]:
        return [
            Path(place, name).relative_to(self._folder).as_posix()
            for place, _, names in os.walk(self._folder / folder, onerror=_raise_unless_missing)
            for name in names
        ]

    def _link_anew(self, source: Path, target: Path) -> None:
        part = self.staging.name_new()
        part.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        part.hardlink_to(source)
        try:
            _move(part, target)
        finally:
            part.unlink(missing_ok=True)

    def _write(self, data: bytes, target: Path, give_name: Callable[[Path, Path], object]) -> None:
        part = self.staging.name_new()
        part.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _MODE)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
            sync_file(part)
            _move(part, target, give_name)
        finally:
            part.unlink(missing_ok=True)


async def open_folder(folder: Path) -> FolderBlobStore:
    """Make a store in a folder, which is created when it is missing. Raises OSError."""
    await asyncio.to_thread(folder.mkdir, mode=0o700, parents=True, exist_ok=True)
    return FolderBlobStore(folder)


def _move(path: Path, target: Path, give_name: Callable[[Path, Path], object] = Path.replace) -> None:
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    give_name(path, target)
    sync_file(target.parent)


def _sync_and_move(path: Path, target: Path) -> None:
    sync_file(path)
    _move(path, target)


def _link(path: Path, target: Path) -> None:
    target.hardlink_to(path)


def _raise_unless_missing(error: OSError) -> None:
    if not _is_missing(error):
        raise error


def _is_missing(error: BaseException | None) -> bool:
    return isinstance(error, FileNotFoundError | IsADirectoryError | NotADirectoryError)


async def _run(work: Callable[..., T], *arguments: Any) -> T:
    """Run what may block in a thread. Raises Unavailable for the system's errors."""
    try:
        return await asyncio.to_thread(work, *arguments)
    except OSError as error:
        raise Unavailable from error
