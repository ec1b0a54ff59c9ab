"""What operators want of a cluster's shard map (`core.shards.interfaces`)."""

from sqlalchemy import Column, Integer, Table, Text

from core.store.sql.schema.metadata import metadata

shard_pins = Table(
    "shard_pins",
    metadata,
    Column("shard", Integer, primary_key=True, autoincrement=False),
    Column("worker", Text, nullable=False),
)
"""The shards that shall be at a certain worker."""

drained_workers = Table("drained_workers", metadata, Column("worker", Text, primary_key=True))
"""The workers that shall have no shards."""
