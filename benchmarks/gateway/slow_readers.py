"""Slow readers: the speed of the other sessions, and the outcome of the slow ones, which are one in ten.

A slow session is read every 10 ms, a little each time, so its socket is soon full. `kept` is a burst that fits the
bound on the bytes that wait for a session: afterwards all are read at full speed again, and the slow ones must get
every frame. `closed` is a burst that does not fit: the gateway closes the slow sessions, resumably (1013: try again
later). The floor sends to as many connections as are read at full speed.
"""

import asyncio
from typing import Any, Final

import msgspec

from benchmarks.gateway.fanout import JSON, describe
from benchmarks.harness.load.bursts import Floor, Shape, sum_up
from benchmarks.harness.load.load_client import Settled
from benchmarks.harness.reports.tables import Column, Result, Table
from benchmarks.harness.run import Run
from benchmarks.harness.servers.gateway import GatewayUnderTest
from benchmarks.harness.worlds.world import make_world

_SESSIONS: Final = 1000
_SLOW_SHARE: Final = 0.1
_BYTES_A_TICK: Final = 8
"""The bytes that are read every 10 ms: 0.8 KB a second, where a burst sends some hundred."""
_SOCKET_BYTES: Final = 32_768
_BOUND_BYTES: Final = 65_536
"""`socket_buffer_bytes` and `session_buffer_bytes` are smaller than by default, so that they fill quickly."""
_QUICK_BOUND_BYTES: Final = 262_144
"""The bound of a quick run. With few sessions each event leaves alone, and sockets take much less of small pieces: a
smaller bound would not take the second burst.
"""
_QUIET_MS: Final = 3000
"""A sender polls only now and then whether a reader that stood still has room again."""
_ALL_READ, _KEPT, _CLOSED = "all read", "kept", "closed"
_EVENTS: Final[dict[str, tuple[int, ...]]] = {_ALL_READ: (96,), _KEPT: (300,), _CLOSED: (500,)}
"""The events of each burst. The second case exceeds both sockets' buffers, the third the bound besides."""
_QUICK_EVENTS: Final[dict[str, tuple[int, ...]]] = {_ALL_READ: (96,), _KEPT: (300,), _CLOSED: (300, 300, 300)}
"""Bursts that the bound takes whole: else a client that the machine lets wait loses its fast readers too."""
_ROUNDS: Final = 5
_COLUMNS: Final = [
    Column(key="case", title="case"),
    Column(key="fast", title="fast readers"),
    Column(key="per_second", title="deliveries/s to them"),
    Column(key="cpu_us", title="CPU µs each", digits=2),
    Column(key="ratio", title="ratio to C", digits=2),
    Column(key="spread", title="(rounds)"),
    Column(key="slow", title="slow readers"),
    Column(key="complete", title="got all"),
    Column(key="partial", title="some"),
    Column(key="closed", title="closed"),
    Column(key="rss_mib", title="RSS MiB more", digits=1),
]


class _MixedReaders(msgspec.Struct, frozen=True):
    """Sessions and a floor. `slow` of the sessions are slow, in the cases that have slow readers."""

    gateway: GatewayUnderTest
    floor: Floor
    sessions: int
    slow: int
    events: dict[str, tuple[int, ...]]

    def compare(self, case: str, rounds: int) -> dict[str, Any]:
        """Measure the row of a case."""
        slow = self.slow if case != _ALL_READ else 0
        fast, bursts = self.sessions - slow, self.events[case]
        frame_bytes = self.gateway.frame_bytes()
        shapes = [Shape(events=events, per_turn=1, frame_bytes=frame_bytes, recipients=fast) for events in bursts]
        pairs, settled, more = [], [], []
        for _ in range(rounds):
            rss_before = self.gateway.process.rss_bytes()
            floors = [self.floor.burst(shape) for shape in shapes]
            if slow:
                self.gateway.client.slow(slow, _BYTES_A_TICK)
            pairs += [(floor, self.gateway.burst(shape)) for floor, shape in zip(floors, shapes, strict=True)]
            more.append(self.gateway.process.rss_bytes() - rss_before)
            if slow:
                settled.append(self.gateway.client.settle(sum(bursts), quiet_ms=_QUIET_MS))
        row: dict[str, Any] = {
            "case": case,
            "fast": fast,
            "slow": slow,
            "rss_mib": max(more) / 2**20,
            "frames": rounds * sum(shape.frames for shape in shapes),
            **describe(sum_up(pairs)),
        }
        return row | _describe_fate(settled)


def _describe_fate(settled: list[Settled]) -> dict[str, Any]:
    if not settled:
        return {}
    codes = {code: count for each in settled for code, count in each.closed.items()}
    return {
        "complete": min(each.complete for each in settled),
        "partial": max(each.partial for each in settled),
        "closed": ", ".join(f"{count} with {code or 'no code'}" for code, count in codes.items()) or "none",
    }


def run(run: Run) -> Result:
    """Fast readers beside slow ones, within and past the bound."""
    sessions = run.pick(_SESSIONS, 20)
    rounds = run.pick(_ROUNDS, 1)
    folder = run.make_folder("slow")
    database = folder / "world.db"
    world = asyncio.run(make_world(database, members=sessions))
    floor = Floor(builds=run.builds, folder=folder, buffer_bytes=_SOCKET_BYTES)
    gateway = GatewayUnderTest(
        builds=run.builds,
        folder=folder,
        database=database,
        world=world,
        wire_format=JSON,
        sessions=sessions,
        settings={
            "socket_buffer_bytes": _SOCKET_BYTES,
            "session_buffer_bytes": run.pick(_BOUND_BYTES, _QUICK_BOUND_BYTES),
        },
    )
    try:
        gateway.grow(sessions)
        floor.grow(sessions)
        scene = _MixedReaders(gateway, floor, sessions, round(sessions * _SLOW_SHARE), run.pick(_EVENTS, _QUICK_EVENTS))
        rows = [scene.compare(_ALL_READ, rounds), scene.compare(_KEPT, rounds), scene.compare(_CLOSED, 1)]
    finally:
        gateway.stop()
        floor.stop()
    table = Table(title=f"slow readers among {sessions:,} sessions", columns=_COLUMNS, rows=rows)
    return Result(name="slow", tables=[table], deliveries=sum(row["frames"] for row in rows))
