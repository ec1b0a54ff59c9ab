"""The pins of channels."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Table

from core.store.sql.schema.metadata import metadata

pins = Table(
    "pins",
    metadata,
    Column("channel_id", BigInteger, ForeignKey("channels.id", ondelete="CASCADE"), primary_key=True),
    Column("message_id", BigInteger, primary_key=True),
    Column("pinned_ms", BigInteger, nullable=False),
    Index("uq_pins_channel_id_pinned_ms", "channel_id", "pinned_ms", unique=True),
    sqlite_with_rowid=False,
)

pin_changes = Table(
    "pin_changes",
    metadata,
    Column("channel_id", BigInteger, ForeignKey("channels.id", ondelete="CASCADE"), primary_key=True),
    Column("message_id", BigInteger, primary_key=True),
    Column("change_id", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""A row is there for the milliseconds between a change of a pin and that of its message; mostly there is none."""
