"""The rows of a stopped server, read with plain SQL: the truth that everything else is compared with."""

import sqlite3
from typing import Any

import msgspec

from core.wire.envelope import Envelope, decode_envelope
from tests.simulation.checks.guild_model import ChannelModel, GuildModel

_decode = msgspec.json.Decoder().decode


class LogEntry(msgspec.Struct, frozen=True):
    """A row of the log."""

    position: int
    created_ms: int
    envelope: Envelope
    d: Any
    """Its payload, decoded."""


class MessageRow(msgspec.Struct, frozen=True):
    """A row of a message."""

    id: int
    channel_id: int
    author_id: int
    content: str
    nonce: str | None


class Rows(msgspec.Struct, frozen=True, kw_only=True):
    """All that the checker reads."""

    log: list[LogEntry]
    messages: dict[int, MessageRow]
    guilds: dict[int, GuildModel]
    committed_ms: dict[int, int] = {}
    """Position → when the entry's rows were committed, where that may be long before it came into the log."""


def read_database(path: str) -> Rows:
    """Read a database."""
    connection = sqlite3.connect(path)
    try:
        return Rows(log=_read_log(connection), messages=_read_messages(connection), guilds=read_guilds(connection))
    finally:
        connection.close()


def _read_log(connection: sqlite3.Connection) -> list[LogEntry]:
    entries = []
    for position, created_ms, data in connection.execute(
        "SELECT position, created_ms, envelope FROM log ORDER BY position"
    ):
        envelope = decode_envelope(data)
        entries.append(LogEntry(position, created_ms, envelope, _decode(envelope.payload)))
    return entries


def _read_messages(connection: sqlite3.Connection) -> dict[int, MessageRow]:
    rows = connection.execute("SELECT id, channel_id, author_id, content, nonce FROM messages")
    return {row[0]: MessageRow(*row) for row in rows}


def read_guilds(connection: sqlite3.Connection) -> dict[int, GuildModel]:
    """Read the guilds with all that the model knows of them."""
    guilds = {
        guild_id: GuildModel(id=guild_id, owner_id=owner_id, name=name, roles={}, channels={}, members={})
        for guild_id, owner_id, name in connection.execute("SELECT id, owner_id, name FROM guilds")
    }
    for role_id, guild_id, permissions in connection.execute("SELECT id, guild_id, permissions FROM roles"):
        guilds[guild_id].roles[role_id] = permissions
    channels = connection.execute("SELECT id, guild_id, name, overwrites FROM channels WHERE guild_id IS NOT NULL")
    for channel_id, guild_id, name, overwrites in channels:
        decoded = {(kind, about): (allow, deny) for about, kind, allow, deny in _decode(overwrites or "[]")}
        guilds[guild_id].channels[channel_id] = ChannelModel(decoded, name)
    for guild_id, user_id in connection.execute("SELECT guild_id, user_id FROM members"):
        guilds[guild_id].members[user_id] = frozenset()
    for guild_id, user_id, role_id in connection.execute("SELECT guild_id, user_id, role_id FROM member_roles"):
        guilds[guild_id].members[user_id] |= {role_id}
    return guilds
