"""Reactions of a database that has the messages."""

from sqlalchemy import BigInteger, Boolean, Column, Table, Text

from core.domain.messages.reaction import ReactionCount
from core.store.sql.schema.columns import JsonTuple
from core.store.sql.schema.metadata import metadata

reactions = Table(
    "reactions",
    metadata,
    Column("channel_id", BigInteger, primary_key=True),
    Column("message_id", BigInteger, primary_key=True),
    Column("emoji", Text, primary_key=True),
    Column("is_burst", Boolean, primary_key=True),
    Column("user_id", BigInteger, primary_key=True),
    Column("id", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""`emoji` is a key (`core.domain.messages.reaction`), `id` the change that has stored the row."""

reaction_counts = Table(
    "reaction_counts",
    metadata,
    Column("channel_id", BigInteger, primary_key=True),
    Column("message_id", BigInteger, primary_key=True),
    Column("counts", JsonTuple(ReactionCount), nullable=False),
    sqlite_with_rowid=False,
)
"""What each message with reactions shows of them, in the same transaction as the rows that are counted."""
