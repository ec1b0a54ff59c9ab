"""What a number of connections needs: pure arithmetic over costs, a mix, a design and machines.

```
 mix ──→ rates (events a second) ──× costs──→ work (µs a second) ──÷ a core's budget──→ processes
```

Two things grow with the processes themselves: who follows all logs does so in each process, and links are pairs. So
the number of workers is the smallest that bears its own work: the least fixed point of `workers = work(workers) /
budget`, found by iteration from below, which rises until it holds. When it does not hold below `_MOST`, nothing does.
"""

import math
from collections.abc import Callable
from typing import Final

import msgspec

from benchmarks.scale.costs import Costs
from benchmarks.scale.designs import Design, Machines
from benchmarks.scale.mix import Mix

_MOST: Final = 1_000_000
"""More processes than anybody has."""
_WORD_BITS: Final = 64
_WORD_BYTES: Final = 8
_MICROSECONDS: Final = 1e6


class Rates(msgspec.Struct, kw_only=True, frozen=True):
    """What happens in a second, in the whole cluster."""

    messages: float
    volatile: float
    units: float
    requests: float
    deliveries: float
    heartbeats: float
    logins: float

    @property
    def entries(self) -> float:
        """All that followers of logs hear."""
        return self.messages + self.volatile + self.units


class Needs(msgspec.Struct, kw_only=True, frozen=True):
    """What is needed. None instead of a number: no number is enough."""

    rates: Rates
    workers: int | None
    apis: int | None
    redis_cores: float | None
    """The work of Redis in cores that are as full as planned; each lane has one."""
    log_gib: float
    """The logs of all lanes in memory."""
    cassandra_nodes: int
    postgres_machines: float
    links: int | None
    """Links in the whole cluster."""
    link_frames: float | None
    """Frames that a message makes."""
    worker_mib: float | None
    """Memory of a worker's sessions, with the kernel's."""


def compute_rates(connections: float, mix: Mix, machines: Machines) -> Rates:
    """Multiply a connection's activity."""
    messages = connections * mix.messages_per_s
    return Rates(
        messages=messages,
        volatile=messages * mix.volatile_per_message,
        units=connections * (mix.acks_per_s + mix.units_per_s),
        requests=messages * mix.requests_per_message,
        deliveries=messages * mix.recipients * (1 + mix.other_deliveries),
        heartbeats=connections / machines.heartbeat_s,
        logins=connections * mix.logins_per_s,
    )


def compute_needs(connections: float, mix: Mix, *, costs: Costs, design: Design, machines: Machines) -> Needs:
    """Return what so many connections need."""
    rates = compute_rates(connections, mix, machines)
    workers = _find_workers(connections, rates, mix, costs, design, machines)
    apis = _find_apis(rates, costs, design, machines)
    kept_bytes = (rates.messages + rates.units) * machines.log_lifetime_s * costs.entry.value
    session_kib = costs.session_memory.value + machines.kernel_kib
    is_known = workers is not None and apis is not None
    return Needs(
        rates=rates,
        workers=workers,
        apis=apis,
        redis_cores=_load_redis(rates, (workers or 0) + (apis or 0), costs, design, machines) if is_known else None,
        log_gib=kept_bytes / 2**30,
        cassandra_nodes=_count_nodes(rates, costs, machines),
        postgres_machines=rates.units / (costs.postgres_units.value * machines.postgres_cores * machines.core_use),
        links=None if workers is None else workers * count_links(workers, design) // 2,
        link_frames=None if workers is None else count_frames(workers, mix.recipients),
        worker_mib=None if workers is None else connections / workers * session_kib / 1024,
    )


def count_frames(workers: int, recipients: float) -> float:
    """Return how many other workers have one of the recipients, who are at random workers: frames of an event."""
    if workers == 1:
        return 0.0
    with_one = workers * -math.expm1(recipients * math.log1p(-1 / workers))
    return with_one * (1 - 1 / workers)


def count_links(workers: int, design: Design) -> int:
    """Return the links of a worker: to all others, or to its group and to the other groups' heads."""
    if not design.link_trees:
        return workers - 1
    return min(workers - 1, 2 * math.ceil(math.sqrt(workers)))


def count_link_bytes(sessions: float, workers: int, costs: Costs) -> float:
    """Return the bytes of an event on one link, for a guild whose sessions are spread evenly over the workers."""
    return costs.link_frame.value + math.ceil(sessions / workers / _WORD_BITS) * _WORD_BYTES


def load_home(frames: float, costs: Costs, design: Design) -> float:
    """Return the µs that an event costs its home besides its deliveries, when it goes to so many workers."""
    sent = min(frames, 2 * math.sqrt(frames)) if design.link_trees else frames
    return costs.event.value + frames * costs.link_cut.value + sent * costs.link_sender.value


def _count_nodes(rates: Rates, costs: Costs, machines: Machines) -> int:
    node_us = machines.cassandra_cores * machines.cassandra_use * _MICROSECONDS
    return max(machines.copies, math.ceil(rates.messages * costs.cassandra_send.value * machines.copies / node_us))


def _find_workers(
    connections: float, rates: Rates, mix: Mix, costs: Costs, design: Design, machines: Machines
) -> int | None:
    fewest = max(1, math.ceil(connections / machines.sessions_of_worker))
    shared_us = (
        rates.deliveries * costs.delivery.value
        + rates.heartbeats * costs.heartbeat.value
        + rates.logins * costs.login.value
    )

    def work(workers: int) -> float:
        follow_us = rates.entries * costs.event.value * (1 if design.own_shards else workers)
        quiet_us = machines.statuses_per_s * (costs.lone_sender.value + costs.lone_receiver.value)
        hops = 2 if design.link_trees else 1
        frame_us = costs.link_cut.value + hops * (costs.link_sender.value + costs.link_receiver.value)
        links_us = workers * count_links(workers, design) * quiet_us
        return shared_us + follow_us + links_us + rates.messages * count_frames(workers, mix.recipients) * frame_us

    return _find_fewest(work, fewest, machines)


def _find_apis(rates: Rates, costs: Costs, design: Design, machines: Machines) -> int | None:
    shared_us = (
        rates.messages * (costs.api_send.value - 2 * costs.event.value)
        + rates.requests * costs.api_request.value
        + rates.units * costs.api_unit.value
    )

    def work(apis: int) -> float:
        followers = min(apis, machines.shard_followers - 1) if design.own_shards else apis
        return shared_us + rates.entries * costs.event.value * followers

    return _find_fewest(work, 1, machines)


def _load_redis(rates: Rates, processes: int, costs: Costs, design: Design, machines: Machines) -> float:
    followers = min(processes, machines.shard_followers) if design.own_shards else processes
    send_us = costs.redis_send.value - 3 * costs.redis_push.value
    load_us = (
        rates.messages * send_us
        + (rates.volatile + rates.units) * costs.redis_append.value
        + (rates.requests + rates.units) * costs.redis_gate.value
        + rates.entries * followers * costs.redis_push.value
    )
    return load_us / (machines.core_use * _MICROSECONDS)


def _find_fewest(work: Callable[[int], float], fewest: int, machines: Machines) -> int | None:
    """Return the least number of processes, `fewest` at least, whose budgets bear the work of so many."""
    budget_us = machines.core_use * _MICROSECONDS
    count = fewest
    while count < _MOST:
        needed = max(fewest, math.ceil(work(count) / budget_us))
        if needed <= count:
            return count
        count = needed
    return None
