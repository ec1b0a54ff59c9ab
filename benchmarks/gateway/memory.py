"""Memory of a connection that has said nothing yet, of one that has just identified, and of one that is idle.

Idle connections come some hundreds at a time and have sent two heartbeats, after which the server need not remember
what they got at login. The memory that some give back is there for the next, as in a server that has run for a while.

The figure is the resident memory of the gateway's process, less what it was before the first connection, divided by
their number. The guild has as many members as there are sessions at most. One session came and went before, so that the
guild is loaded. The kernel's socket buffers are not in the figure.
"""

import asyncio
import itertools
from pathlib import Path
from typing import Any, Final

from benchmarks.gateway.fanout import JSON
from benchmarks.harness.processes import raise_file_limit
from benchmarks.harness.reports.tables import Column, Plot, Result, Table
from benchmarks.harness.run import Run
from benchmarks.harness.servers.gateway import GatewayUnderTest
from benchmarks.harness.servers.transports import TRANSPORTS
from benchmarks.harness.worlds.world import World, make_world

_SIZES: Final = (1000, 5000, 15_000)
_OTHER_FILES: Final = 500
"""The files that a process has open besides connections."""
_NEVER_S: Final = 3600.0
_HEARTBEATS: Final = 2
_AT_A_TIME: Final = 500
_COLUMNS: Final = [
    Column(key="transport", title="transport"),
    Column(key="kind", title="kind"),
    Column(key="count", title="connections"),
    Column(key="kib", title="KiB each", digits=2),
    Column(key="rss_mib", title="RSS MiB", digits=1),
    Column(key="per_second", title="opened/s"),
]


class _Measuring:
    """A measurement of one transport after the other, with a new process for each kind."""

    def __init__(self, run: Run, sizes: list[int]) -> None:
        self._run = run
        self._sizes = sizes
        self._database = run.make_folder("memory") / "world.db"
        self._world: World = asyncio.run(make_world(self._database, members=sizes[-1] + 1))

    def measure(self, transport: str, kind: str) -> list[dict[str, Any]]:
        """Measure a transport and kind, and return the rows."""
        gateway = self._start(self._run.make_folder(f"memory-{transport}-{kind}"), transport)
        rows: list[dict[str, Any]] = []
        try:
            gateway.grow(1)
            gateway.client.leave()
            before = gateway.process.rss_bytes()
            for already, count in itertools.pairwise([0, *self._sizes]):
                took_s = _OPENERS[kind](gateway, count - already)
                rss = gateway.process.rss_bytes()
                rows.append(
                    {
                        "transport": transport,
                        "kind": kind,
                        "count": count,
                        "kib": (rss - before) / count / 1024,
                        "rss_mib": rss / 2**20,
                        "per_second": (count - already) / took_s,
                    }
                )
        finally:
            gateway.stop()
        return rows

    def _start(self, folder: Path, transport: str) -> GatewayUnderTest:
        return GatewayUnderTest(
            builds=self._run.builds,
            folder=folder,
            database=self._database,
            world=self._world,
            wire_format=JSON,
            sessions=self._sizes[-1],
            settings={"transport": transport, "identify_timeout_s": _NEVER_S},
        )


def _connect(gateway: GatewayUnderTest, more: int) -> float:
    return gateway.client.connect_gateway(gateway.port, more)


def _identify(gateway: GatewayUnderTest, more: int) -> float:
    return gateway.grow_by(more).took_s


def _settle(gateway: GatewayUnderTest, more: int) -> float:
    took_s = 0.0
    for start in range(0, more, _AT_A_TIME):
        took_s += gateway.grow_by(min(_AT_A_TIME, more - start)).took_s
        gateway.client.beat(_HEARTBEATS)
    return took_s


_OPENERS: Final = {"silent": _connect, "identified": _identify, "idle": _settle}
"""Functions that open more connections of a kind and return how long that took, in seconds."""


def run(run: Run) -> Result:
    """Memory of a connection, on all transports."""
    most = raise_file_limit() - _OTHER_FILES
    wanted = run.pick(_SIZES, (20, 40))
    sizes = [size for size in wanted if size <= most]
    skipped = [f"{size:,} connections: a process may have {most:,} files open" for size in wanted if size > most]
    measuring = _Measuring(run, sizes)
    rows = [row for transport in TRANSPORTS for kind in _OPENERS for row in measuring.measure(transport, kind)]
    plot = Plot(
        title="Resident memory of a connection",
        labels=["transport", "kind", "count"],
        value="kib",
        axis="KiB each",
    )
    table = Table(title="memory of idle connections", columns=_COLUMNS, rows=rows, plot=plot)
    counted = len(TRANSPORTS) * len(_OPENERS) * sizes[-1]
    return Result(name="memory", tables=[table], skipped=skipped, deliveries=counted)
