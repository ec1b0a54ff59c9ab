"""The rendering of stored messages: their authors, mentioned users and answered messages are resolved, then encoded.

A sent message is encoded once: the dispatch is the answer's bytes with `guild_id` and `member` put before the closing
brace. Only a message that mentions members is encoded again, with their memberships. The result equals what
`core.wire.objects.messages.message.render_message_dispatch` makes; a test compares the two.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec
from cachetools import LRUCache

from api.services.entity_cache import EntityCache
from api.services.messages.pages.message_cache import MessageCache
from api.services.messages.pages.message_page import Page
from core.domain.guilds.member import Member
from core.domain.messages.forward import Forward
from core.domain.messages.message import Message, MessageType, ResolvedMessage
from core.domain.people.user import User
from core.wire.objects.guilds.member import render_member
from core.wire.objects.messages.attachment import LinkTo
from core.wire.objects.messages.message import MessageObject, render_mentions, render_message
from core.wire.objects.people.user import UserObject, render_user

_MAX_AUTHORS: Final = 10_000
"""A few MiB."""

_encode: Final = msgspec.json.Encoder().encode


class EncodedMessage(msgspec.Struct, frozen=True):
    """A message as JSON: `answer` for REST, `dispatch` for MESSAGE_CREATE and MESSAGE_UPDATE."""

    answer: bytes
    dispatch: msgspec.Raw


class MessageRenderer:
    """Resolves and encodes messages."""

    __slots__ = ("_authors", "_entities", "_link_to", "_messages", "_users")

    def __init__(self, *, entities: EntityCache, messages: MessageCache, link_to: LinkTo) -> None:
        """`link_to` makes the links to attachments, which are good for a time."""
        self._entities = entities
        self._link_to = link_to
        self._messages = messages
        self._authors: LRUCache[tuple[int, int], tuple[Member, bytes]] = LRUCache(_MAX_AUTHORS)
        """The membership that was encoded last and its JSON, keyed by guild and user id. Most senders send again."""
        self._users: LRUCache[int, tuple[User, msgspec.Raw]] = LRUCache(_MAX_AUTHORS)
        """The user that was encoded last and its JSON, keyed by user id."""

    async def resolve(self, message: Message) -> ResolvedMessage:
        """Resolve one message."""
        return (await self.resolve_all([message]))[0]

    async def resolve_for_dispatch(self, message: Message) -> ResolvedMessage:
        """Resolve one message with the memberships that its event shows."""
        resolved = await self.resolve(message)
        if not message.guild_id or not resolved.mentions:
            return resolved
        members = await self._entities.members(message.guild_id, [user.id for user in resolved.mentions])
        return msgspec.structs.replace(resolved, mentioned_members=members)

    async def resolve_quoted(self, message: Message) -> ResolvedMessage:
        """Resolve a message as a reply to it shows it: without the message that it answers itself."""
        return build_resolved(message, await self._entities.users(_user_ids([message])))

    async def find_mentioned(self, forward: Forward) -> tuple[User, ...]:
        """Find the users that a forwarded message mentions."""
        if not forward.mention_ids:
            return ()
        return _choose_users(forward.mention_ids, await self._entities.users(forward.mention_ids))

    async def resolve_all(self, messages: Sequence[Message], page: Page | None = None) -> list[ResolvedMessage]:
        """Resolve several messages of one channel, in their order. Messages that they answer are kept on the page."""
        known: dict[int, Message | None] = {message.id: message for message in messages}
        quoted = []
        for message in messages:
            if message.reference_id is None:
                continue
            if message.reference_id not in known:
                known[message.reference_id] = await self._find_replied(message, message.reference_id, page)
            quoted.append(known[message.reference_id])
        shown = [*messages, *(message for message in quoted if message is not None)]
        users = await self._entities.users(_user_ids(shown))
        return [_build_resolved(message, users, known) for message in messages]

    async def _find_replied(self, reply: Message, target_id: int, page: Page | None) -> Message | None:
        if page is None:
            return await self._messages.find(reply.channel_id, target_id)
        if target_id not in page.replied:
            found = await self._messages.find(reply.channel_id, target_id)
            page.keep_replied(reply, found)
            return found
        return page.replied[target_id]

    async def encode_one(self, message: Message, page: Page) -> bytes:
        """Return the JSON of a message of the page, as `encode_shown` does."""
        return (await self.encode_page((message,), page))[0]

    async def encode_page(self, messages: Sequence[Message], page: Page) -> list[bytes]:
        """Return the JSON of messages of the page, as `encode_shown` does.

        A message that shows nobody but its author is encoded for its first reader, and again when the author has
        changed.
        """
        users = await self._entities.users({each.author_id for each in messages if each.webhook is None})
        found = [page.find_encoded(message, users.get(message.author_id)) for message in messages]
        wanted = [message for message, encoded in zip(messages, found, strict=True) if encoded is None]
        made: dict[int, bytes] = {}
        for resolved in await self.resolve_all(wanted, page) if wanted else ():
            made[resolved.message.id] = encoded = self.encode_shown(resolved)
            page.keep_encoded(resolved, encoded)
        return [encoded or made[message.id] for message, encoded in zip(messages, found, strict=True)]

    def encode(self, resolved: ResolvedMessage, member: Member | None, *, with_nonce: bool = True) -> EncodedMessage:
        """Encode answer and dispatch. `member` is the author's membership: None outside guilds, or when it ended."""
        author = self._encode_author(resolved.author) if resolved.message.webhook is None else None
        rendered = self._render(resolved, with_nonce=with_nonce, author=author)
        answer = shown = _encode(rendered)
        guild_id = resolved.message.guild_id
        if not guild_id:
            return EncodedMessage(answer, msgspec.Raw(answer))
        if resolved.mentioned_members:
            rendered.mentions = render_mentions(resolved)
            shown = _encode(rendered)
        rest = b"}" if member is None else b',"member":%b}' % self._encode_member(member)
        return EncodedMessage(answer, msgspec.Raw(b'%b,"guild_id":"%d"%b' % (shown[:-1], guild_id, rest)))

    def encode_shown(self, resolved: ResolvedMessage) -> bytes:
        """Return the REST object as JSON. The nonce is left out, as it is meant for the sender alone."""
        return _encode(self._render(resolved, with_nonce=False))

    def encode_list(self, resolved: Sequence[ResolvedMessage]) -> bytes:
        """Return a JSON list of REST objects."""
        return _encode([self._render(each, with_nonce=False) for each in resolved])

    def _render(
        self, resolved: ResolvedMessage, *, with_nonce: bool, author: UserObject | None = None
    ) -> MessageObject:
        rendered = render_message(resolved, with_nonce=with_nonce, author=author, link_to=self._link_to)
        if resolved.referenced is not None and resolved.referenced.message.type == MessageType.REPLY:
            # A reply inside a reply does not show the message that it answers: clients show one level.
            nested = rendered.referenced_message
            if nested is not None and not isinstance(nested, msgspec.UnsetType):
                nested.referenced_message = msgspec.UNSET
        return rendered

    def _encode_author(self, user: User) -> Any:
        """Return the author's JSON. `Any` stands for the field's type, which the encoder does not check."""
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
        if message.webhook is None:
            ids.add(message.author_id)
        ids.update(message.mention_ids)
        if message.forward is not None:
            ids.update(message.forward.mention_ids)
    return ids


def _build_resolved(
    message: Message, users: Mapping[int, User], known: Mapping[int, Message | None]
) -> ResolvedMessage:
    quoted = None if message.reference_id is None else known[message.reference_id]
    return build_resolved(message, users, None if quoted is None else build_resolved(quoted, users))


def build_resolved(
    message: Message, users: Mapping[int, User], referenced: ResolvedMessage | None = None
) -> ResolvedMessage:
    """Resolve a message whose users are at hand. A mentioned user who does not exist any more is left out."""
    author = users.get(message.author_id) or User(id=message.author_id, username="deleted-user")
    return ResolvedMessage(
        message=message,
        author=author,
        mentions=_choose_users(message.mention_ids, users),
        referenced=referenced,
        forward_mentions=() if message.forward is None else _choose_users(message.forward.mention_ids, users),
    )


def _choose_users(user_ids: Iterable[int], users: Mapping[int, User]) -> tuple[User, ...]:
    return tuple(users[user_id] for user_id in user_ids if user_id in users)
