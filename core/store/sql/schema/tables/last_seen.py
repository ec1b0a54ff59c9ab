"""When people were last seen, of those who want that kept."""

from sqlalchemy import BigInteger, Column, ForeignKey, SmallInteger, Table

from core.store.sql.schema.metadata import metadata

last_seen = Table(
    "last_seen",
    metadata,
    Column("user_id", BigInteger, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("seen_by", SmallInteger, nullable=False),
    Column("seen_ms", BigInteger),
)
