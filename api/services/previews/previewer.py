"""From a link to its embed: the link is fetched, and what comes is read by its type.

    link ─ kept? ─→ fetch ─┬─ page    → facts, oEmbed document, size of its picture ─→ embed
                           ├─ picture → its type and size by content ───────────────→ embed
                           └─ video   → its type by content ────────────────────────→ embed

Results are kept for a time, and that there is none is kept too, for a shorter one. Who asks for a link that is being
fetched waits for that fetch. How many are under way at a time is up to who asks.
"""

import asyncio
import logging
from typing import Final

import msgspec
from msgspec import UNSET, UnsetType

from api.services.previews.preview_embeds import Picture, PreviewEmbeds
from api.services.single_flight import SingleFlight
from core.media.content_types import HEAD_BYTES as TYPE_BYTES
from core.media.content_types import find_content_type
from core.media.picture_sizes import HEAD_BYTES, find_size
from core.media.pictures import PICTURES
from core.runtime.clock import Clock
from core.runtime.metrics.metrics import WebMetrics
from core.runtime.settings.settings import EmbedSettings
from core.web.charsets import decode_page
from core.web.errors import LargeContent, WebError, WrongContent
from core.web.fetcher import WebContent, WebFetcher
from core.web.oembed import MAX_BYTES, NOTHING, OEmbed, parse_oembed
from core.web.pages import PageFacts, parse_page, read_head
from core.web.targets import resolve_target
from core.wire.objects.messages.embed import Embed, EmbedMedia

logger = logging.getLogger(__name__)

_PAGES: Final = ("text/html", "application/xhtml+xml")
_VIDEOS: Final = ("video/mp4", "video/webm", "video/quicktime")
_ACCEPT: Final = "text/html,application/xhtml+xml,image/*;q=0.9,video/*;q=0.8,*/*;q=0.5"
_ACCEPT_PICTURE: Final = "image/*"
_ACCEPT_JSON: Final = "application/json"
_FAULT_LIFETIME_S: Final = 60.0
"""The time for which nothing is tried again. A site that was down for a moment has previews soon."""


_LAST_BYTES: Final = 131_072
"""The last piece that is read goes beyond what is wanted by no more than this."""
_PARTS: Final = 2
"""A page has twice the time of its beginning for all of its preview, and what it names has half of that time each."""


class _Kept(msgspec.Struct, frozen=True):
    """A result, and until when it is good."""

    embed: Embed | None
    until_s: float


class Previewer:
    """Makes embeds of links."""

    __slots__ = ("_clock", "_embeds", "_fetcher", "_kept", "_metrics", "_settings")

    def __init__(
        self,
        *,
        fetcher: WebFetcher,
        embeds: PreviewEmbeds,
        settings: EmbedSettings,
        clock: Clock,
        metrics: WebMetrics,
    ) -> None:
        self._fetcher = fetcher
        self._embeds = embeds
        self._settings = settings
        self._clock = clock
        self._metrics = metrics
        self._kept: SingleFlight[str, _Kept] = SingleFlight(self._make, capacity=settings.cache_entries)

    async def find(self, link: str) -> Embed | None:
        """Return the embed of a link; None when there is nothing to show, or it cannot be fetched."""
        kept = await self._kept.get(link)
        if kept.until_s <= self._clock.monotonic_s():
            if self._kept.find_cached(link) is kept:
                self._kept.drop(link)
            kept = await self._kept.get(link)
        return kept.embed

    async def _make(self, link: str) -> _Kept:
        started_s = self._clock.monotonic_s()
        embed, outcome = await self._try(link)
        now_s = self._clock.monotonic_s()
        self._metrics.previews_total.labels(outcome).inc()
        self._metrics.preview_seconds.observe(now_s - started_s)
        lifetime_s = self._settings.cache_lifetime_s
        return _Kept(embed, now_s + (lifetime_s if embed is not None else min(lifetime_s, _FAULT_LIFETIME_S)))

    async def _try(self, link: str) -> tuple[Embed | None, str]:
        """Return the embed and the outcome as metrics name it."""
        try:
            async with asyncio.timeout(self._settings.timeout_s * _PARTS):
                embed = await self._look(link)
        except WebError as error:
            return None, error.reason
        except TimeoutError:
            return None, "late"
        except Exception:
            # What strangers' pages hold must not end a process, whatever a library makes of it.
            logger.exception("a preview failed")
            return None, "failed"
        return embed, "nothing" if embed is None else "found"

    async def _look(self, link: str) -> Embed | None:
        max_bytes = max(self._settings.max_page_bytes, HEAD_BYTES) + _LAST_BYTES
        async with self._fetcher.open(link, accept=_ACCEPT, max_bytes=max_bytes, is_part=True) as content:
            if content.content_type in _PAGES:
                data = await read_head(content.pieces, self._settings.max_page_bytes)
            elif content.content_type.startswith("image/"):
                if (content.size_bytes or 0) > self._settings.max_picture_bytes:
                    raise LargeContent("a picture that this server does not pass on")
                return self._embeds.show_picture(link, await _look_at_picture(content))
            else:
                found = find_content_type(await _read_first(content, TYPE_BYTES), "")
                if found not in _VIDEOS:
                    raise WrongContent("neither a page nor a picture nor a video")
                return self._embeds.show_video(link, str(content.url), found)
        return await self._show_page(link, content, parse_page(decode_page(data, content.charset)))

    async def _show_page(self, link: str, content: WebContent, facts: PageFacts) -> Embed | None:
        document = await self._fetch_oembed(content, facts)
        embed = self._embeds.show_page(link, content.url, facts, document)
        if embed is None or isinstance(embed.thumbnail, UnsetType) or not isinstance(embed.thumbnail.width, UnsetType):
            return embed
        embed.thumbnail = await self._measure(embed.thumbnail)
        has_text = embed.title is not UNSET or embed.description is not UNSET
        return embed if has_text or embed.thumbnail is not UNSET else None

    async def _measure(self, thumbnail: EmbedMedia) -> EmbedMedia | UnsetType:
        """Return a page's picture with its size; nothing when clients would not get it from here either."""
        try:
            async with asyncio.timeout(self._settings.timeout_s / _PARTS):
                measured = self._embeds.show_media(await self._fetch_picture(thumbnail.url))
        except (WebError, TimeoutError):
            return UNSET
        measured.description = thumbnail.description
        return measured

    async def _fetch_picture(self, url: str) -> Picture:
        max_bytes = self._settings.max_picture_bytes
        async with self._fetcher.open(url, accept=_ACCEPT_PICTURE, max_bytes=max_bytes) as content:
            picture = await _look_at_picture(content)
        return msgspec.structs.replace(picture, url=url)

    async def _fetch_oembed(self, content: WebContent, facts: PageFacts) -> OEmbed:
        if not facts.oembed:
            return NOTHING
        try:
            async with asyncio.timeout(self._settings.timeout_s / _PARTS):
                url = str(resolve_target(content.url, facts.oembed, self._fetcher.rules))
                async with self._fetcher.open(url, accept=_ACCEPT_JSON, max_bytes=MAX_BYTES) as document:
                    return parse_oembed(b"".join([piece async for piece in document.pieces]))
        except (WebError, TimeoutError):
            return NOTHING


async def _look_at_picture(content: WebContent) -> Picture:
    """Return what the first bytes of a picture tell. Raises WrongContent for what is none."""
    head = await _read_first(content, HEAD_BYTES)
    found = find_content_type(head[:TYPE_BYTES], "")
    if found not in PICTURES:
        raise WrongContent("no picture that is known")
    return Picture(url=str(content.url), content_type=found, size=find_size(head, found))


async def _read_first(content: WebContent, size_bytes: int) -> bytes:
    data = bytearray()
    async for piece in content.pieces:
        data += piece
        if len(data) >= size_bytes:
            break
    return bytes(data[:size_bytes])
