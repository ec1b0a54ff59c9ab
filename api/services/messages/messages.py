"""The sending of messages, shared by REST and the socket.

    body -> draft (message_forms) -> rights -> what it mentions and answers -> door (core.door) -> encode, store

The door has the limits and the nonces, and makes the id. Nothing is awaited between that and giving the message to the
store, so a channel's dispatches come in the order of their ids, with any number of senders. A door that knows of
rights that have changed since they were checked sends the message back to the check.
"""

from typing import Final

import msgspec
from prometheus_client import Counter

from api.forms.field_errors import nest_fields
from api.forms.form import Form
from api.services.access import ChannelAccess
from api.services.caller import Caller
from api.services.directs.direct_sends import DirectSends
from api.services.entity_cache import EntityCache
from api.services.files.attachments import AttachmentService
from api.services.files.incoming_files import IncomingFiles
from api.services.messages.content.checked_message import (
    CheckedMessage,
    check_voice,
    opening_of,
    require_send_rights,
    resolve_checked,
)
from api.services.messages.content.message_forms import CreateMessage, Draft, ForwardSource, Reply, parse_draft
from api.services.messages.content.message_mentions import resolve_mentions
from api.services.messages.first_messages import FirstMessages
from api.services.messages.forwards import Forwards
from api.services.messages.message_events import message_created
from api.services.messages.pages.message_cache import MessageCache
from api.services.messages.pages.message_renderer import EncodedMessage, MessageRenderer
from api.services.previews.previews import PreviewService
from core.domain.channels.channel import TEXT_LIKE, ChannelType
from core.domain.errors import (
    DomainError,
    Invalid,
    LimitReached,
    NotBuilt,
    RateLimited,
    ReplyWithoutHistory,
    StaleRights,
    Unavailable,
    VoiceMessageFiles,
    invalid_field,
)
from core.domain.guilds.permissions import Permission
from core.domain.messages.message import WRITTEN, ResolvedMessage
from core.door.interfaces import Door, Permit
from core.live.interfaces import Standing
from core.runtime.clock import Clock
from core.runtime.metrics.metrics import Metrics
from core.wire.objects.messages.hidden_content import has_quotes, hide_content
from core.wire.socket_message import RefusedMessage, SentMessage

_READ_HISTORY: Final = int(Permission.READ_MESSAGE_HISTORY)

_MAX_CHECKS: Final = 10
"""Each failed one means that rights in the guild have changed during a check, which takes milliseconds."""

_TO_SYSTEM: Final = "REPLIES_CANNOT_REPLY_TO_SYSTEM_MESSAGE"

_create_message: Final = Form(CreateMessage)


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """A message that is stored and told."""

    encoded: EncodedMessage
    guild_id: int
    message_id: int
    is_new: bool
    """False for a repeat, whose first message this is."""
    standing: Standing | None
    """The standing of the author's next message. None when limits are off."""

    def answer_for(self, author: Caller) -> bytes:
        """Return the message in JSON. Who may not see content is not shown that of quoted messages either."""
        answer = self.encoded.answer
        if author.sees_content or not has_quotes(answer):
            return answer
        return hide_content(answer, author.user_id, is_direct=not self.guild_id)


class MessageService:
    """Sends messages."""

    __slots__ = (
        "_attachments",
        "_clock",
        "_counters",
        "_directs",
        "_door",
        "_entities",
        "_firsts",
        "_forwards",
        "_latency",
        "_messages",
        "_previews",
        "_renderer",
    )

    def __init__(  # noqa: PLR0913 - what a send passes through
        self,
        *,
        entities: EntityCache,
        directs: DirectSends,
        messages: MessageCache,
        attachments: AttachmentService,
        firsts: FirstMessages,
        forwards: Forwards,
        renderer: MessageRenderer,
        door: Door,
        previews: PreviewService,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._entities = entities
        self._directs = directs
        self._messages = messages
        self._attachments = attachments
        self._firsts = firsts
        self._forwards = forwards
        self._renderer = renderer
        self._door = door
        self._previews = previews
        self._clock = clock
        # A lookup of a child by its labels costs more than the count.
        self._counters: dict[int, Counter] = {
            kind: metrics.api.messages_sent_total.labels(str(int(kind))) for kind in TEXT_LIKE
        }
        self._latency = metrics.api.message_latency_seconds

    async def send(
        self, user_id: int, channel_id: int, form: CreateMessage, files: IncomingFiles | None = None
    ) -> Sent:
        """Send a message, with the files that came with it, or find the first one with its nonce.

        Raises:
            Invalid, NotBuilt: as `parse_draft`. UnknownChannel, MissingAccess, Forbidden: without the right to send.
            NotVerified: for newcomers. NotATextChannel, ForumMessage: in categories and forums.
            RateLimited, SlowMode: when a limit is used up.
            Invalid, LimitReached, TooLarge: for files. SystemMessageAction, Forbidden: as `Forwards.make`.
            Unavailable: when the door or the store is.
        """
        has_files = files is not None and bool(files.files)
        draft = parse_draft(form, has_files=has_files)
        if draft.has_embeds:
            draft = msgspec.structs.replace(draft, embeds=self._previews.link_pictures(draft.embeds))
        if not has_files and not draft.wanted:
            if draft.is_voice:
                raise VoiceMessageFiles
            if draft.source is not None:
                return await self._forward(user_id, channel_id, draft, draft.source)
            return await self._send(user_id, channel_id, draft)
        async with self._attachments.attach(user_id, channel_id, draft.wanted, files) as attached:
            draft = msgspec.structs.replace(draft, attachments=attached.attachments)
            if draft.is_voice:
                check_voice(draft.attachments)
            sent = await self._send(user_id, channel_id, draft)
            if sent.is_new:
                await attached.use(sent.message_id)
            return sent

    async def _forward(self, user_id: int, channel_id: int, draft: Draft, source: ForwardSource) -> Sent:
        async with self._forwards.make(user_id, channel_id, source) as (forward, copied):
            sent = await self._send(user_id, channel_id, msgspec.structs.replace(draft, forward=forward))
            if sent.is_new:
                await copied.use(sent.message_id)
            return sent

    async def _send(self, user_id: int, channel_id: int, draft: Draft) -> Sent:
        started_s = self._clock.monotonic_s()
        for _ in range(_MAX_CHECKS):
            checked = await self._check(user_id, channel_id, draft)
            try:
                sent = await self._pass(checked)
            except StaleRights:
                continue
            if sent.is_new:
                self._previews.note(channel_id, sent.message_id, draft.content, user_id, draft.embeds)
                if checked.access.channel.type == ChannelType.DM:
                    await self._directs.look_again(channel_id)
                self._counters[checked.access.channel.type].inc()
                self._latency.observe(self._clock.monotonic_s() - started_s)
            return sent
        raise Unavailable

    async def send_from_gateway(self, user_id: int, channel_id: int, body: bytes) -> SentMessage | RefusedMessage:
        """Send a message that came over the socket. `body` is that of REST."""
        try:
            sent = await self.send(user_id, channel_id, _create_message.decode(body))
        except DomainError as error:
            return _refusal(error)
        return SentMessage(payload=sent.encoded.dispatch, guild_id=sent.guild_id, is_new=sent.is_new)

    async def _check(self, user_id: int, channel_id: int, draft: Draft) -> CheckedMessage:
        mark = self._door.mark()
        access = await self._entities.text_access(user_id, channel_id)
        require_send_rights(access, draft)
        shared_guild_id = 0
        if access.guild is None:
            shared_guild_id = await self._directs.require_write(user_id, access.channel)
            await self._directs.open_for_all(access.channel)
        author = access.guild.member.user if access.guild is not None else await self._entities.user(user_id)
        referenced = None if draft.reply is None else await self._find_referenced(access, draft.reply)
        mentions = await resolve_mentions(
            self._entities,
            access,
            content=draft.content,
            allowed=draft.allowed,
            replied_id=None if referenced is None or referenced.message.webhook else referenced.author.id,
        )
        return CheckedMessage(
            draft=draft,
            access=access,
            author=author,
            mentions=mentions,
            referenced=referenced,
            forward_mentions=() if draft.forward is None else await self._renderer.find_mentioned(draft.forward),
            mark=mark,
            shared_guild_id=shared_guild_id,
        )

    async def _pass(self, checked: CheckedMessage) -> Sent:
        """Let the message through the door and store it. Raises StaleRights, RateLimited, SlowMode, Unavailable."""
        access, guild_id = checked.access, checked.access.channel.guild_id
        async with self._door.open(opening_of(checked)) as permit:
            # From here to `add` nothing may be awaited: messages are stored in the order in which their ids are made.
            resolved = resolve_checked(checked, permit.id)
            if permit.is_repeat:
                first = await self._firsts.find(resolved.message)
                shown = await self._firsts.show(access, first)
                return _sent(shown, guild_id, first.id, permit, is_new=False)
            encoded = self._renderer.encode(resolved, None if access.guild is None else access.guild.member)
            events = message_created(access.channel, resolved.message, encoded.dispatch)
            added = await self._messages.add(resolved.message, events)
            if added.is_new:
                return _sent(encoded, guild_id, permit.id, permit, is_new=True)
            permit.first_id = added.message.id
        told = await self._firsts.tell_again(access, added.message)
        return _sent(told, guild_id, added.message.id, permit, is_new=False)

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


def _sent(encoded: EncodedMessage, guild_id: int, message_id: int, permit: Permit, *, is_new: bool) -> Sent:
    return Sent(encoded=encoded, guild_id=guild_id, message_id=message_id, is_new=is_new, standing=permit.standing)


def _refusal(error: DomainError) -> RefusedMessage:
    return RefusedMessage(
        code=error.limit_code if isinstance(error, LimitReached) else error.code,
        message=error.text,
        errors=nest_fields(error.fields) if isinstance(error, Invalid | NotBuilt) and error.fields else None,
        retry_after=round(error.retry_after_s, 3) if isinstance(error, RateLimited) else None,
    )
