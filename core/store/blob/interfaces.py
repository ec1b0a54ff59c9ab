"""The storage of files, as the tiers use it: whole small ones, and large ones that are streamed in and out.

A large file comes over a staged one on the local disk (`core.store.blob.staging`), which becomes the stored file as a
whole. So there is never half a file under a name, and no file is ever in memory as a whole.
"""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import BinaryIO, Protocol

from core.store.blob.staging import Staging


class OpenBlob(Protocol):
    """A stored file that is being read."""

    @property
    def size_bytes(self) -> int:
        """The size of the whole file."""

    @property
    def file(self) -> BinaryIO | None:
        """The file itself, where the store is a folder: the kernel can send it. None elsewhere."""

    def read(self, start: int, size_bytes: int) -> AsyncIterator[bytes]:
        """Yield a part in pieces of some hundred KiB at most. Raises Unavailable, also in the middle."""

    def close(self) -> None:
        """Let the file go."""


class BlobStore(Protocol):
    """Files by name: avatars, icons, attachments. Names are `/`-separated, never start with `/` and never hold `..`.

    All methods raise ValueError for a bad name, and Unavailable.
    """

    @property
    def staging(self) -> Staging:
        """The files that are not whole yet."""

    async def put(self, name: str, data: bytes, content_type: str) -> None:
        """Store a small file, and replace an older one."""

    async def put_new(self, name: str, data: bytes) -> bool:
        """Store a small file if there is none of this name. Tell whether there was none."""

    async def put_file(self, name: str, path: Path, content_type: str) -> None:
        """Store a staged file, and replace an older one. The staged one may be gone afterwards."""

    async def copy(self, name: str, new_name: str) -> bool:
        """Give a file's bytes a second name, and replace an older file. Tell whether there was one to copy.

        Each name keeps the bytes until it is deleted.
        """

    async def find(self, name: str) -> bytes | None:
        """Return a small file's bytes."""

    async def open(self, name: str) -> OpenBlob | None:
        """Open a file to be read, which the caller closes."""

    async def delete(self, name: str) -> None:
        """Remove a file, if it is there."""

    def list_names(self, folder: str) -> AsyncIterator[str]:
        """Yield the names that begin with `folder/`, in any order. Files that are not whole have none."""

    async def ping(self) -> None:
        """Check that the store answers. Raises Unavailable when it does not."""
