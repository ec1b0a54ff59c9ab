"""Entities with sensible values for all fields that a test does not set."""

from typing import Any

import msgspec

from core.domain.channels.channel import Channel, ChannelType
from core.domain.events import Audience
from core.domain.guilds.guild import Guild
from core.domain.guilds.member import Invite
from core.domain.guilds.role import Role
from core.domain.guilds.webhook import Webhook, WebhookAuthor
from core.domain.ids import snowflake_at
from core.domain.messages.attachment import Attachment, StoredFile
from core.domain.messages.call_note import CallNote
from core.domain.messages.crosspost import Source
from core.domain.messages.forward import Forward
from core.domain.messages.message import Message
from core.domain.messages.poll import Poll, PollAnswer
from core.domain.people.user import Account, AuthSession, User
from core.store.interfaces import Store
from core.wire.envelope import Envelope
from tests.fakes.clock import START_MS


def flake(number: int) -> int:
    """Return a snowflake of the fake clock's first instant. Larger numbers are newer."""
    return snowflake_at(START_MS) + number


def flake_at(seconds: float, number: int = 0) -> int:
    """Return a snowflake made `ms` after the fake clock's first instant, or before it when negative."""
    return snowflake_at(START_MS + round(seconds * 1000)) + number


def new_account(number: int, **fields: Any) -> Account:
    """Make a person named `user<number>`, with fields of the user and of the account."""
    private = {name: fields.pop(name) for name in ("email", "password_hash", "birth_date") if name in fields}
    return Account(user=User(**{"id": flake(number), "username": f"user{number}", **fields}), **private)


def new_auth_session(number: int, user_id: int, **fields: Any) -> AuthSession:
    """Make a login."""
    values = {"token_hash": number.to_bytes(32, "big"), "created_ms": START_MS, "last_used_ms": START_MS}
    return AuthSession(id=flake(number), user_id=user_id, **{**values, **fields})


def new_guild(number: int, **fields: Any) -> Guild:
    """Make a guild. Its owner need not exist."""
    return Guild(**{"id": flake(number), "name": f"guild{number}", "owner_id": flake(1), **fields})


def new_role(number: int, guild_id: int, **fields: Any) -> Role:
    """Make a role."""
    return Role(id=flake(number), guild_id=guild_id, **{"name": f"role{number}", **fields})


def new_channel(number: int, guild_id: int = 0, **fields: Any) -> Channel:
    """Make a text channel."""
    return Channel(id=flake(number), guild_id=guild_id, **{"type": int(ChannelType.TEXT), "name": "text", **fields})


def new_direct_channel(number: int, *user_ids: int) -> Channel:
    """Make a direct-message channel."""
    return Channel(id=flake(number), type=int(ChannelType.DM), recipient_ids=user_ids)


def new_invite(code: str, guild_id: int, channel_id: int, **fields: Any) -> Invite:
    """Make an invite."""
    return Invite(code=code, guild_id=guild_id, channel_id=channel_id, **{"created_ms": START_MS, **fields})


def new_message(message_id: int, channel_id: int, **fields: Any) -> Message:
    """Make a message."""
    return Message(id=message_id, channel_id=channel_id, **{"author_id": flake(1), "content": "hello", **fields})


FULL_ATTACHMENT = Attachment(
    id=snowflake_at(START_MS) + 37,
    filename="SPOILER_ä.png",
    size=1 << 33,
    content_type="image/png",
    title="Ä",
    description="a picture \0 'quoted'",
    width=640,
    height=480,
    duration_s=1.5,
    waveform="AAAA",
    flags=8,
)
"""An attachment with a value in every field."""

FULL_FORWARD = Forward(
    message_id=snowflake_at(START_MS) + 36,
    channel_id=snowflake_at(START_MS) + 35,
    guild_id=snowflake_at(START_MS) + 34,
    created_ms=START_MS - 5,
    edited_ms=START_MS - 4,
    type=19,
    content="Ünï 🐙\n\0 'quoted' \"double\"",
    embeds=msgspec.Raw(b'[{"title":"x","color":1}]'),
    attachments=(FULL_ATTACHMENT, Attachment(id=snowflake_at(START_MS) + 33, filename="b", size=0)),
    mention_ids=(snowflake_at(START_MS) + 32, 2),
    mention_role_ids=(snowflake_at(START_MS) + 31,),
    flags=(1 << 63) - 1,
)
"""A forward with a value in every field."""


FULL_WEBHOOK = WebhookAuthor("Ünï 🐙 'quoted'", "a_0123456789abcdef")
"""A webhook's part of a message, with a value in every field."""

FULL_SOURCE = Source(
    channel_id=snowflake_at(START_MS) + 30,
    guild_id=snowflake_at(START_MS) + 29,
    message_id=snowflake_at(START_MS) + 28,
    version=7,
    file_ids=(snowflake_at(START_MS) + 27, 3),
)
"""The source of a copy, with a value in every field."""


FULL_POLL = Poll(
    question="Ünï 🐙 'quoted'", answers=(PollAnswer("yes", "🐙"), PollAnswer("no")), hours=768, allow_multiselect=True
)
"""A poll with a value in every field."""


FULL_CALL = CallNote(participant_ids=(snowflake_at(START_MS) + 26, 2), ended_ms=1 << 41)
"""What a message says of a call, with a value in every field."""


def new_webhook(number: int, guild_id: int, channel_id: int, **fields: Any) -> Webhook:
    """Make a webhook that follows a channel of another guild."""
    values = {"user_id": flake(1), "name": "webhook", "source_guild_id": flake(90), "source_channel_id": flake(91)}
    return Webhook(id=flake(number), guild_id=guild_id, channel_id=channel_id, **{**values, **fields})


def new_file(number: int, **fields: Any) -> StoredFile:
    """Make the row of a file that may come."""
    values = {"channel_id": flake(30), "guild_id": flake(10), "user_id": flake(1), "filename": "a.bin", "size": 5}
    return StoredFile(id=flake(number), **{**values, "expires_ms": START_MS + 60_000, **fields})


def new_envelope(envelope_id: int, guild_id: int = 0, event: str = "TEST", **fields: Any) -> Envelope:
    """Make an event for a guild's sessions, or for a user's when `user_id` is given."""
    audience = Audience.GUILD if guild_id else Audience.USER
    values = {"audience": audience, "payload": msgspec.Raw(b'{"n":%d}' % envelope_id), "guild_id": guild_id}
    return Envelope(id=envelope_id, event=event, **{**values, **fields})


def message_created(message: Message) -> Envelope:
    """Make the event of a new message."""
    guild_id = message.guild_id or flake(100)
    return new_envelope(message.id, guild_id, "MESSAGE_CREATE", channel_id=message.channel_id)


async def add_guild(store: Store, number: int, *, owner: int = 1, **fields: Any) -> Guild:
    """Store a guild with its @everyone role. The owner `user<owner>` is created if it is missing, and joins."""
    guild = new_guild(number, owner_id=flake(owner), **fields)
    async with store.write(users=[guild.owner_id], guilds=[guild.id]) as tx:
        if await tx.users.find(guild.owner_id) is None:
            await tx.users.create(new_account(owner))
        await tx.guilds.create(guild)
        await tx.roles.create(Role(id=guild.id, guild_id=guild.id, name="@everyone"))
        await tx.members.add(guild.id, guild.owner_id, joined_ms=START_MS)
    return guild


async def add_users(store: Store, *numbers: int) -> list[User]:
    """Store people."""
    accounts = [new_account(number) for number in numbers]
    async with store.write(users=[account.user.id for account in accounts]) as tx:
        await tx.users.create_many(accounts)
    return [account.user for account in accounts]
