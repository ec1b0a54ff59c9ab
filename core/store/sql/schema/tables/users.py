"""Accounts and their logins."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Integer, LargeBinary, Table, Text

from core.store.sql.schema.columns import BytewiseText, Snowflake
from core.store.sql.schema.metadata import metadata

users = Table(
    "users",
    metadata,
    Column("id", Snowflake, primary_key=True, autoincrement=False),
    Column("username", Text, nullable=False),
    Column("username_fold", BytewiseText, nullable=False, index=True),
    Column("username_key", Text, unique=True),  # people: the folded username; bots: NULL, their names may repeat
    Column("global_name", Text),
    Column("global_name_fold", BytewiseText, index=True),
    Column("avatar", Text),
    Column("banner", Text),
    Column("accent_color", Integer),
    Column("bio", Text, nullable=False),
    Column("bot", Boolean, nullable=False),
    Column("flags", BigInteger, nullable=False),
    Column("locale", Text, nullable=False),
    Column("email", Text),
    Column("email_key", Text, unique=True),
    Column("password_hash", Text),
    Column("birth_date", Text),
)

auth_sessions = Table(
    "auth_sessions",
    metadata,
    Column("id", Snowflake, primary_key=True, autoincrement=False),
    Column("user_id", BigInteger, ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("token_hash", LargeBinary, nullable=False, unique=True),
    Column("created_ms", BigInteger, nullable=False),
    Column("last_used_ms", BigInteger, nullable=False),
    Column("user_agent", Text, nullable=False),
    Column("address", Text, nullable=False),
)
