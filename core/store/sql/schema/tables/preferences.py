"""What people have set for themselves."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, LargeBinary, Table, Text, false

from core.store.sql.schema.metadata import metadata

user_settings = Table(
    "user_settings",
    metadata,
    Column("user_id", BigInteger, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("changed", Text, nullable=False),
    Column("preloaded_proto", LargeBinary, nullable=False),
    Column("frecency_proto", LargeBinary, nullable=False),
    Column("notification_flags", BigInteger, nullable=False),
    Column("pronouns", Text, nullable=False),
    Column("read_receipts", Boolean, nullable=False, server_default=false()),
    Column("peer_to_peer", Boolean, nullable=False, server_default=false()),
)

guild_settings = Table(
    "guild_settings",
    metadata,
    Column("user_id", BigInteger, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("guild_id", BigInteger, primary_key=True),  # 0: direct messages
    Column("entry", Text, nullable=False),
    Column("version", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

notes = Table(
    "notes",
    metadata,
    Column("user_id", BigInteger, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("about_id", BigInteger, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True),
    Column("note", Text, nullable=False),
    sqlite_with_rowid=False,
)
