"""The applications that bots belong to."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Table, Text

from core.store.sql.schema.columns import JsonTuple, Snowflake
from core.store.sql.schema.metadata import metadata

applications = Table(
    "applications",
    metadata,
    Column("id", Snowflake, primary_key=True, autoincrement=False),
    Column("owner_id", BigInteger, ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("icon", Text),
    Column("bot_id", BigInteger, ForeignKey("users.id", ondelete="SET NULL"), unique=True),
    Column("bot_public", Boolean, nullable=False),
    Column("bot_require_code_grant", Boolean, nullable=False),
    Column("verify_key", Text, nullable=False),
    Column("flags", BigInteger, nullable=False),
    Column("tags", JsonTuple(str), nullable=False),
    Column("interactions_endpoint_url", Text),
    Column("role_connections_verification_url", Text),
)
