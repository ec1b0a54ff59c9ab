"""Relationships of people."""

from sqlalchemy import BigInteger, Column, ForeignKey, SmallInteger, Table, Text

from core.store.sql.schema.metadata import metadata

relationships = Table(
    "relationships",
    metadata,
    Column("user_id", BigInteger, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("other_id", BigInteger, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True),
    Column("type", SmallInteger, nullable=False),
    Column("nickname", Text),
    Column("since_ms", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""Each side of a pair is a row (`core.domain.people.relationship`)."""
