"""A storm of presences: all members of a guild change theirs in the same moment, and a part of them has sessions.

The gateway tells them in batches of at most 1,000 a second for each receiver, so a storm lasts for some seconds, and
its cost is processor time. The reference is the fan-out of messages to the same sessions, one event a turn, in the same
run: each has a send of its own, while presences of a batch leave together.
"""

import asyncio
import statistics
from typing import Any, Final

from benchmarks.gateway.fanout import JSON
from benchmarks.harness.load.bursts import Burst, shape_burst
from benchmarks.harness.reports.tables import Column, Result, Table
from benchmarks.harness.run import Run
from benchmarks.harness.servers.gateway import GatewayUnderTest
from benchmarks.harness.worlds.world import make_world

_PEOPLE: Final = 5000
_SESSIONS: Final = 200
_ROUNDS: Final = 3
_COLUMNS: Final = [
    Column(key="people", title="people"),
    Column(key="sessions", title="sessions"),
    Column(key="seconds", title="told in s", digits=1),
    Column(key="cpu_us", title="CPU µs a told presence", digits=2),
    Column(key="message_us", title="CPU µs a message", digits=2),
    Column(key="ratio", title="ratio", digits=2),
]


def run(run: Run) -> Result:
    """A storm of presences."""
    people, sessions = run.pick((_PEOPLE, _SESSIONS), (40, 10))
    folder = run.make_folder("presences")
    database = folder / "world.db"
    world = asyncio.run(make_world(database, members=people))
    gateway = GatewayUnderTest(
        builds=run.builds, folder=folder, database=database, world=world, wire_format=JSON, sessions=sessions
    )
    # Nobody is told the own presence.
    frames = sessions * (people - 1)
    try:
        gateway.grow(sessions)
        shape = shape_burst(per_turn=1, frame_bytes=gateway.frame_bytes(), recipients=sessions, is_quick=run.is_quick)
        rounds = [(gateway.burst(shape), gateway.presences(frames)) for _ in range(run.pick(_ROUNDS, 1))]
    finally:
        gateway.stop()
    row = {"people": people, "sessions": sessions, **_describe(rounds, frames)}
    table = Table(title="everybody changes the presence at once", columns=_COLUMNS, rows=[row])
    return Result(name="presences", tables=[table], deliveries=len(rounds) * (frames + shape.frames))


def _describe(rounds: list[tuple[Burst, Burst]], frames: int) -> dict[str, Any]:
    return {
        "seconds": statistics.median(frames / storm.per_second for _, storm in rounds),
        "cpu_us": statistics.median(storm.cpu_us for _, storm in rounds),
        "message_us": statistics.median(messages.cpu_us for messages, _ in rounds),
        "ratio": statistics.median(storm.cpu_us / (messages.cpu_us or float("inf")) for messages, storm in rounds),
    }
