"""Fan-out by other servers, with frames of the gateway's size, the same client and the same floor; and by the gateway itself.

The others publish a finished text to all connections: they keep no sequence numbers, look at no permissions and remember
nothing. k events in a turn of the loop, for each server as it gathers them by itself.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Final

from benchmarks.bursts import Burst, Floor, Shape, compare, measure, shape_burst
from benchmarks.fanout import JSON, describe
from benchmarks.gateway import GatewayUnderTest
from benchmarks.load_client import LoadClient
from benchmarks.rivals.starting import RIVALS, Missing, Rival
from benchmarks.run import Run
from benchmarks.tables import Column, Plot, Result, Table
from benchmarks.world import make_world

_SESSIONS: Final = 1000
_TURNS: Final = (1, 4, 16)
_ROUNDS: Final = 7
_OWN: Final = "guildway"
_COLUMNS: Final = [
    Column(key="server", title="server"),
    Column(key="k", title="k"),
    Column(key="per_second", title="deliveries/s"),
    Column(key="cpu_us", title="CPU µs each", digits=2),
    Column(key="ratio", title="ratio to C", digits=2),
    Column(key="spread", title="(rounds)"),
    Column(key="cpu_ratio", title="CPU ratio", digits=2),
    Column(key="guildway_ratio", title="guildway to it", digits=2),
]


class _Contest:
    """One floor for all, and frames of one size."""

    def __init__(self, run: Run, floor: Floor, frame_bytes: int, sessions: int) -> None:
        self._run = run
        self._floor = floor
        self._frame_bytes = frame_bytes
        self._sessions = sessions
        self.rows: list[dict[str, Any]] = []
        self.frames = 0

    def add(self, name: str, burst: Callable[[Shape], Burst]) -> None:
        """Rows of one server."""
        rounds = self._run.pick(_ROUNDS, 1)
        for per_turn in _TURNS:
            shape = shape_burst(
                per_turn=per_turn,
                frame_bytes=self._frame_bytes,
                recipients=self._sessions,
                is_quick=self._run.is_quick,
            )
            found = compare(self._floor, burst, shape, rounds=rounds)
            self.rows.append({"server": name, "k": per_turn, **describe(found)})
            self.frames += (rounds + 1) * shape.frames

    def add_rival(self, name: str, rival: Rival) -> None:
        """Rows of a rival, which is ended afterwards."""
        client = LoadClient(builds=self._run.builds, folder=self._run.folder)
        try:
            client.connect(rival.port, self._sessions)
            self.add(
                name,
                lambda shape: measure(
                    rival.process,
                    client,
                    f"burst {shape.events} {shape.per_turn} {shape.frame_bytes}",
                    shape.frames,
                ),
            )
        finally:
            client.stop()
            rival.process.stop()


def run(run: Run) -> Result:
    """The gateway, then the others."""
    sessions = run.pick(_SESSIONS, 20)
    folder = run.make_folder("rivals")
    database = folder / "world.db"
    world = asyncio.run(make_world(database, members=sessions))
    floor = Floor(builds=run.builds, folder=folder)
    gateway = GatewayUnderTest(
        builds=run.builds, folder=folder, database=database, world=world, form=JSON, sessions=sessions
    )
    skipped = []
    try:
        floor.grow(sessions)
        gateway.grow(sessions)
        contest = _Contest(run, floor, gateway.frame_bytes(), sessions)
        contest.add(_OWN, gateway.burst)
        gateway.stop()
        for name, start in RIVALS.items():
            try:
                contest.add_rival(name, start(run.builds))
            except Missing as missing:
                skipped.append(f"{name}: {missing}")
    finally:
        gateway.stop()
        floor.stop()
    contest.rows.sort(key=lambda row: row["k"])
    own = {row["k"]: row["ratio"] for row in contest.rows if row["server"] == _OWN}
    for row in contest.rows:
        row["guildway_ratio"] = own[row["k"]] / row["ratio"]
    plot = Plot(
        title=f"{sessions:,} connections: deliveries a second to those of a C loop of send",
        labels=["k", "server"],
        value="ratio",
        axis="ratio to C",
        reference=1.0,
    )
    table = Table(title=f"fan-out to {sessions:,} connections", columns=_COLUMNS, rows=contest.rows, plot=plot)
    return Result(name="rivals", tables=[table], skipped=skipped, deliveries=contest.frames)
