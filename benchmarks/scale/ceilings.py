"""How many connections fit until something is full, and what that is.

More connections never need less of anything, so the largest number that fits is found by halving an interval.
"""

from enum import StrEnum
from typing import Final

import msgspec

from benchmarks.scale.costs import Costs
from benchmarks.scale.designs import Design, Machines
from benchmarks.scale.mix import Mix
from benchmarks.scale.model import Needs, compute_needs

_MOST: Final = 1e9
"""More connections than there are people who chat."""
_EXACT: Final = 1.001
"""The ratio of the two ends at which the halving stops."""


class Resource(StrEnum):
    """What may be full."""

    REDIS = "Redis: one core appends and publishes for all"
    POSTGRES = "PostgreSQL: one database commits all acks"
    APIS = "API processes: following the logs fills each of them"
    WORKERS = "workers: following the logs, or their links, fills each of them"


class Ceiling(msgspec.Struct, kw_only=True, frozen=True):
    """The most connections that fit, and what is full with more of them. None: nothing, below a thousand million."""

    connections: float
    resource: Resource | None


def list_full(needs: Needs, design: Design) -> set[Resource]:
    """Return what so much is too much for, with this design."""
    found = set()
    if needs.workers is None:
        found.add(Resource.WORKERS)
    if needs.apis is None:
        found.add(Resource.APIS)
    if not design.many_lanes and (needs.redis_cores is None or needs.redis_cores > 1):
        found.add(Resource.REDIS)
    if not design.many_databases and needs.postgres_machines > 1:
        found.add(Resource.POSTGRES)
    return found


def find_ceiling(mix: Mix, *, costs: Costs, design: Design, machines: Machines) -> Ceiling:
    """Return the number of connections at which the first thing is full."""

    def look(connections: float) -> set[Resource]:
        return list_full(compute_needs(connections, mix, costs=costs, design=design, machines=machines), design)

    if not look(_MOST):
        return Ceiling(connections=_MOST, resource=None)
    low, high = 1.0, _MOST
    while high / low > _EXACT:
        middle = (low * high) ** 0.5
        low, high = (low, middle) if look(middle) else (middle, high)
    return Ceiling(connections=low, resource=min(look(high)))
