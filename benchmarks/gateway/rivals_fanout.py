"""Fan-out by other servers and by the gateway, with frames of the gateway's size, the same client and the same floor.

The others publish a finished text to all connections: they keep no sequence numbers, check no permissions and remember
nothing. Each server gathers k events in a turn of the loop by itself.
"""

import asyncio
import statistics
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from benchmarks.gateway.fanout import JSON, describe
from benchmarks.harness.load.bursts import Burst, Floor, Shape, measure, shape_burst, sum_up
from benchmarks.harness.load.load_client import LoadClient
from benchmarks.harness.reports.tables import Column, Plot, Result, Table
from benchmarks.harness.run import Run
from benchmarks.harness.servers.gateway import GatewayUnderTest
from benchmarks.harness.worlds.world import make_world
from benchmarks.rivals.starting import RIVALS, UWEBSOCKETS, Missing, Rival

_SESSIONS: Final = 1000
_TURNS: Final = (1, 4, 16)
_ROUNDS: Final = 25
_ROUNDS_OF_THE_SLOW: Final = 3
"""The rounds of servers whose ratio is far from 1, and whose bursts take seconds."""
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


class _Contestant(msgspec.Struct, frozen=True):
    """A server, and the function that ends it."""

    name: str
    burst: Callable[[Shape], Burst]
    stop: Callable[[], None]


def _start_gateway(run: Run, folder: Path, sessions: int) -> tuple[_Contestant, int]:
    """Start the gateway. Return the size of its frames as well."""
    database = folder / "world.db"
    world = asyncio.run(make_world(database, members=sessions))
    gateway = GatewayUnderTest(
        builds=run.builds, folder=folder, database=database, world=world, wire_format=JSON, sessions=sessions
    )
    gateway.grow(sessions)
    return _Contestant(_OWN, gateway.burst, gateway.stop), gateway.frame_bytes()


def _start_rival(run: Run, name: str, rival: Rival, sessions: int) -> _Contestant:
    client = LoadClient(builds=run.builds, folder=run.folder)
    client.connect(rival.port, sessions)

    def burst(shape: Shape) -> Burst:
        return measure(
            rival.process, client, f"burst {shape.events} {shape.per_turn} {shape.frame_bytes}", shape.frames
        )

    def stop() -> None:
        client.stop()
        rival.process.stop()

    return _Contestant(name, burst, stop)


def _compete(floor: Floor, contestants: Sequence[_Contestant], shape: Shape, rounds: int) -> list[dict[str, Any]]:
    """Measure the rows of one k. All servers have their turn in each round, so that bursts of a ratio lie close."""
    for contestant in contestants:
        contestant.burst(shape)
    found = [(floor.burst(shape), [each.burst(shape) for each in contestants]) for _ in range(rounds)]
    own = [bursts[0] for _, bursts in found]
    rows = []
    for place, contestant in enumerate(contestants):
        pairs = [(reference, bursts[place]) for reference, bursts in found]
        to_it = [ours.per_second / theirs.per_second for ours, (_, theirs) in zip(own, pairs, strict=True)]
        rows.append(
            {
                "server": contestant.name,
                "k": shape.per_turn,
                "guildway_ratio": statistics.median(to_it),
                **describe(sum_up(pairs)),
            }
        )
    return rows


def run(run: Run) -> Result:
    """Fan-out of the gateway beside other servers."""
    sessions = run.pick(_SESSIONS, 20)
    rounds, rounds_of_the_slow = run.pick((_ROUNDS, _ROUNDS_OF_THE_SLOW), (1, 1))
    folder = run.make_folder("rivals")
    floor = Floor(builds=run.builds, folder=folder)
    contestants: list[_Contestant] = []
    rows: list[dict[str, Any]] = []
    skipped = []
    frames = 0
    try:
        floor.grow(sessions)
        own, frame_bytes = _start_gateway(run, folder, sessions)
        contestants.append(own)
        for name, start in RIVALS.items():
            try:
                contestants.append(_start_rival(run, name, start(run.builds), sessions))
            except Missing as missing:
                skipped.append(f"{name}: {missing}")
        fast = [each for each in contestants if each.name in (_OWN, UWEBSOCKETS)]
        slow = [own, *(each for each in contestants if each not in fast)]
        for per_turn in _TURNS:
            shape = shape_burst(per_turn=per_turn, frame_bytes=frame_bytes, recipients=sessions, is_quick=run.is_quick)
            rows += _compete(floor, fast, shape, rounds)
            rows += _compete(floor, slow, shape, rounds_of_the_slow)[1:]
            frames += shape.frames * (len(fast) * rounds + len(slow) * rounds_of_the_slow)
    finally:
        for contestant in contestants:
            contestant.stop()
        floor.stop()
    plot = Plot(
        title=f"{sessions:,} connections: deliveries a second to those of a C loop of send",
        labels=["k", "server"],
        value="ratio",
        axis="ratio to C",
        reference=1.0,
    )
    table = Table(title=f"fan-out to {sessions:,} connections", columns=_COLUMNS, rows=rows, plot=plot)
    return Result(name="rivals", tables=[table], skipped=skipped, deliveries=frames)
