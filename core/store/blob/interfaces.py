"""The storage of files, as the tiers use it."""

from typing import Protocol


class BlobStore(Protocol):
    """Files by name: avatars, icons, attachments. Names are `/`-separated, never start with `/` and never hold `..`."""

    async def put(self, name: str, data: bytes, content_type: str) -> None: ...

    async def find(self, name: str) -> bytes | None: ...

    async def delete(self, name: str) -> None:
        """Remove a file, if it is there."""
