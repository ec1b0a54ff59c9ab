"""The tables of docs/scale.md, as the model computes them. Numbers are rounded to what the model can know."""

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from benchmarks.harness.reports.tables import Column, Table
from benchmarks.scale.ceilings import find_ceiling, list_full
from benchmarks.scale.costs import MEASURED, Cost
from benchmarks.scale.designs import STEPS, TODAY, USUAL, WHOLE, Design
from benchmarks.scale.mix import MIXES, TYPICAL, Mix
from benchmarks.scale.model import Needs, compute_needs, count_link_bytes, load_home

SIZES: Final = (1_000_000, 10_000_000, 50_000_000)
_DIGITS: Final = 2
"""The figures that mean something: costs are of one busy machine, activity is assumed."""
_GUILDS: Final = ((1_000, 20), (20_000, 20), (500_000, 200), (5_000_000, 1_000))
"""Sessions online in one guild, and the workers that they are at."""


def make_tables() -> dict[str, Table]:
    """Return all tables by the names of their marks."""
    return {
        "costs": _tell_costs(),
        "mix": _tell_mixes(),
        "machines": _tell_machines(),
        "needs": _tell_needs(),
        "full": _tell_full(),
        "ceilings": _tell_ceilings(),
        "guilds": _tell_guilds(),
    }


def shorten(number: float) -> str:
    """Write a number with its first two figures; a small whole one as it is."""
    if number == 0 or (isinstance(number, int) and number < 10**_DIGITS):
        return f"{number}"
    rounded = float(f"{number:.{_DIGITS}g}")  # which may be ten instead of nine
    digits = _DIGITS - 1 - math.floor(math.log10(abs(rounded)))
    return f"{rounded:,.{max(0, digits)}f}"


def _tell_costs() -> Table:
    costs: Iterator[Cost] = (getattr(MEASURED, name) for name in MEASURED.__struct_fields__)
    return Table(
        title="what things cost, as measured",
        columns=[Column(key=key, title=key) for key in ("what", "cost", "source")],
        rows=[
            {"what": cost.what, "cost": f"{cost.value:,} {cost.unit}", "source": _link(cost.source)} for cost in costs
        ],
    )


def _tell_mixes() -> Table:
    told: dict[str, Callable[[Mix], str]] = {
        "messages a connection sends, an hour": lambda mix: shorten(mix.messages_per_s * 3600),
        "sessions that get a message at once": lambda mix: f"{mix.recipients:,.0f}",
        "other dispatches for one of a message": lambda mix: shorten(mix.other_deliveries),
        "typing and the like, for one message": lambda mix: shorten(mix.volatile_per_message),
        "reading requests for one message": lambda mix: shorten(mix.requests_per_message),
        "acks of a connection, an hour": lambda mix: shorten(mix.acks_per_s * 3600),
        "other units of PostgreSQL of a connection, an hour": lambda mix: shorten(mix.units_per_s * 3600),
        "hours between logins of a connection": lambda mix: shorten(1 / mix.logins_per_s / 3600),
    }
    return Table(
        title="what a connection does, as assumed",
        columns=[Column(key="what", title="in the busiest hour"), *_mix_columns()],
        rows=[{"what": what, **{mix.name: tell(mix) for mix in MIXES}} for what, tell in told.items()],
    )


def _tell_machines() -> Table:
    told = {
        "part of a core that is planned for": f"{USUAL.core_use:.0%}",
        "sessions of a worker, at most": f"{USUAL.sessions_of_worker:,}",
        "cores of a Cassandra node, and the part planned for": f"{USUAL.cassandra_cores}, {USUAL.cassandra_use:.0%}",
        "copies of a message": f"{USUAL.copies}",
        "cores of a PostgreSQL": f"{USUAL.postgres_cores}",
        "kernel's memory of a quiet connection": f"{USUAL.kernel_kib:.0f} KiB",
        "processes that follow a shard, when each follows its own": f"{USUAL.shard_followers}",
    }
    return Table(
        title="how large and how full machines are, as assumed",
        columns=[Column(key="what", title="what"), Column(key="value", title="value")],
        rows=[{"what": what, "value": value} for what, value in told.items()],
    )


def _tell_needs() -> Table:
    told: dict[str, Callable[[Needs], float | None]] = {
        "messages/s": lambda needs: needs.rates.messages,
        "dispatches/s": lambda needs: needs.rates.deliveries,
        "to clients, Gbit/s, JSON": lambda needs: _gigabits(needs, MEASURED.frame),
        "to clients, Gbit/s, zlib-stream": lambda needs: _gigabits(needs, MEASURED.compressed_frame),
        "workers": lambda needs: needs.workers,
        "memory of a worker's sessions, MiB": lambda needs: needs.worker_mib,
        "links": lambda needs: needs.links,
        "frames on links for one message": lambda needs: needs.link_frames,
        "Redis lanes": lambda needs: needs.redis_cores and math.ceil(needs.redis_cores),
        "logs of all lanes, GiB": lambda needs: needs.log_gib,
        "API processes": lambda needs: needs.apis,
        "Cassandra nodes": lambda needs: needs.cassandra_nodes,
        "PostgreSQL machines": lambda needs: math.ceil(needs.postgres_machines),
    }
    rows = []
    for what, tell in told.items():
        cells = {f"{size}": " / ".join(_show(tell(_need(size, mix, WHOLE))) for mix in MIXES) for size in SIZES}
        rows.append({"what": what, **cells})
    return Table(
        title="calm / typical / busy, with all steps", columns=[Column(key="what", title=""), *_sizes()], rows=rows
    )


def _tell_full() -> Table:
    rows = []
    for mix in MIXES:
        cells = {}
        for size in SIZES:
            full = sorted(resource.partition(":")[0] for resource in list_full(_need(size, mix, TODAY), TODAY))
            cells[f"{size}"] = ", ".join(full) or "nothing"
        rows.append({"mix": mix.name, **cells})
    return Table(title="what is full, as built", columns=[Column(key="mix", title="mix"), *_sizes()], rows=rows)


def _tell_ceilings() -> Table:
    rows: list[dict[str, Any]] = []
    for design in STEPS:
        found = {mix.name: find_ceiling(mix, costs=MEASURED, design=design, machines=USUAL) for mix in MIXES}
        cells = {name: shorten(each.connections) if each.resource else "–" for name, each in found.items()}
        first = found[TYPICAL.name].resource
        rows.append({"design": design.name, **cells, "full": first or "nothing below 1,000 million"})
    return Table(
        title="connections that fit",
        columns=[
            Column(key="design", title="design"),
            *_mix_columns(),
            Column(key="full", title="full first, typical"),
        ],
        rows=rows,
    )


def _tell_guilds() -> Table:
    budget_us = USUAL.core_use * 1e6
    rows = []
    for sessions, workers in _GUILDS:
        plain = load_home(workers - 1, MEASURED, TODAY)
        tree = load_home(workers - 1, MEASURED, WHOLE)
        rows.append(
            {
                "sessions": sessions,
                "workers": workers,
                "bytes": count_link_bytes(sessions, workers, MEASURED),
                "home": shorten(plain),
                "tree": shorten(tree),
                "events": shorten(budget_us / plain),
                "delivered": shorten(budget_us / (sessions / workers * MEASURED.delivery.value)),
            }
        )
    return Table(
        title="one guild whose sessions are spread evenly",
        columns=[
            Column(key="sessions", title="sessions online"),
            Column(key="workers", title="at workers"),
            Column(key="bytes", title="bytes of an event on a link"),
            Column(key="home", title="home, µs an event"),
            Column(key="tree", title="with a link tree"),
            Column(key="events", title="events/s that the home can tell"),
            Column(key="delivered", title="events/s that each worker can deliver"),
        ],
        rows=rows,
    )


def _need(size: int, mix: Mix, design: Design) -> Needs:
    return compute_needs(size, mix, costs=MEASURED, design=design, machines=USUAL)


def _gigabits(needs: Needs, frame: Cost) -> float:
    """Return the traffic if each dispatch were as large as a message's; most are smaller."""
    return needs.rates.deliveries * frame.value * 8 / 1e9


def _link(source: str) -> str:
    """Write a link from docs/ to a place in the repository."""
    file, _, heading = source.partition("#")
    return f"[{heading or Path(file).stem}](../{source})"


def _show(value: float | None) -> str:
    return "–" if value is None else shorten(value)


def _sizes() -> list[Column]:
    return [Column(key=f"{size}", title=f"{size // 1_000_000} million") for size in SIZES]


def _mix_columns() -> list[Column]:
    return [Column(key=mix.name, title=mix.name) for mix in MIXES]
