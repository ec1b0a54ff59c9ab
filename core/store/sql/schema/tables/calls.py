"""Calls in private channels, while they last."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Table, Text, text

from core.domain.channels.call import Ring
from core.domain.channels.peering import Peering
from core.store.sql.schema.columns import JsonStruct, JsonTuple
from core.store.sql.schema.metadata import metadata

calls = Table(
    "calls",
    metadata,
    Column("channel_id", BigInteger, ForeignKey("channels.id", ondelete="CASCADE"), primary_key=True),
    Column("starter_id", BigInteger, nullable=False),
    Column("message_id", BigInteger, nullable=False),
    Column("participant_ids", JsonTuple(int), nullable=False),
    Column("rings", JsonTuple(Ring), nullable=False),
    Column("next_end_ms", BigInteger, nullable=False),
    Column("ended_ms", BigInteger, nullable=False),
    Column("region", Text),
    Column("peering", JsonStruct(Peering)),
    Index(
        "ix_calls_next_end_ms",
        "next_end_ms",
        sqlite_where=text("next_end_ms > 0"),
        postgresql_where=text("next_end_ms > 0"),
    ),
    sqlite_with_rowid=False,
)
