"""Messages of a database that has them, and what belongs to sending them."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, SmallInteger, Table, Text, text

from core.domain.guilds.webhook import WebhookAuthor
from core.domain.messages.attachment import Attachment
from core.domain.messages.call_note import CallNote
from core.domain.messages.crosspost import Source
from core.domain.messages.forward import Forward
from core.domain.messages.poll import Poll
from core.store.sql.schema.columns import JsonStruct, JsonTuple, RawJson, Snowflake, WideInteger
from core.store.sql.schema.metadata import metadata

GONE = -1
"""The version of a message's tombstone."""

messages = Table(
    "messages",
    metadata,
    Column("channel_id", BigInteger, primary_key=True),
    Column("bucket", Integer, primary_key=True),
    Column("id", BigInteger, primary_key=True),
    Column("guild_id", BigInteger, nullable=False),
    Column("author_id", BigInteger, nullable=False),
    Column("type", SmallInteger, nullable=False),
    Column("content", Text, nullable=False),
    Column("tts", Boolean, nullable=False),
    Column("mention_everyone", Boolean, nullable=False),
    Column("mention_ids", JsonTuple(int), nullable=False),
    Column("mention_role_ids", JsonTuple(int), nullable=False),
    Column("embeds", RawJson, nullable=False),
    Column("flags", WideInteger, nullable=False),
    Column("pinned", Boolean, nullable=False),
    Column("edited_ms", BigInteger, nullable=False),
    Column("version", Integer, nullable=False),
    Column("nonce", Text),
    Column("nonce_is_int", Boolean, nullable=False),
    Column("reference_id", BigInteger),
    Column("attachments", JsonTuple(Attachment), nullable=False, server_default="[]"),
    Column("forward", JsonStruct(Forward)),
    Column("webhook", JsonStruct(WebhookAuthor)),
    Column("source", JsonStruct(Source)),
    Column("poll", JsonStruct(Poll)),
    Column("call", JsonStruct(CallNote)),
    Index("ix_messages_author_id_guild_id_id", "author_id", "guild_id", "id"),
    Index("ix_messages_gone", "id", sqlite_where=text("version = -1"), postgresql_where=text("version = -1")),
    sqlite_with_rowid=False,
)
"""Partitioned as in Cassandra, by channel and ten days; no foreign keys, because a deleted guild's messages stay."""

last_messages = Table(
    "last_messages",
    metadata,
    Column("channel_id", Snowflake, primary_key=True, autoincrement=False),
    Column("message_id", BigInteger, nullable=False),
)
"""The newest id ever sent in each channel; deleting the message does not change it."""

nonces = Table(
    "nonces",
    metadata,
    Column("message_id", Snowflake, primary_key=True, autoincrement=False),
    Column("author_id", BigInteger, nullable=False),
    Column("channel_id", BigInteger, nullable=False),
    Column("nonce", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Index("uq_nonces_author_id_channel_id_nonce", "author_id", "channel_id", "nonce", unique=True),
)
"""The index by message id, which grows with time: the oldest are purged from the front."""
