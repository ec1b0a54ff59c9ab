"""Changes that the server makes to a message's fields beside its text: they are told as edits, and are none.

As with edits, a change that was overtaken is made again on top of the other one. Copies of published messages follow.
"""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from api.services.entity_cache import EntityCache
from api.services.ids import IdSource
from api.services.messages.message_events import message_updated
from api.services.messages.pages.message_renderer import MessageRenderer
from api.services.messages.publications import Publications
from core.domain.channels.channel import Channel
from core.domain.errors import Unavailable
from core.domain.messages.message import CROSSPOSTED, Message
from core.store.aggregates.messages.messages import MessageStore

_MAX_ATTEMPTS: Final = 100
"""Each failed attempt means that another change of the message was stored. This many at once are abuse."""


class MessageChanges:
    """Stores changes with MESSAGE_UPDATE."""

    __slots__ = ("_entities", "_ids", "_messages", "_publications", "_renderer")

    def __init__(
        self,
        *,
        messages: MessageStore,
        entities: EntityCache,
        renderer: MessageRenderer,
        publications: Publications,
        ids: IdSource,
    ) -> None:
        self._messages = messages
        self._entities = entities
        self._renderer = renderer
        self._publications = publications
        self._ids = ids

    async def change(
        self, channel: Channel, message_id: int, choose: Callable[[Message], dict[str, Any]]
    ) -> bytes | None:
        """Change what `choose` makes of the message as it is; return it in JSON, or None when there is no message.

        Raises:
            UnknownMessage: when it is deleted meanwhile. What `choose` raises.
        """
        for _ in range(_MAX_ATTEMPTS):
            message = await self._messages.find(channel.id, message_id)
            if message is None:
                return None
            changes = choose(message)
            edited = msgspec.structs.replace(message, **changes, version=message.version + 1) if changes else message
            resolved = await self._renderer.resolve_for_dispatch(edited)
            member = await self._entities.member(channel.guild_id, message.author_id) if channel.guild_id else None
            encoded = self._renderer.encode(resolved, member, with_nonce=False)
            if not changes:
                return encoded.answer
            events = message_updated(self._ids.next(), channel, edited, encoded.dispatch)
            published = [message_id] if message.flags & CROSSPOSTED else []
            async with self._publications.follow(channel.guild_id, published):
                stored = await self._messages.update(
                    channel.id, message_id, changes, expected_version=message.version, envelopes=events
                )
            if stored is not None:
                return encoded.answer
        raise Unavailable
