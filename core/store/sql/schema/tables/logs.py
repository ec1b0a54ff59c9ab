"""The shards' logs: of an embedded server itself, of a cluster what is on its way to Redis."""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table

from core.store.sql.schema.columns import Snowflake
from core.store.sql.schema.metadata import metadata

log = Table(
    "log",
    metadata,
    Column("position", Snowflake, primary_key=True, autoincrement=False),
    Column("shard", Integer, nullable=False),
    Column("envelope_id", BigInteger, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("envelope", LargeBinary, nullable=False),
    Column("revision", BigInteger, nullable=False, server_default="0"),
    Index("uq_log_shard_position", "shard", "position", unique=True),
)
"""The shards' logs. One counter for all shards, so a shard's positions grow but have gaps."""

log_trims = Table(
    "log_trims",
    metadata,
    Column("shard", Integer, primary_key=True, autoincrement=False),
    Column("position", BigInteger, nullable=False),
)
"""The last position of each shard that was trimmed away."""

log_heads = Table(
    "log_heads",
    metadata,
    Column("shard", Integer, primary_key=True, autoincrement=False),
    Column("n", BigInteger, nullable=False),
)
"""The newest revision of each shard, in a cluster. A unit of work holds the rows of its shards while it commits."""

outbox = Table(
    "outbox",
    metadata,
    Column("shard", Integer, primary_key=True, autoincrement=False),
    Column("n", BigInteger, primary_key=True, autoincrement=False),
    Column("owner_id", BigInteger, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("envelope", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
"""The events of a cluster's units of work by shard and revision, until the shard's log has had them for a while."""
