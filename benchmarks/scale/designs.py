"""How the cluster is built: as today, and with each step that removes what is full first."""

from typing import Final

import msgspec


class Design(msgspec.Struct, kw_only=True, frozen=True):
    """What may be many, and who hears what."""

    name: str
    own_shards: bool = False
    """A process follows the logs of the shards that it serves. Today each process follows all."""
    many_lanes: bool = False
    """A shard's keys are in one of several Redis, its lane. Today one Redis has all shards."""
    many_databases: bool = False
    """Rows are in several databases, by the user or guild that owns them. Today there is one PostgreSQL."""
    link_trees: bool = False
    """Workers form groups, and a frame for many goes once to a group. Today each two workers have a link."""


TODAY: Final = Design(name="as built")
_OWN: Final = Design(name="+ own shards only", own_shards=True)
_LANES: Final = Design(name="+ lanes by shard", own_shards=True, many_lanes=True)
_DATABASES: Final = Design(name="+ databases by owner", own_shards=True, many_lanes=True, many_databases=True)
WHOLE: Final = Design(name="+ link trees", own_shards=True, many_lanes=True, many_databases=True, link_trees=True)
STEPS: Final = (TODAY, _OWN, _LANES, _DATABASES, WHOLE)
"""Each step removes what is full first after the one before it, with the typical mix."""


class Machines(msgspec.Struct, kw_only=True, frozen=True):
    """How full things may be, and how large machines are: assumptions."""

    core_use: float = 0.6
    """The part of a core that is planned for; the rest is for storms and for what others leave behind."""
    sessions_of_worker: int = 50_000
    """The most sessions of a worker, all of which come back at once when it dies. Measured are 15,000."""
    cassandra_cores: int = 8
    cassandra_use: float = 0.5
    """Compaction and repair need the rest."""
    copies: int = 3
    """The copies of a message in Cassandra, `cassandra.replication`."""
    postgres_cores: int = 32
    log_lifetime_s: float = 600
    """`redis.log_lifetime_s`."""
    kernel_kib: float = 8
    """The kernel's memory of a quiet TCP connection."""
    heartbeat_s: float = 41.25
    """`gateway.heartbeat_interval_s`."""
    statuses_per_s: float = 2
    """What each side of a quiet link says."""
    shard_followers: int = 3
    """The processes that follow a shard when each follows its own: a home, and two API processes."""


USUAL: Final = Machines()
