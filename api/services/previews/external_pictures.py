"""Pictures of other servers, passed on: readers' clients get them here, so the other server never learns who reads.

A picture is fetched for each reader and passed on as it comes; caches between, of which each client has one, keep it.
What its first bytes do not show to be a picture is not passed on, whatever its server calls it.
"""

import contextlib
from collections.abc import AsyncIterator
from typing import Final

from api.services.previews.external_links import ExternalLinks
from core.domain.errors import NotFound, Unavailable
from core.media.content_types import HEAD_BYTES, find_content_type
from core.media.pictures import PICTURES
from core.runtime.metrics import WebMetrics
from core.web.errors import WebError, WrongContent
from core.web.fetcher import WebContent, WebFetcher

_ACCEPT: Final = "image/*"


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

    __slots__ = ("_fetcher", "_links", "_max_bytes", "_max_open", "_metrics", "_open")

    def __init__(
        self,
        *,
        fetcher: WebFetcher | None,
        links: ExternalLinks,
        max_bytes: int,
        max_open: int,
        metrics: WebMetrics,
    ) -> None:
        """Without a fetcher there are no pictures."""
        self._fetcher = fetcher
        self._links = links
        self._max_bytes = max_bytes
        self._max_open = max_open
        self._metrics = metrics
        self._open = 0

    async def open(self, signature: str, address: str) -> ExternalPicture:
        """Open the picture of a link.

        Raises:
            NotFound: when the link was not made here, or leads to no picture. Unavailable: when too many are open.
        """
        url = self._links.find_address(signature, address)
        if url is None or self._fetcher is None:
            raise NotFound
        if self._open >= self._max_open:
            self._metrics.external_pictures_total.labels("busy").inc()
            raise Unavailable
        async with contextlib.AsyncExitStack() as stack:
            self._open += 1
            stack.callback(self._end)
            try:
                fetched = self._fetcher.open(url, accept=_ACCEPT, max_bytes=self._max_bytes)
                content = await stack.enter_async_context(fetched)
                first, content_type = await _read_first(content)
            except WebError as error:
                self._metrics.external_pictures_total.labels(error.reason).inc()
                raise NotFound from error
            self._metrics.external_pictures_total.labels("found").inc()
            return ExternalPicture(content=content, first=first, content_type=content_type, stack=stack.pop_all())
        raise NotFound

    def _end(self) -> None:
        self._open -= 1


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
