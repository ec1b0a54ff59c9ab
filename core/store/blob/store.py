"""Files by name in an object store: a folder in the embedded process, memory in tests, S3 in a cluster.

Names are checked here for all of them, so that none can leave its folder.
"""

import asyncio
import re
from pathlib import Path
from typing import Final

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, MemoryStore, ObjectStore

from core.domain.errors import Unavailable

_NAME: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")
"""Segments that every file system accepts: none is empty or begins with a dot, and there are no escapes."""

MAX_NAME_LENGTH: Final = 512


class ObjectBlobStore:
    """A `BlobStore` over any store of obstore."""

    __slots__ = ("_keeps_types", "_store")

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        # A folder has no place for a content type; the name tells it when the file is served.
        self._keeps_types = not isinstance(store, LocalStore)

    async def put(self, name: str, data: bytes, content_type: str) -> None:
        """Store a whole file, and replace an older one. Raises ValueError for a bad name, Unavailable."""
        _check_name(name)
        attributes = {"Content-Type": content_type} if self._keeps_types else None
        try:
            await obstore.put_async(self._store, name, data, attributes=attributes, use_multipart=False)
        except (BaseError, OSError) as error:
            raise Unavailable from error

    async def find(self, name: str) -> bytes | None:
        """Return a file's bytes. Raises ValueError for a bad name, Unavailable."""
        _check_name(name)
        try:
            result = await obstore.get_async(self._store, name)
            return bytes(await result.bytes_async())
        except FileNotFoundError:
            return None
        except (BaseError, OSError) as error:
            raise Unavailable from error

    async def delete(self, name: str) -> None:
        """Remove a file, if it is there. Raises ValueError for a bad name, Unavailable."""
        _check_name(name)
        try:
            await obstore.delete_async(self._store, name)
        except FileNotFoundError:
            return
        except (BaseError, OSError) as error:
            raise Unavailable from error


async def open_folder(folder: Path) -> ObjectBlobStore:
    """Make a store in a folder, which is created when it is missing."""
    return ObjectBlobStore(await asyncio.to_thread(LocalStore, folder, mkdir=True))


def open_memory() -> ObjectBlobStore:
    """Make a store in memory."""
    return ObjectBlobStore(MemoryStore())


def _check_name(name: str) -> None:
    if len(name) > MAX_NAME_LENGTH or _NAME.fullmatch(name) is None:
        raise ValueError("not a blob name")
