"""Where snapshots are kept: a folder or a bucket, with objects that many snapshots share.

```
 objects/3f/3fa9…        a piece of a database, or a file of people; the name is the SHA-256 of the content
 snapshots/20261128T…    what one instant consists of (`guildway.backups.snapshots`)
```

An object is stored once, however many snapshots name it: that makes a backup incremental. Objects come before the
snapshot that names them, and go after it. So each snapshot that is there is whole, whenever a process was killed.
"""

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import BinaryIO, Final

from core.runtime.errors import StartError
from core.store.blob.interfaces import BlobStore
from guildway.backups.snapshots import Snapshot, StoredFile, decode_snapshot, encode_snapshot

OBJECTS: Final = "objects"
SNAPSHOTS: Final = "snapshots"

_TYPE: Final = "application/octet-stream"
_READ_BYTES: Final = 1 << 20


class Shelf:
    """The snapshots and objects of one place."""

    __slots__ = ("_blobs", "_known", "new_bytes", "new_objects", "place")

    def __init__(self, blobs: BlobStore, *, place: str, known: set[str]) -> None:
        """Use `open`. `place` is what an operator calls it."""
        self._blobs = blobs
        self._known = known
        self.place = place
        self.new_objects = 0
        self.new_bytes = 0

    @classmethod
    async def open(cls, blobs: BlobStore, *, place: str) -> "Shelf":
        """Look at what is there. Raises Unavailable."""
        known = {name.rpartition("/")[2] async for name in blobs.list_names(OBJECTS)}
        return cls(blobs, place=place, known=known)

    def name_new(self) -> Path:
        """Return a path on the local disk for something that is not whole yet. The caller removes it."""
        path = self._blobs.staging.name_new()
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return path

    def has(self, stored: StoredFile) -> bool:
        """Tell whether an object is here."""
        return stored.sha256 in self._known

    async def put(self, data: bytes) -> StoredFile:
        """Store a piece, if it is new. Raises Unavailable."""
        stored = StoredFile(hashlib.sha256(data).hexdigest(), len(data))
        if not self.has(stored):
            await self._blobs.put(_name_object(stored.sha256), data, _TYPE)
            self._note(stored)
        return stored

    async def put_file(self, path: Path) -> StoredFile:
        """Store a copy of a file, if its content is new. Raises Unavailable, and FileNotFoundError."""
        with path.open("rb") as file:
            return await self.put_stream(_read(file))

    async def put_stream(self, content: AsyncIterator[bytes]) -> StoredFile:
        """Store a content that comes in pieces, if it is new. Raises Unavailable."""
        staged = await self._blobs.staging.create()
        digest = hashlib.sha256()
        try:
            async for data in content:
                digest.update(data)
                await staged.write(data)
            await staged.finish()
            stored = StoredFile(digest.hexdigest(), staged.size_bytes)
            if not self.has(stored):
                await self._blobs.put_file(_name_object(stored.sha256), staged.path, _TYPE)
                self._note(stored)
        finally:
            staged.discard()
        return stored

    async def read(self, stored: StoredFile) -> AsyncIterator[bytes]:
        """Yield an object in pieces, and raise StartError at its end when it is not what it was. Raises Unavailable."""
        blob = await self._blobs.open(_name_object(stored.sha256))
        if blob is None:
            raise StartError(f"{self.place} lacks the object {stored.sha256}")
        digest = hashlib.sha256()
        try:
            async for data in blob.read(0, blob.size_bytes):
                digest.update(data)
                yield data
        finally:
            blob.close()
        if digest.hexdigest() != stored.sha256:
            raise StartError(f"{self.place} has a damaged object {stored.sha256}")

    async def put_snapshot(self, snapshot: Snapshot) -> str:
        """Store a snapshot, whose objects are all here, and return its name. Raises Unavailable."""
        name, data = encode_snapshot(snapshot)
        await self._blobs.put(f"{SNAPSHOTS}/{name}", data, "application/json")
        return name

    async def list_snapshots(self) -> list[str]:
        """List the names of the snapshots, the oldest first. Raises Unavailable."""
        return sorted([name.rpartition("/")[2] async for name in self._blobs.list_names(SNAPSHOTS)])

    async def find_snapshot(self, name: str) -> Snapshot:
        """Read a snapshot. Raises StartError when it is not there or damaged, and Unavailable."""
        try:
            data = await self._blobs.find(f"{SNAPSHOTS}/{name}")
        except ValueError:
            data = None
        if data is None:
            raise StartError(f"{self.place} has no snapshot {name}")
        return decode_snapshot(name, data)

    async def find_newest(self) -> tuple[str, Snapshot] | None:
        """Read the newest snapshot with its name. Raises StartError and Unavailable."""
        names = await self.list_snapshots()
        return (names[-1], await self.find_snapshot(names[-1])) if names else None

    async def delete_snapshot(self, name: str) -> None:
        """Remove a snapshot. Its objects stay. Raises Unavailable."""
        await self._blobs.delete(f"{SNAPSHOTS}/{name}")

    async def keep_objects(self, named: set[str]) -> int:
        """Remove all other objects, and return how many they were. Raises Unavailable."""
        others = self._known - named
        for digest in others:
            await self._blobs.delete(_name_object(digest))
        self._known &= named
        return len(others)

    def _note(self, stored: StoredFile) -> None:
        self._known.add(stored.sha256)
        self.new_objects += 1
        self.new_bytes += stored.size_bytes


async def _read(file: BinaryIO) -> AsyncIterator[bytes]:
    while data := file.read(_READ_BYTES):
        yield data


def _name_object(digest: str) -> str:
    return f"{OBJECTS}/{digest[:2]}/{digest}"
