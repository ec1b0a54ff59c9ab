"""Pictures of other servers, passed on: readers' clients get them here, so the other server never learns who reads.

A small picture is fetched as a whole and kept for a while (`kept_pictures`). A larger one is fetched for each reader
and passed on as it comes; caches between, of which each client has one, keep it. What its first bytes do not show to be
a picture is not passed on, whatever its server calls it.

So many pictures are fetched at a time, and so many for one address of a client, so that nobody takes all places.
"""

import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from typing import Final

from api.services.previews.external_links import ExternalLinks
from api.services.previews.kept_pictures import LARGEST_BYTES, KeptPicture, KeptPictures
from core.domain.errors import NotFound, RateLimited, Unavailable
from core.media.content_types import HEAD_BYTES, find_content_type
from core.media.pictures import PICTURES
from core.runtime.addresses import key_of
from core.runtime.metrics.metrics import WebMetrics
from core.web.errors import WebError, WrongContent
from core.web.fetcher import WebContent, WebFetcher

_ACCEPT: Final = "image/*"
_PAUSE_S: Final = 1.0
"""The time after which a client may come again: most pictures are fetched in less."""


class ExternalPicture:
    """A picture that is open. Whoever has it closes it."""

    __slots__ = ("_content", "_first", "_stack", "content_type", "size_bytes")

    def __init__(
        self, *, content: WebContent, first: bytes, content_type: str, stack: contextlib.AsyncExitStack
    ) -> None:
        self._content = content
        self._first = first
        self._stack = stack
        self.content_type = content_type
        self.size_bytes = content.size_bytes
        """The size, when the other server tells it."""

    async def read(self) -> AsyncIterator[bytes]:
        """Yield the picture in pieces. Raises WebError when it breaks off."""
        yield self._first
        async for piece in self._content.pieces:
            yield piece

    async def close(self) -> None:
        """Close the connection to the other server."""
        await self._stack.aclose()


class ExternalPictureService:
    """Opens pictures of other servers."""

    __slots__ = ("_fetcher", "_kept", "_links", "_max_bytes", "_max_of_address", "_max_open", "_metrics", "_open")

    def __init__(
        self,
        *,
        fetcher: WebFetcher | None,
        links: ExternalLinks,
        kept: KeptPictures,
        max_bytes: int,
        max_open: int,
        max_of_address: int,
        metrics: WebMetrics,
    ) -> None:
        """Without a fetcher there are no pictures."""
        self._fetcher = fetcher
        self._links = links
        self._kept = kept
        self._max_bytes = max_bytes
        self._max_open = max_open
        self._max_of_address = max_of_address
        self._metrics = metrics
        self._open: Counter[str] = Counter()
        """The pictures that are being fetched, by the address of the client."""

    async def open(self, signature: str, address: str, client: str) -> ExternalPicture | KeptPicture:
        """Open the picture of a link, for a client at this address.

        Raises:
            NotFound: when the link was not made here, or leads to no picture. Unavailable: when too many are open.
            RateLimited: when too many are open for this client.
        """
        url = self._links.find_address(signature, address)
        if url is None or self._fetcher is None:
            raise NotFound
        kept = self._kept.find(url)
        if kept is not None:
            self._metrics.external_pictures_total.labels("kept").inc()
            return kept
        async with contextlib.AsyncExitStack() as stack:
            self._begin(key_of(client), stack)
            try:
                fetched = self._fetcher.open(url, accept=_ACCEPT, max_bytes=self._max_bytes)
                content = await stack.enter_async_context(fetched)
                first, content_type = await _read_first(content)
                first, is_whole = await _read_small(content, first)
            except WebError as error:
                self._metrics.external_pictures_total.labels(error.reason).inc()
                raise NotFound from error
            self._metrics.external_pictures_total.labels("found").inc()
            if is_whole:
                picture = KeptPicture(first, content_type)
                self._kept.keep(url, picture)
                return picture
            return ExternalPicture(content=content, first=first, content_type=content_type, stack=stack.pop_all())
        raise NotFound

    def _begin(self, client: str, stack: contextlib.AsyncExitStack) -> None:
        """Count a picture that is fetched, until the stack ends."""
        if self._open.total() >= self._max_open:
            self._metrics.external_pictures_total.labels("busy").inc()
            raise Unavailable
        if self._open[client] >= self._max_of_address:
            self._metrics.external_pictures_total.labels("busy").inc()
            raise RateLimited(_PAUSE_S)
        self._open[client] += 1
        stack.callback(self._end, client)

    def _end(self, client: str) -> None:
        self._open[client] -= 1
        if not self._open[client]:
            del self._open[client]


async def _read_first(content: WebContent) -> tuple[bytes, str]:
    """Return the first bytes and the type that they show. Raises WrongContent for what is no picture."""
    data = bytearray()
    async for piece in content.pieces:
        data += piece
        if len(data) >= HEAD_BYTES:
            break
    found = find_content_type(bytes(data[:HEAD_BYTES]), "")
    if found not in PICTURES:
        raise WrongContent("no picture that is known")
    return bytes(data), found


async def _read_small(content: WebContent, first: bytes) -> tuple[bytes, bool]:
    """Read on up to the size of small pictures; return what was read, and whether it is the whole picture."""
    if (content.size_bytes or 0) > LARGEST_BYTES:
        return first, False
    data = bytearray(first)
    async for piece in content.pieces:
        data += piece
        if len(data) > LARGEST_BYTES:
            return bytes(data), False
    return bytes(data), True
