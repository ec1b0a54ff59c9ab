"""The administration of the server: its staff, whom they have suspended, who may register, and what they did."""

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, LargeBinary, String, Table, Text

from core.store.sql.schema.columns import JsonTexts, Snowflake
from core.store.sql.schema.metadata import metadata

staff = Table(
    "staff",
    metadata,
    Column("user_id", Snowflake, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("role", Text, nullable=False),
    Column("since_ms", BigInteger, nullable=False),
)

staff_tokens = Table(
    "staff_tokens",
    metadata,
    Column("id", Snowflake, primary_key=True, autoincrement=False),
    Column("user_id", BigInteger, ForeignKey("staff.user_id", ondelete="CASCADE"), nullable=False, index=True),
    Column("token_hash", LargeBinary, nullable=False, unique=True),
    Column("created_ms", BigInteger, nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
)

suspensions = Table(
    "suspensions",
    metadata,
    Column("user_id", Snowflake, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("actor_id", BigInteger, nullable=False),
    Column("since_ms", BigInteger, nullable=False),
    Column("reason", Text),
)

registration_invites = Table(
    "registration_invites",
    metadata,
    Column("code", String(64).with_variant(String(64, collation="C"), "postgresql"), primary_key=True),
    Column("creator_id", BigInteger, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
    Column("max_uses", Integer, nullable=False),
    Column("uses", Integer, nullable=False),
)

instance_settings = Table(
    "instance_settings",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

instance_log = Table(
    "instance_log",
    metadata,
    Column("id", Snowflake, primary_key=True, autoincrement=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("actor_id", BigInteger, nullable=False, index=True),
    Column("action", Text, nullable=False),
    Column("target", Text, nullable=False, index=True),
    Column("reason", Text),
    Column("details", JsonTexts, nullable=False),
)
