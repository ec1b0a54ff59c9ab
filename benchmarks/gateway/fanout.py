"""Fan-out of one guild's messages to its sessions through the real gateway: bus, actor, permissions, intents, sockets.

Rows are sessions × wire format × events a turn (k): with k > 1 the gateway sends a session all that it got in one
`send`. The floor is a C loop of `send` (native/floor.c) over as many sockets with the same options, k frames at a time.
Its frames have the size that the same event has uncompressed, so for the compressed wire formats it says what
compression costs against sending plainly. The floor runs before each round of the gateway, with the same client.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from benchmarks.harness.load.bursts import Comparison, Floor, compare, shape_burst
from benchmarks.harness.reports.tables import Column, Plot, Result, Table
from benchmarks.harness.run import Run
from benchmarks.harness.servers.gateway import GatewayUnderTest, WireFormat
from benchmarks.harness.worlds.world import make_world

JSON: Final = WireFormat("json")
WIRE_FORMATS: Final = (
    WireFormat("json, zlib-stream", compress="zlib-stream"),
    WireFormat("json, zstd-stream", compress="zstd-stream"),
    WireFormat("etf", encoding="etf"),
    WireFormat("msgpack", encoding="msgpack"),
)
_SESSIONS: Final = (1000, 5000)
_TURNS: Final = (1, 4, 16)
_ROUNDS: Final = 25
_ROUNDS_OF_WIRE_FORMATS: Final = 11
COMPARED: Final = [
    Column(key="floor_per_second", title="C send/s"),
    Column(key="floor_cpu_us", title="C's CPU µs", digits=2),
    Column(key="ratio", title="ratio", digits=2),
    Column(key="spread", title="(rounds)"),
    Column(key="cpu_ratio", title="CPU ratio", digits=2),
]
"""The columns that `describe` fills with the comparison."""
_COLUMNS: Final = [
    Column(key="sessions", title="sessions"),
    Column(key="form", title="form"),
    Column(key="k", title="k"),
    Column(key="per_second", title="deliveries/s"),
    Column(key="cpu_us", title="CPU µs each", digits=2),
    Column(key="frame_bytes", title="bytes each"),
    *COMPARED,
]


def run(run: Run) -> Result:
    """Fan-out of one guild's messages in uncompressed JSON."""
    return _measure(run, "fanout", [JSON], rounds=_ROUNDS)


def run_wire_formats(run: Run) -> Result:
    """Fan-out in the other encodings, and with compression."""
    return _measure(run, "forms", WIRE_FORMATS, rounds=_ROUNDS_OF_WIRE_FORMATS)


class _Fanout:
    """A world, and one gateway after the other in it, each beside a floor."""

    def __init__(self, run: Run, *, name: str, members: int, rounds: int) -> None:
        self._run = run
        self._rounds = run.pick(rounds, 1)
        self._folder = run.make_folder(name)
        self._database = self._folder / "world.db"
        self._world = asyncio.run(make_world(self._database, members=members))

    def measure(self, wire_format: WireFormat, *, sizes: Sequence[int]) -> list[dict[str, Any]]:
        """Measure the rows of one wire format, with a floor of its own: one with idle sockets would be slower."""
        builds, folder = self._run.builds, self._folder
        rows = []
        floor = Floor(builds=builds, folder=folder)
        gateway = GatewayUnderTest(
            builds=builds,
            folder=folder,
            database=self._database,
            world=self._world,
            wire_format=wire_format,
            sessions=sizes[-1],
        )
        try:
            for sessions in sizes:
                gateway.grow(sessions)
                floor.grow(sessions)
                rows += [self._compare(floor, gateway, wire_format, sessions, per_turn) for per_turn in _TURNS]
        finally:
            gateway.stop()
            floor.stop()
        return rows

    def _compare(
        self, floor: Floor, gateway: GatewayUnderTest, wire_format: WireFormat, sessions: int, per_turn: int
    ) -> dict[str, Any]:
        shape = shape_burst(
            per_turn=per_turn,
            frame_bytes=gateway.frame_bytes(),
            recipients=sessions,
            is_quick=self._run.is_quick,
        )
        found = compare(floor, gateway.burst, shape, rounds=self._rounds)
        frames = (self._rounds + 1) * shape.frames
        return {"sessions": sessions, "form": wire_format.name, "k": per_turn, "frames": frames, **describe(found)}


def describe(found: Comparison) -> dict[str, Any]:
    """Return the cells of a comparison with the floor."""
    return {
        "per_second": found.candidate.per_second,
        "cpu_us": found.candidate.cpu_us,
        "frame_bytes": found.candidate.frame_bytes,
        "floor_per_second": found.floor.per_second,
        "floor_cpu_us": found.floor.cpu_us,
        "ratio": found.ratio,
        "spread": f"{found.lowest:.2f}–{found.highest:.2f}",
        "cpu_ratio": found.cpu_ratio,
    }


def _measure(run: Run, name: str, wire_formats: Sequence[WireFormat], *, rounds: int) -> Result:
    sizes = run.pick(_SESSIONS, (20, 40))
    fanout = _Fanout(run, name=name, members=sizes[-1], rounds=rounds)
    rows = [row for wire_format in wire_formats for row in fanout.measure(wire_format, sizes=sizes)]
    rows.sort(key=lambda row: row["sessions"])
    plot = Plot(
        title="Fan-out: deliveries a second to those of a C loop of send",
        labels=["sessions", "form", "k"],
        value="ratio",
        axis="ratio to C",
        reference=1.0,
    )
    table = Table(title="fan-out of a message", columns=_COLUMNS, rows=rows, plot=plot)
    return Result(name=name, tables=[table], deliveries=sum(row["frames"] for row in rows))
