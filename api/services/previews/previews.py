"""Previews of links: a message that was sent or edited is looked at in the background, and gets its links' embeds.
Pictures in its sender's embeds get their sizes in the same way.

    send, edit ─ note ─→ queue ─→ workers ─ fetch ─→ MESSAGE_UPDATE, if the message still has the links

The queue is in memory and bounded: what does not fit, and what waits when a process dies, gets no preview. One author
has a few places at most, so nobody can hold up all others by links to servers that do not answer. The message
is read anew for each step. So one that was edited meanwhile gets the previews of the links that it has then, and one
that is deleted, or suppresses embeds, gets none.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, Final

import msgspec
from msgspec import UnsetType

from api.services.entity_cache import EntityCache
from api.services.previews.embed_pictures import EmbedPictures
from api.services.previews.embed_sizes import list_unmeasured, put_sizes
from api.services.previews.links import may_have_links
from api.services.previews.preview_embeds import IMAGE
from api.services.previews.previewer import Previewer
from api.services.previews.stored_previews import add_previews, find_missing
from core.domain.channels.channel import Channel
from core.domain.errors import DomainError, Forbidden, NotFound
from core.domain.guilds.permissions import Permission
from core.domain.messages.message import SUPPRESS_EMBEDS, WRITTEN, Message
from core.runtime.metrics.metrics import WebMetrics
from core.runtime.settings.settings import EmbedSettings
from core.store.aggregates.messages.messages import MessageStore
from core.wire.objects.messages.embed import NO_EMBEDS, Embed, EmbedMedia

logger = logging.getLogger(__name__)

ChangeMessage = Callable[[Channel, int, Callable[[Message], dict[str, Any]]], Awaitable[object]]
"""Changes what the last argument chooses of a message as it is then; tells of it as of an edit."""

_EMBED_LINKS: Final = int(Permission.EMBED_LINKS)


class _Noted(msgspec.Struct, frozen=True):
    """A message that waits."""

    channel_id: int
    message_id: int
    author_id: int


class PreviewService:
    """Gives messages the embeds of their links. Without a previewer it gives none."""

    __slots__ = (
        "_change",
        "_entities",
        "_max_of_author",
        "_messages",
        "_metrics",
        "_of_authors",
        "_pictures",
        "_previewer",
        "_queue",
        "_waiting",
        "_workers",
    )

    def __init__(
        self,
        *,
        entities: EntityCache,
        messages: MessageStore,
        change: ChangeMessage,
        previewer: Previewer | None,
        pictures: EmbedPictures,
        metrics: WebMetrics,
        settings: EmbedSettings,
    ) -> None:
        self._entities = entities
        self._messages = messages
        self._change = change
        self._previewer = previewer
        self._pictures = pictures
        self._metrics = metrics
        self._workers = settings.concurrency
        self._max_of_author = settings.messages_of_author
        self._queue: asyncio.Queue[_Noted] = asyncio.Queue(settings.waiting_messages)
        self._of_authors: Counter[int] = Counter()
        """The messages of each author that wait or are looked at."""
        self._waiting: set[int] = set()
        """The ids of messages in the queue."""

    def link_pictures(self, embeds: msgspec.Raw) -> msgspec.Raw:
        """Return a sender's embeds with links to their pictures through this server."""
        return self._pictures.link(embeds)

    def note(
        self, channel_id: int, message_id: int, content: str, author_id: int, embeds: msgspec.Raw = NO_EMBEDS
    ) -> None:
        """Have a message looked at, which has just got this text, or these embeds of its sender. Never waits."""
        if self._previewer is None or message_id in self._waiting:
            return
        if not may_have_links(content) and not list_unmeasured(embeds):
            return
        if self._queue.full() or self._of_authors[author_id] >= self._max_of_author:
            self._metrics.previews_total.labels("dropped").inc()
            return
        self._queue.put_nowait(_Noted(channel_id, message_id, author_id))
        self._of_authors[author_id] += 1
        self._waiting.add(message_id)
        self._metrics.previews_waiting.set(len(self._waiting))

    async def run(self) -> None:
        """Look at messages until cancelled."""
        if self._previewer is None:
            return
        async with asyncio.TaskGroup() as workers:
            for number in range(self._workers):
                workers.create_task(self._work(self._previewer), name=f"previews {number}")

    async def _work(self, previewer: Previewer) -> None:
        while True:
            noted = await self._queue.get()
            self._waiting.discard(noted.message_id)
            self._metrics.previews_waiting.set(len(self._waiting))
            try:
                await self._look_at(previewer, noted.channel_id, noted.message_id)
            except (NotFound, Forbidden):
                pass  # the message, its channel or its author is not there any more
            except DomainError as error:
                logger.warning("no previews", extra={"message_id": noted.message_id, "reason": error.text})
            except Exception:
                logger.exception("no previews", extra={"message_id": noted.message_id})
            finally:
                self._end(noted.author_id)

    def _end(self, author_id: int) -> None:
        self._of_authors[author_id] -= 1
        if not self._of_authors[author_id]:
            del self._of_authors[author_id]

    async def _look_at(self, previewer: Previewer, channel_id: int, message_id: int) -> None:
        message = await self._messages.find(channel_id, message_id)
        if message is None or message.type not in WRITTEN or message.flags & SUPPRESS_EMBEDS:
            return
        links, pictures = find_missing(message.content, message.embeds), list_unmeasured(message.embeds)
        if not links and not pictures:
            return
        access = await self._entities.text_access(message.author_id, channel_id)
        if not access.has(_EMBED_LINKS):
            return
        embeds = await asyncio.gather(*map(previewer.find, [*links, *pictures]))
        shown = zip([*links, *pictures], embeds, strict=True)
        known = {link: embed for link, embed in shown if embed is not None}
        found = {link: known[link] for link in links if link in known}
        measured = {url: medium for url in pictures if (medium := _find_measured(known.get(url))) is not None}
        if found or measured:
            await self._change(access.channel, message_id, partial(_choose, found, measured))


def _find_measured(embed: Embed | None) -> EmbedMedia | None:
    """Return the picture of a link to one, if its size was found out."""
    if embed is None or embed.type != IMAGE or isinstance(embed.thumbnail, UnsetType):
        return None
    return None if isinstance(embed.thumbnail.width, UnsetType) else embed.thumbnail


def _choose(found: Mapping[str, Embed], measured: Mapping[str, EmbedMedia], message: Message) -> dict[str, Any]:
    """Return what changes in the message as it is by now."""
    if message.flags & SUPPRESS_EMBEDS:
        return {}
    embeds = put_sizes(message.embeds, measured)
    if found:
        embeds = add_previews(message.content, embeds, found)
    return {} if bytes(embeds) == bytes(message.embeds) else {"embeds": embeds}
