"""Small pictures of other servers that this process has passed on, kept in memory for whoever asks next.

Whoever reads a message asks for its pictures, so many ask within minutes for one of them. Large pictures are few, and
are fetched for each reader.
"""

import hashlib
from collections.abc import AsyncIterator, Callable
from typing import Final

from cachetools import TLRUCache

LARGEST_BYTES: Final = 1_048_576
"""A larger picture is passed on as it comes, and is not kept."""


class KeptPicture:
    """A whole picture."""

    __slots__ = ("_data", "content_type", "etag")

    def __init__(self, data: bytes, content_type: str) -> None:
        self._data = data
        self.content_type = content_type
        self.etag = hashlib.sha256(data).hexdigest()[:32]
        """The tag of its bytes, which is the same in every process."""

    @property
    def size_bytes(self) -> int:
        """The size of the whole."""
        return len(self._data)

    async def read(self, start: int, size_bytes: int) -> AsyncIterator[bytes]:
        """Yield a part, at once."""
        yield self._data[start : start + size_bytes]


class KeptPictures:
    """The newest pictures by their addresses."""

    __slots__ = ("_kept", "_most_bytes")

    def __init__(self, *, most_bytes: int, lifetime_s: float, monotonic_s: Callable[[], float]) -> None:
        """`most_bytes` bounds all together. After `lifetime_s` a picture is fetched again."""
        self._kept: TLRUCache[str, KeptPicture] = TLRUCache(
            most_bytes,
            ttu=lambda _url, _picture, now_s: now_s + lifetime_s,
            timer=monotonic_s,
            getsizeof=lambda picture: picture.size_bytes,
        )
        self._most_bytes = most_bytes

    def find(self, url: str) -> KeptPicture | None:
        """Return the picture of an address."""
        return self._kept.get(url)

    def keep(self, url: str, picture: KeptPicture) -> None:
        """Keep a picture, in the place of those that nobody has asked for longest."""
        if picture.size_bytes <= self._most_bytes:
            self._kept[url] = picture
