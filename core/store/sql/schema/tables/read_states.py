"""How far people have read, and the targets that messages name (`core.domain.messages.read_state`)."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, Table

from core.store.sql.schema.metadata import metadata

read_states = Table(
    "read_states",
    metadata,
    Column("user_id", BigInteger, primary_key=True),
    Column("channel_id", BigInteger, primary_key=True),
    Column("last_read_id", BigInteger, nullable=False),
    Column("counted_id", BigInteger, nullable=False),
    Column("given_count", Integer, nullable=False),
    Column("last_pin_ms", BigInteger, nullable=False),
    Column("flags", BigInteger, nullable=False),
    Column("last_viewed", BigInteger),
    Column("version", BigInteger, nullable=False),
    Column("marked_id", BigInteger, nullable=False, server_default="0"),
    sqlite_with_rowid=False,
)
"""`given_count` stands for the messages from `last_read_id` up to `counted_id`; mentions after that are counted. A
manual ack, or the forgetting of the state, was made at `marked_id`: what its author sent before moves no place. No
foreign keys, because a message marks its channel as read for its author."""

followed_logs = Table(
    "followed_logs",
    metadata,
    Column("shard", Integer, primary_key=True, autoincrement=False),
    Column("position", BigInteger, nullable=False),
)
"""The position in each shard's log up to which messages have moved the places of their authors."""

mentions = Table(
    "mentions",
    metadata,
    Column("target_id", BigInteger, primary_key=True, autoincrement=False),
    Column("channel_id", BigInteger, primary_key=True, autoincrement=False),
    Column("message_id", BigInteger, primary_key=True, autoincrement=False),
    Column("guild_id", BigInteger, nullable=False),
    Column("author_id", BigInteger, nullable=False),
    Column("is_ping", Boolean, nullable=False),
    Index("ix_mentions_message_id", "message_id"),
    sqlite_with_rowid=False,
)
"""A row for each target that a message names, whoever has read it. Those of a target in a channel lie together, the
oldest first; the index finds those of a message, and the oldest of all."""

dismissed_mentions = Table(
    "dismissed_mentions",
    metadata,
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("message_id", BigInteger, primary_key=True, autoincrement=False),
    Index("ix_dismissed_mentions_message_id", "message_id"),
    sqlite_with_rowid=False,
)
"""The messages that people have taken out of the list of their mentions."""
