"""The parts of a message that depend on its reader: reactions, and content that an application may not see.

Messages are encoded without reactions, once for all readers, and these are put before the closing brace for each of
them. What a message shows to everybody is kept on the page (message_page.py), until an event tells that it has changed.
Whether a reader is among those who have reacted is read for each request, and only if the page has messages with
reactions. Bots whose application lacks the privilege of message content get messages without what it guards.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from api.services.caller import Caller
from api.services.messages.pages.message_page import Page
from core.domain.channels.channel import Channel
from core.domain.messages.reaction import Counts, OwnReactions
from core.store.aggregates.messages.reactions import ReactionReads
from core.wire.objects.messages.hidden_content import hide_content
from core.wire.objects.messages.reaction import render_reactions

_encode: Final = msgspec.json.Encoder().encode


class ReaderParts:
    """Makes the parts."""

    __slots__ = ("_reactions",)

    def __init__(self, *, reactions: ReactionReads) -> None:
        self._reactions = reactions

    async def show(
        self,
        reader: Caller,
        channel: Channel,
        message_ids: Sequence[int],
        encoded: Sequence[bytes],
        page: Page | None = None,
    ) -> Sequence[bytes]:
        """Return the messages' JSON as the reader sees it. `page` is that of the messages, if they come from one."""
        if not reader.sees_content:
            encoded = [hide_content(each, reader.user_id, is_direct=not channel.guild_id) for each in encoded]
        if page is not None and page.is_bare:
            return encoded
        counts = await self._count(channel.id, message_ids, page)
        if not counts:
            return encoded
        own = await self._reactions.find_own(channel.id, counts, reader.user_id)
        return [
            _add(shown, counts[message_id], own.get(message_id, ())) if message_id in counts else shown
            for message_id, shown in zip(message_ids, encoded, strict=True)
        ]

    async def show_one(
        self, reader: Caller, channel: Channel, message_id: int, encoded: bytes, page: Page | None = None
    ) -> bytes:
        """Return one message's JSON as the reader sees it."""
        return (await self.show(reader, channel, [message_id], [encoded], page))[0]

    async def _count(self, channel_id: int, message_ids: Sequence[int], page: Page | None) -> Mapping[int, Counts]:
        if page is None:
            return await self._reactions.count(channel_id, message_ids)
        wanted = page.find_uncounted(message_ids)
        found: dict[int, Counts] = {}
        if wanted:
            told = page.reactions_told
            found = await self._reactions.count(channel_id, wanted)
            page.keep_counts({each: found.get(each, ()) for each in wanted}, told=told)
        return {**page.find_counts(message_ids), **found}


def _add(shown: bytes, counts: Counts, own: OwnReactions) -> bytes:
    return b'%b,"reactions":%b}' % (shown[:-1], _encode(render_reactions(counts, own)))
