"""Heartbeat round trips: every connection sends a heartbeat, and the next one when the acknowledgement is there.

The gateway's connections have identified. Its limits on commands are so high that they are counted and never reached.
The reference is uWebSockets in C++, which answers any message with the same bytes and does nothing else.
"""

import asyncio
import statistics
from collections.abc import Callable
from typing import Any, Final

import msgspec

from benchmarks.gateway.fanout import JSON
from benchmarks.harness.load.load_client import LoadClient
from benchmarks.harness.processes import PinnedProcess
from benchmarks.harness.reports.tables import Column, Result, Table
from benchmarks.harness.run import Run
from benchmarks.harness.servers.gateway import GatewayUnderTest
from benchmarks.harness.servers.transports import TRANSPORTS
from benchmarks.harness.worlds.world import World, make_world
from benchmarks.rivals.starting import UWEBSOCKETS, Missing, start_uwebsockets

_SESSIONS: Final = 1000
_BEATS: Final = 60
"""The heartbeats of each connection in a round."""
_ROUNDS: Final = 5
_MANY: Final = 1_000_000_000
_COLUMNS: Final = [
    Column(key="server", title="server"),
    Column(key="per_second", title="round trips/s"),
    Column(key="cpu_us", title="CPU µs each", digits=2),
    Column(key="p50_ms", title="p50 ms", digits=1),
    Column(key="p99_ms", title="p99 ms", digits=1),
    Column(key="ratio", title=f"to {UWEBSOCKETS}", digits=2),
    Column(key="spread", title="(rounds)"),
    Column(key="cpu_ratio", title="CPU ratio", digits=2),
]


class _Round(msgspec.Struct, frozen=True):
    per_second: float
    cpu_us: float
    p50_ms: float
    p99_ms: float


class _Contestant(msgspec.Struct, frozen=True):
    name: str
    process: PinnedProcess
    client: LoadClient
    stop: Callable[[], None]

    def measure(self, beats: int) -> _Round:
        cpu_before_s = self.process.cpu_s()
        found = self.client.beat(beats)
        cpu_s = self.process.cpu_s() - cpu_before_s
        return _Round(found.count / found.took_s, cpu_s / found.count * 1e6, found.waits.p50_ms, found.waits.p99_ms)


def run(run: Run) -> Result:
    """Heartbeat round trips on all transports of the gateway, and on uWebSockets."""
    sessions = run.pick(_SESSIONS, 20)
    rounds, beats = run.pick((_ROUNDS, _BEATS), (1, 3))
    folder = run.make_folder("heartbeats")
    world = asyncio.run(make_world(folder / "world.db", members=sessions))
    contestants: list[_Contestant] = []
    skipped = []
    try:
        try:
            contestants.append(_start_reference(run, sessions))
        except Missing as missing:
            skipped.append(f"{UWEBSOCKETS}: {missing}")
        contestants += [_start_gateway(run, world, transport, sessions) for transport in TRANSPORTS]
        for contestant in contestants:
            contestant.measure(1)
        found = [[contestant.measure(beats) for contestant in contestants] for _ in range(rounds)]
    finally:
        for contestant in contestants:
            contestant.stop()
    has_reference = not skipped
    rows = [
        _describe(contestant.name, [one[place] for one in found], [one[0] for one in found] if has_reference else [])
        for place, contestant in enumerate(contestants)
    ]
    table = Table(title=f"heartbeats of {sessions:,} connections at once", columns=_COLUMNS, rows=rows)
    counted = len(contestants) * sessions * (1 + rounds * beats)
    return Result(name="heartbeats", tables=[table], skipped=skipped, deliveries=counted)


def _start_reference(run: Run, sessions: int) -> _Contestant:
    rival = start_uwebsockets(run.builds)
    client = LoadClient(builds=run.builds, folder=run.folder)

    def stop() -> None:
        client.stop()
        rival.process.stop()

    client.connect(rival.port, sessions)
    return _Contestant(UWEBSOCKETS, rival.process, client, stop)


def _start_gateway(run: Run, world: World, transport: str, sessions: int) -> _Contestant:
    settings: dict[str, Any] = {"transport": transport, "commands_per_minute": _MANY}
    gateway = GatewayUnderTest(
        builds=run.builds,
        folder=run.make_folder(f"heartbeats-{transport}"),
        database=run.folder / "heartbeats" / "world.db",
        world=world,
        wire_format=JSON,
        sessions=sessions,
        settings=settings,
    )
    gateway.grow(sessions)
    return _Contestant(f"guildway, {transport}", gateway.process, gateway.client, gateway.stop)


def _describe(name: str, rounds: list[_Round], reference: list[_Round]) -> dict[str, Any]:
    row: dict[str, Any] = {"server": name}
    for key in ("per_second", "cpu_us", "p50_ms", "p99_ms"):
        row[key] = statistics.median(getattr(one, key) for one in rounds)
    if reference:
        ratios = [one.per_second / other.per_second for one, other in zip(rounds, reference, strict=True)]
        row["ratio"] = statistics.median(ratios)
        row["spread"] = f"{min(ratios):.2f}–{max(ratios):.2f}"
        row["cpu_ratio"] = statistics.median(
            other.cpu_us / one.cpu_us for one, other in zip(rounds, reference, strict=True)
        )
    return row
