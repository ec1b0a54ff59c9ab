"""Files by name in an object store: S3, or what speaks as it does, and memory in tests.

A file that is larger than a part is sent in parts, which the store makes one object of at the end. Parts of an upload
that was cut off are the bucket's to remove (the operator's guide says how).
"""

import os
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import msgspec
import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import MemoryStore, ObjectStore, S3Store

from core.domain.errors import Unavailable
from core.store.blob.names import check_name
from core.store.blob.staging import Staging

_PART_BYTES: Final = 8 * 1024 * 1024
"""S3 takes 10,000 parts of an object, of 5 MiB at least."""
_PARTS_AT_ONCE: Final = 2
"""The parts of one upload that are in memory."""
_PIECE_BYTES: Final = 262_144
_PROBE: Final = "probe"
"""The name of an empty object, by which a start finds out whether the bucket can be used."""
_REQUEST_S: Final = 30
_CONNECT_S: Final = 5


class S3Place(msgspec.Struct, kw_only=True, frozen=True):
    """Where the bucket is. Without a key the surroundings' own credentials count (environment, role of the machine)."""

    bucket: str
    prefix: str = ""
    endpoint: str = ""
    region: str = "us-east-1"
    access_key_id: str = ""
    secret_access_key: str = ""


class OpenObject:
    """The `OpenBlob` of an object store: each part is a request of its own."""

    __slots__ = ("_name", "_store", "size_bytes")

    file = None

    def __init__(self, store: ObjectStore, name: str, size_bytes: int) -> None:
        self._store = store
        self._name = name
        self.size_bytes = size_bytes

    async def read(self, start: int, size_bytes: int) -> AsyncIterator[bytes]:
        """Yield a part."""
        if not size_bytes:
            return
        try:
            options = {"range": (start, start + size_bytes)}
            found = await obstore.get_async(self._store, self._name, options=options)  # type: ignore[arg-type]  # a TypedDict that cannot be imported
            async for piece in found.stream(min_chunk_size=_PIECE_BYTES):
                yield bytes(piece)
        except (BaseError, OSError) as error:
            raise Unavailable from error

    def close(self) -> None:
        """Do nothing: no request is open between parts."""


class ObjectBlobStore:
    """A `BlobStore` over any store of obstore."""

    __slots__ = ("_store", "staging")

    def __init__(self, store: ObjectStore, staging: Staging) -> None:
        self._store = store
        self.staging = staging

    async def put(self, name: str, data: bytes, content_type: str) -> None:
        """Store a small file, and replace an older one."""
        check_name(name)
        try:
            attributes = {"Content-Type": content_type}
            await obstore.put_async(self._store, name, data, attributes=attributes, use_multipart=False)
        except (BaseError, OSError) as error:
            raise Unavailable from error

    async def put_new(self, name: str, data: bytes) -> bool:
        """Store a small file if there is none of this name."""
        check_name(name)
        try:
            await obstore.put_async(self._store, name, data, mode="create")
        except AlreadyExistsError:
            return False
        except (BaseError, OSError) as error:
            raise Unavailable from error
        return True

    async def put_file(self, name: str, path: Path, content_type: str) -> None:
        """Store a staged file, and replace an older one."""
        check_name(name)
        try:
            await obstore.put_async(
                self._store,
                name,
                path,
                attributes={"Content-Type": content_type},
                chunk_size=_PART_BYTES,
                max_concurrency=_PARTS_AT_ONCE,
            )
        except (BaseError, OSError) as error:
            raise Unavailable from error

    async def copy(self, name: str, new_name: str) -> bool:
        """Copy an object, which the store does by itself."""
        check_name(name)
        check_name(new_name)
        try:
            await obstore.copy_async(self._store, name, new_name)
        except FileNotFoundError:
            return False
        except (BaseError, OSError) as error:
            raise Unavailable from error
        return True

    async def find(self, name: str) -> bytes | None:
        """Return a small file's bytes."""
        check_name(name)
        try:
            result = await obstore.get_async(self._store, name)
            return bytes(await result.bytes_async())
        except FileNotFoundError:
            return None
        except (BaseError, OSError) as error:
            raise Unavailable from error

    async def open(self, name: str) -> OpenObject | None:
        """Open a file to be read."""
        check_name(name)
        try:
            found = await obstore.head_async(self._store, name)
        except FileNotFoundError:
            return None
        except (BaseError, OSError) as error:
            raise Unavailable from error
        return OpenObject(self._store, name, found["size"])

    async def delete(self, name: str) -> None:
        """Remove a file, if it is there."""
        check_name(name)
        try:
            await obstore.delete_async(self._store, name)
        except FileNotFoundError:
            return
        except (BaseError, OSError) as error:
            raise Unavailable from error

    async def list_names(self, folder: str) -> AsyncIterator[str]:
        """Yield the names in a folder."""
        check_name(folder)
        try:
            async for page in obstore.list(self._store, folder):
                for found in page:
                    yield found["path"]
        except (BaseError, OSError) as error:
            raise Unavailable from error

    async def ping(self) -> None:
        """Ask for an object that need not be there."""
        try:
            await obstore.head_async(self._store, _PROBE)
        except FileNotFoundError:
            return
        except (BaseError, OSError) as error:
            raise Unavailable from error


async def open_s3(place: S3Place, staging: Path) -> ObjectBlobStore:
    """Make a store in a bucket. `staging` is the folder of uploads that are not whole yet.

    Raises:
        Unavailable: when the bucket cannot be written, which is tried.
    """
    given = {name: value for name, value in msgspec.structs.asdict(place).items() if value}
    bucket = given.pop("bucket")
    store = S3Store(
        bucket,
        **given,
        virtual_hosted_style_request=not place.endpoint,  # servers of one's own have one name for all buckets
        client_options={
            "allow_http": place.endpoint.startswith("http://"),
            "timeout": f"{_REQUEST_S}s",
            "connect_timeout": f"{_CONNECT_S}s",
        },
    )
    blobs = ObjectBlobStore(store, Staging(staging))
    await blobs.put(_PROBE, b"", "text/plain")
    return blobs


def open_memory(staging: Path | None = None) -> ObjectBlobStore:
    """Make a store in memory, whose staged files are on the disk all the same."""
    return ObjectBlobStore(MemoryStore(), Staging(staging or Path(tempfile.gettempdir(), f"guildway-{os.getpid()}")))
