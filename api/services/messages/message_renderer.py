"""From stored messages to what is shown: authors, mentioned users and replied-to messages filled in, and encoded.

A message that is being sent is encoded once: the dispatch is the answer's bytes with `guild_id` and `member` put before
the closing brace. Only one that mentions members is encoded again, with their memberships. `core.wire.objects.message.render_message_dispatch` says what the result must equal; a test compares.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec
from cachetools import LRUCache

from api.services.entity_cache import EntityCache
from api.services.messages.message_cache import MessageCache, Page
from core.domain.member import Member
from core.domain.message import Message, MessageType, ResolvedMessage
from core.domain.user import User
from core.wire.objects.member import render_member
from core.wire.objects.message import MessageObject, render_mentions, render_message
from core.wire.objects.user import UserObject, render_user

_MAX_AUTHORS: Final = 10_000
"""A few MiB."""

_encode: Final = msgspec.json.Encoder().encode


class EncodedMessage(msgspec.Struct, frozen=True):
    """A message as JSON: `answer` for REST, `dispatch` for MESSAGE_CREATE and MESSAGE_UPDATE."""

    answer: bytes
    dispatch: msgspec.Raw


class MessageRenderer:
    """Reads what it takes to show messages."""

    __slots__ = ("_authors", "_entities", "_messages", "_users")

    def __init__(self, *, entities: EntityCache, messages: MessageCache) -> None:
        self._entities = entities
        self._messages = messages
        self._authors: LRUCache[tuple[int, int], tuple[Member, bytes]] = LRUCache(_MAX_AUTHORS)
        """By guild and user: the membership that was encoded last, and its JSON. Most senders send again."""
        self._users: LRUCache[int, tuple[User, msgspec.Raw]] = LRUCache(_MAX_AUTHORS)
        """The same of users."""

    async def resolve(self, message: Message) -> ResolvedMessage:
        """One message."""
        return (await self.resolve_all([message]))[0]

    async def resolve_for_dispatch(self, message: Message) -> ResolvedMessage:
        """One message, with the memberships that its event shows."""
        resolved = await self.resolve(message)
        if not message.guild_id or not resolved.mentions:
            return resolved
        members = await self._entities.members(message.guild_id, [user.id for user in resolved.mentions])
        return msgspec.structs.replace(resolved, mentioned_members=members)

    async def resolve_quoted(self, message: Message) -> ResolvedMessage:
        """One message as it is shown inside a reply to it: without what it answers itself."""
        return build_resolved(message, await self._entities.users(_user_ids([message])))

    async def resolve_all(
        self, messages: Sequence[Message], referenced: dict[int, Message | None] | None = None
    ) -> list[ResolvedMessage]:
        """Several of one channel, in their order. Replied-to messages are looked for in `referenced` and left there."""
        replied = {} if referenced is None else referenced
        here = {message.id: message for message in messages}
        for message in messages:
            target = message.reference_id
            if target is not None and target not in here and target not in replied:
                replied[target] = await self._messages.find(message.channel_id, target)
        known = {**replied, **here}
        quoted = (known[message.reference_id] for message in messages if message.reference_id is not None)
        shown = [*messages, *(message for message in quoted if message is not None)]
        users = await self._entities.users(_user_ids(shown))
        return [_build_resolved(message, users, known) for message in messages]

    async def encode_page(self, messages: Sequence[Message], page: Page) -> bytes:
        """A JSON list of messages of the page, as `encode_messages`.

        A message that shows nobody but its author is encoded for its first reader, and again when the author has changed.
        """
        users = await self._entities.users({message.author_id for message in messages})
        found = [page.find_encoded(message, users.get(message.author_id)) for message in messages]
        wanted = [message for message, encoded in zip(messages, found, strict=True) if encoded is None]
        made: dict[int, bytes] = {}
        for resolved in await self.resolve_all(wanted, page.referenced) if wanted else ():
            made[resolved.message.id] = encoded = encode_message(resolved)
            page.keep_encoded(resolved, encoded)
        parts = [encoded or made[message.id] for message, encoded in zip(messages, found, strict=True)]
        return b"[%b]" % b",".join(parts)

    def encode(self, resolved: ResolvedMessage, member: Member | None, *, with_nonce: bool = True) -> EncodedMessage:
        """Answer and dispatch; `member` is the author's membership, None outside guilds or when it has ended."""
        rendered = _render(resolved, with_nonce=with_nonce, author=self._encode_author(resolved.author))
        answer = shown = _encode(rendered)
        guild_id = resolved.message.guild_id
        if not guild_id:
            return EncodedMessage(answer, msgspec.Raw(answer))
        if resolved.mentioned_members:
            rendered.mentions = render_mentions(resolved)
            shown = _encode(rendered)
        rest = b"}" if member is None else b',"member":%b}' % self._encode_member(member)
        return EncodedMessage(answer, msgspec.Raw(b'%b,"guild_id":"%d"%b' % (shown[:-1], guild_id, rest)))

    def _encode_author(self, user: User) -> Any:
        """As the field's type, which the encoder does not look at."""
        known = self._users.get(user.id)
        if known is not None and known[0] is user:
            return known[1]
        encoded = msgspec.Raw(_encode(render_user(user)))
        self._users[user.id] = (user, encoded)
        return encoded

    def _encode_member(self, member: Member) -> bytes:
        key = (member.guild_id, member.user.id)
        known = self._authors.get(key)
        if known is not None and known[0] is member:
            return known[1]
        encoded = _encode(render_member(member, with_user=False))
        self._authors[key] = (member, encoded)
        return encoded


def _user_ids(messages: Iterable[Message]) -> set[int]:
    ids: set[int] = set()
    for message in messages:
        ids.add(message.author_id)
        ids.update(message.mention_ids)
    return ids


def _build_resolved(
    message: Message, users: Mapping[int, User], known: Mapping[int, Message | None]
) -> ResolvedMessage:
    quoted = None if message.reference_id is None else known[message.reference_id]
    return build_resolved(message, users, None if quoted is None else build_resolved(quoted, users))


def build_resolved(
    message: Message, users: Mapping[int, User], referenced: ResolvedMessage | None = None
) -> ResolvedMessage:
    """The resolved of a message whose people are at hand; a mentioned user who is gone is left out."""
    author = users.get(message.author_id) or User(id=message.author_id, username="deleted-user")
    mentions = tuple(users[user_id] for user_id in message.mention_ids if user_id in users)
    return ResolvedMessage(message=message, author=author, mentions=mentions, referenced=referenced)


def encode_message(resolved: ResolvedMessage) -> bytes:
    """The REST object, without the nonce: for whoever reads history."""
    return _encode(_render(resolved, with_nonce=False))


def encode_messages(renderer: Sequence[ResolvedMessage]) -> bytes:
    """A JSON list of REST objects."""
    return _encode([_render(resolved, with_nonce=False) for resolved in renderer])


def _render(resolved: ResolvedMessage, *, with_nonce: bool, author: UserObject | None = None) -> MessageObject:
    rendered = render_message(resolved, with_nonce=with_nonce, author=author)
    if resolved.referenced is not None and resolved.referenced.message.type == MessageType.REPLY:
        # A reply inside a reply is shown without what it answers: one level is all that clients show.
        nested = rendered.referenced_message
        if nested is not None and not isinstance(nested, msgspec.UnsetType):
            nested.referenced_message = msgspec.UNSET
    return rendered
