"""Fan-out in a guild with 50 channels, most of them private to a few of its 20 roles.

Sets compute the viewers of each channel when the world is made, and give the number of frames that the gateway owes.
The floor sends as many frames in as many `send`s: at k = 1 an event to the mean number of viewers, with k events of
different channels in a turn the mean number of them to everybody.
"""

import asyncio
import itertools
from typing import Any, Final

from benchmarks.gateway.fanout import COMPARED, JSON, describe
from benchmarks.harness.load.bursts import DELIVERIES, Floor, Shape, compare
from benchmarks.harness.reports.tables import Column, Result, Table
from benchmarks.harness.run import Run
from benchmarks.harness.servers.gateway import GatewayUnderTest
from benchmarks.harness.worlds.world import World, make_world

_CHANNELS: Final = 50
_SESSIONS: Final = (1000, 5000)
_TURNS: Final = (1, 16)
_ROUNDS: Final = 11
_COLUMNS: Final = [
    Column(key="sessions", title="sessions"),
    Column(key="k", title="k"),
    Column(key="viewers", title="viewers of a channel"),
    Column(key="per_second", title="deliveries/s"),
    Column(key="cpu_us", title="CPU µs each", digits=2),
    *COMPARED,
]


def run(run: Run) -> Result:
    """Fan-out in a guild with private channels."""
    sizes = run.pick(_SESSIONS, (20, 40))
    folder = run.make_folder("mixed")
    database = folder / "world.db"
    world = asyncio.run(make_world(database, members=sizes[-1], channels=_CHANNELS))
    floor = Floor(builds=run.builds, folder=folder)
    gateway = GatewayUnderTest(
        builds=run.builds, folder=folder, database=database, world=world, wire_format=JSON, sessions=sizes[-1]
    )
    rows: list[dict[str, Any]] = []
    try:
        for sessions in sizes:
            gateway.grow(sessions)
            floor.grow(sessions)
            rows += [_measure(run, world, gateway, floor, sessions, per_turn) for per_turn in _TURNS]
    finally:
        gateway.stop()
        floor.stop()
    table = Table(title=f"fan-out in {_CHANNELS} channels of mixed permissions", columns=_COLUMNS, rows=rows)
    return Result(name="mixed", tables=[table], deliveries=sum(row["frames"] for row in rows))


def _measure(
    run: Run, world: World, gateway: GatewayUnderTest, floor: Floor, sessions: int, per_turn: int
) -> dict[str, Any]:
    viewers = [sum(1 for place in places if place < sessions) for places in world.viewers]
    mean = sum(viewers) / len(viewers)
    rounds = run.pick(_ROUNDS, 1)
    events = run.pick(max(int(DELIVERIES[per_turn] / mean) // per_turn, 2) * per_turn, 2 * _CHANNELS)
    frames = sum(itertools.islice(itertools.cycle(viewers), events))
    found = compare(
        floor,
        lambda shape: gateway.burst(
            Shape(events=events, per_turn=per_turn, frame_bytes=shape.frame_bytes, recipients=sessions), frames
        ),
        _shape_floor(gateway.frame_bytes(), mean, sessions, per_turn, frames),
        rounds=rounds,
    )
    return {
        "sessions": sessions,
        "k": per_turn,
        "viewers": mean,
        "frames": frames * (rounds + 1),
        **describe(found),
    }


def _shape_floor(frame_bytes: int, viewers: float, sessions: int, per_turn: int, frames: int) -> Shape:
    if per_turn == 1:
        recipients = round(viewers)
        return Shape(events=frames // recipients, per_turn=1, frame_bytes=frame_bytes, recipients=recipients)
    together = max(round(per_turn * viewers / sessions), 1)
    events = max(frames // sessions // together, 1) * together
    return Shape(events=events, per_turn=together, frame_bytes=frame_bytes, recipients=sessions)
