"""What the processes on one database share: its numbers, and the numbers of its nodes."""

from sqlalchemy import BigInteger, Boolean, Column, Integer, SmallInteger, Table, Text, false

from core.store.sql.schema.metadata import metadata

cluster = Table(
    "cluster",
    metadata,
    Column("id", Text, primary_key=True),
    Column("num_shards", Integer, nullable=False),
    Column("generation", BigInteger, nullable=False, server_default="0"),
    Column("map_term", BigInteger, nullable=False, server_default="0"),
    Column("is_rebalancing", Boolean, nullable=False, server_default=false()),
)
"""The numbers that all processes on this database share, in one row. `generation` is the newest of the logs of a
cluster, `map_term` that of the shard map's controllers, who move shards about while `is_rebalancing`."""

node_numbers = Table(
    "node_numbers",
    metadata,
    Column("number", SmallInteger, primary_key=True, autoincrement=False),
    Column("holder", Text, nullable=False),
    Column("floor_ms", BigInteger, nullable=False),
)
"""The 1,024 node numbers, all of which are rows from the beginning (`core.store.aggregates.node_numbers`)."""
