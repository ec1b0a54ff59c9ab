"""The sending of messages, shared by REST and the socket.

    body -> draft (message_forms) -> rights and limits -> what it mentions and answers -> id, encode, store

Nothing is awaited between making the id and giving the message to the store, so a channel's dispatches come in the
order of their ids, with any number of senders. `message_nonces` handles repeats with a nonce.
"""

from typing import Final

import msgspec
from prometheus_client import Counter

from api.forms.field_errors import nest_fields
from api.forms.form import Form
from api.services.access import ChannelAccess
from api.services.entity_cache import EntityCache
from api.services.ids import IdSource
from api.services.messages.message_cache import MessageCache
from api.services.messages.message_events import message_created
from api.services.messages.message_forms import CreateMessage, Draft, Reply, parse_draft
from api.services.messages.message_limits import MessageLimits
from api.services.messages.message_mentions import Mentions, resolve_mentions
from api.services.messages.message_nonces import NonceKey, Nonces
from api.services.messages.message_renderer import EncodedMessage, MessageRenderer
from core.bus.interfaces import Bus
from core.domain.channel import TEXT_LIKE
from core.domain.errors import (
    DomainError,
    Invalid,
    LimitReached,
    NotATextChannel,
    NotBuilt,
    RateLimited,
    ReplyWithoutHistory,
    invalid_field,
)
from core.domain.message import WRITTEN, Message, MessageType, ResolvedMessage
from core.domain.permissions import Permission
from core.domain.user import User
from core.runtime.clock import Clock
from core.runtime.metrics import Metrics
from core.wire.socket_message import RefusedMessage, SentMessage

_SEND: Final = int(Permission.SEND_MESSAGES)
_SEND_TTS: Final = int(Permission.SEND_TTS_MESSAGES)
_EMBED_LINKS: Final = int(Permission.EMBED_LINKS)
_READ_HISTORY: Final = int(Permission.READ_MESSAGE_HISTORY)

_TO_SYSTEM: Final = "REPLIES_CANNOT_REPLY_TO_SYSTEM_MESSAGE"

_create_message: Final = Form(CreateMessage)


class _Sent(msgspec.Struct, frozen=True):
    encoded: EncodedMessage
    message: Message
    is_new: bool


class MessageService:
    """Sends messages."""

    __slots__ = (
        "_bus",
        "_clock",
        "_counters",
        "_entities",
        "_ids",
        "_latency",
        "_limits",
        "_messages",
        "_nonces",
        "_renderer",
    )

    def __init__(
        self,
        *,
        entities: EntityCache,
        messages: MessageCache,
        bus: Bus,
        renderer: MessageRenderer,
        limits: MessageLimits,
        ids: IdSource,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._entities = entities
        self._messages = messages
        self._bus = bus
        self._renderer = renderer
        self._limits = limits
        self._ids = ids
        self._clock = clock
        # A lookup of a child by its labels costs more than the count.
        self._counters: dict[int, Counter] = {
            kind: metrics.api.messages_sent_total.labels(str(int(kind))) for kind in TEXT_LIKE
        }
        self._latency = metrics.api.message_latency_seconds
        self._nonces: Nonces[_Sent] = Nonces(first_id=ids.next())

    async def send(self, user_id: int, channel_id: int, form: CreateMessage) -> bytes:
        """Send a message, or find the first one with its nonce. Returns the REST object as JSON.

        Raises:
            Invalid, NotBuilt: as `parse_draft`. UnknownChannel, MissingAccess, Forbidden: without the right to send.
            NotATextChannel: in categories and forums. RateLimited, SlowMode: when a limit is used up.
        """
        sent, _ = await self._send(user_id, channel_id, form)
        return sent.encoded.answer

    async def send_from_gateway(self, user_id: int, channel_id: int, body: bytes) -> SentMessage | RefusedMessage:
        """Send a message that came over the socket. `body` is that of REST."""
        try:
            sent, is_new = await self._send(user_id, channel_id, _create_message.decode(body))
        except DomainError as error:
            return _refusal(error)
        return SentMessage(payload=sent.encoded.dispatch, guild_id=sent.message.guild_id, is_new=is_new)

    async def _send(self, user_id: int, channel_id: int, form: CreateMessage) -> tuple[_Sent, bool]:
        """Return the message, and whether this call made it. Of concurrent repeats only one did."""
        draft = parse_draft(form)
        if draft.nonce is None:
            sent = await self._send_draft(user_id, channel_id, draft, None)
            return sent, sent.is_new
        key = (user_id, channel_id, draft.nonce)
        sent, is_first = await self._nonces.share(key, lambda: self._send_draft(user_id, channel_id, draft, key))
        return sent, sent.is_new and is_first

    async def _send_draft(self, user_id: int, channel_id: int, draft: Draft, nonce: NonceKey | None) -> _Sent:
        started_s = self._clock.monotonic_s()
        access = await self._entities.text_access(user_id, channel_id)
        _require_rights(access, draft)
        author = access.guild.member.user if access.guild is not None else await self._entities.user(user_id)
        referenced = None if draft.reply is None else await self._find_referenced(access, draft.reply)
        mentions = await resolve_mentions(
            self._entities,
            access,
            content=draft.content,
            allowed=draft.allowed,
            replied_id=None if referenced is None else referenced.author.id,
        )
        if nonce is None or not self._nonces.is_stored(nonce, self._clock.now_ms()):
            await self._limits.take(access, author)
        sent = await self._store_draft(access, author, draft, mentions, referenced)
        if nonce is not None:
            self._nonces.remember(nonce, sent.message.id)
        if sent.is_new:
            self._counters[access.channel.type].inc()
            self._latency.observe(self._clock.monotonic_s() - started_s)
        return sent

    async def _store_draft(
        self, access: ChannelAccess, author: User, draft: Draft, mentions: Mentions, referenced: ResolvedMessage | None
    ) -> _Sent:
        channel = access.channel
        # From here to `add` nothing may be awaited: messages are stored in the order in which their ids are made.
        message = Message(
            id=self._ids.next(),
            channel_id=channel.id,
            guild_id=channel.guild_id,
            author_id=author.id,
            type=MessageType.DEFAULT if referenced is None else MessageType.REPLY,
            content=draft.content,
            tts=draft.tts,
            mention_everyone=mentions.everyone,
            mention_ids=mentions.user_ids,
            mention_role_ids=mentions.role_ids,
            embeds=draft.embeds,
            flags=draft.flags,
            nonce=draft.nonce,
            nonce_is_int=draft.nonce_is_int,
            reference_id=None if referenced is None else referenced.message.id,
        )
        resolved = ResolvedMessage(
            message=message,
            author=author,
            mentions=mentions.users,
            mentioned_members=mentions.members,
            referenced=referenced,
        )
        encoded = self._renderer.encode(resolved, None if access.guild is None else access.guild.member)
        added = await self._messages.add(message, message_created(channel, message, encoded.dispatch))
        if added.is_new:
            return _Sent(encoded, message, is_new=True)
        return await self._show_first(access, added.message)

    async def _show_first(self, access: ChannelAccess, message: Message) -> _Sent:
        """Return the first message of the nonce. Its event is published again if it may not have been dispatched."""
        resolved = await self._renderer.resolve_for_dispatch(message)
        encoded = self._renderer.encode(resolved, None if access.guild is None else access.guild.member)
        # A message that was deleted meanwhile is not brought back.
        if self._nonces.claim_republication(message.id) and await self._messages.find(message.channel_id, message.id):
            await self._bus.publish(message_created(access.channel, message, encoded.dispatch))
        return _Sent(encoded, message, is_new=False)

    async def _find_referenced(self, access: ChannelAccess, reply: Reply) -> ResolvedMessage | None:
        """Find the answered message; None when it is gone and the sender does not mind.

        Raises:
            ReplyWithoutHistory. Invalid: when it is gone, or a system message.
        """
        if not access.has(_READ_HISTORY):
            raise ReplyWithoutHistory
        channel = access.channel
        is_here = reply.channel_id in (None, channel.id) and reply.guild_id in (None, channel.guild_id)
        found = await self._messages.find(channel.id, reply.message_id) if is_here else None
        if found is not None:
            if found.type not in WRITTEN:
                raise invalid_field("message_reference", _TO_SYSTEM, "Cannot reply to a system message")
            return await self._renderer.resolve_quoted(found)
        if reply.is_required:
            raise invalid_field("message_reference", "REPLIES_UNKNOWN_MESSAGE", "Unknown message")
        return None


def _require_rights(access: ChannelAccess, draft: Draft) -> None:
    if access.channel.type not in TEXT_LIKE:
        raise NotATextChannel
    needed = _SEND
    if draft.tts:
        needed |= _SEND_TTS
    if draft.has_embeds:
        needed |= _EMBED_LINKS
    access.require(needed)


def _refusal(error: DomainError) -> RefusedMessage:
    return RefusedMessage(
        code=error.limit_code if isinstance(error, LimitReached) else error.code,
        message=error.text,
        errors=nest_fields(error.fields) if isinstance(error, Invalid | NotBuilt) and error.fields else None,
        retry_after=round(error.retry_after_s, 3) if isinstance(error, RateLimited) else None,
    )
