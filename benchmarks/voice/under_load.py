"""A whole media node under load: very many packets, people who join, many who are idle, and many open microphones.

The node has a core of its own. How old packets are is what the kernel says: a packet carries the time of its sending,
and the kernel notes when it has it for a hearer, whoever reads it when. One hearer of each room is watched; what the
others get is left to the kernel, which drops it.
"""

import asyncio
import sys
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final

import msgspec

from benchmarks.harness.processes import CLIENT_CORE, PinnedProcess
from benchmarks.harness.reports.tables import Column, Table
from benchmarks.voice.joiner import Order, Report
from benchmarks.voice.node_server import NodeServer, Person, fill_rooms, run_node_server
from benchmarks.voice.talk import Ears, Talk, talk

COLUMNS: Final = [
    Column(key="load", title="load"),
    Column(key="share", title="node, % of a core", digits=1),
    Column(key="each_us", title="µs a person and second", digits=1),
    Column(key="lost", title="lost ‰", digits=2),
    Column(key="p50", title="age p50, ms", digits=2),
    Column(key="p99", title="age p99, ms", digits=2),
    Column(key="p999", title="age p99.9, ms", digits=2),
    Column(key="join_p95", title="join p95, ms"),
]

_PAYLOAD: Final = bytes(160)
_A_SECOND: Final = 50
_ROOM: Final = 100
_JOINERS_ROOM: Final = 1000
_JOINERS_FIRST: Final = 10_000
_ROOM_OF_JOINERS: Final = 10
_CHECK_S: Final = 2.5
"""How often browsers check their way."""


class Size(msgspec.Struct, frozen=True):
    """How large the loads are: more than 200,000 packets a second, and a thousand open microphones."""

    seconds: float = 10.0
    crowds: tuple[tuple[int, int], ...] = ((8, 23), (7, 25))
    """Rooms in which all talk, and the people in each."""
    people: int = 25
    joins: int = 450
    joins_a_second: float = 150.0
    idle: int = 300
    open_rooms: int = 40
    most_voices: int = 2
    """Of each of these rooms so many are heard."""


QUICK: Final = Size(
    seconds=0.5, crowds=((2, 3),), people=3, joins=4, joins_a_second=20, idle=4, open_rooms=2, most_voices=1
)


def measure(size: Size) -> Table:
    """Measure all loads, each with a node of its own."""
    loads: list[Callable[[Size], Coroutine[Any, Any, dict[str, Any]]]] = [_some_join, _idle, _open_mics]
    rows = [asyncio.run(_all_talk(size, rooms, people)) for rooms, people in size.crowds]
    rows += [asyncio.run(load(size)) for load in loads]
    return Table(title="a node under load, on one core", columns=COLUMNS, rows=rows)


async def _all_talk(size: Size, rooms: int, a_room: int) -> dict[str, Any]:
    async with run_node_server(most_voices=a_room) as node, _fill(node, rooms, a_room) as people:
        said, cpu_s = await _talk(node, people, a_room, size.seconds)
    a_second = rooms * a_room * (a_room - 1) * _A_SECOND
    row = _describe(f"{rooms} × {a_room}, all sending: {a_second:,} packets a second", cpu_s, size)
    return row | _describe_ages(said) | {"lost": 1000 * (1 - said.came / (said.sent * (a_room - 1) / a_room))}


async def _some_join(size: Size) -> dict[str, Any]:
    seconds = size.joins / size.joins_a_second
    joiner = PinnedProcess([sys.executable, "-m", "benchmarks.voice.joiner"], on_core=CLIENT_CORE)
    try:
        async with run_node_server(most_voices=size.people) as node, _fill(node, 1, size.people) as people:
            tickets = [
                node.seat(_JOINERS_FIRST + number, _JOINERS_ROOM + number // _ROOM_OF_JOINERS)
                for number in range(size.joins)
            ]
            joiner.tell(msgspec.json.encode(Order(tickets, size.joins_a_second)).decode())
            said, cpu_s = await _talk(node, people, size.people, seconds)
            report = msgspec.json.decode(await asyncio.to_thread(joiner.read), type=Report)
    finally:
        joiner.stop()
    assert not report.failed, f"{report.failed} of {size.joins} could not join"
    load = f"1 × {size.people}, all sending, while {size.joins_a_second:.0f} join a second"
    lost = 1000 * (1 - said.came / (said.sent * (size.people - 1) / size.people))
    row = {"load": load, "share": 100 * cpu_s / seconds, "lost": lost}
    return row | _describe_ages(said) | {"join_p95": 1000 * _find(sorted(report.took_s), 0.95)}


async def _idle(size: Size) -> dict[str, Any]:
    async with run_node_server(most_voices=size.people) as node, _fill(node, size.idle // 2, 2) as people:
        began_s = node.process.cpu_s()
        await asyncio.to_thread(_check_on, people, size.seconds)
        cpu_s = node.process.cpu_s() - began_s
    row = _describe(f"{len(people)} in rooms of two, who only check their way", cpu_s, size)
    return row | {"each_us": 1e6 * cpu_s / size.seconds / len(people)}


async def _open_mics(size: Size) -> dict[str, Any]:
    async with (
        run_node_server(most_voices=size.most_voices) as node,
        _fill(node, size.open_rooms, size.people) as people,
    ):
        said, cpu_s = await _talk(node, people, size.people, size.seconds)
    load = f"{size.open_rooms} × {size.people}, all sending, {size.most_voices} of each room heard"
    row = _describe(load, cpu_s, size)
    return row | _describe_ages(said) | {"each_us": 1e6 * cpu_s / size.seconds / len(people)}


def _fill(node: NodeServer, rooms: int, people: int) -> Any:
    return fill_rooms(node, [_ROOM + room for room in range(rooms) for _ in range(people)])


async def _talk(node: NodeServer, people: Sequence[Person], a_room: int, seconds: float) -> tuple[Talk, float]:
    """Let everybody talk; return what comes to the first of each room, and the node's processor time."""
    ears = Ears([person.browser for person in people[::a_room]], are_sharp=True)
    for person in people:  # the first ones have been silent for a while
        person.browser.check(person.way)
    browsers, began_s = [person.browser for person in people], node.process.cpu_s()
    said = await asyncio.to_thread(talk, browsers, ears, payload=_PAYLOAD, a_second=_A_SECOND, seconds=seconds)
    return said, node.process.cpu_s() - began_s


def _check_on(people: Sequence[Person], seconds: float) -> None:
    began_s, checked = time.monotonic(), 0
    while (passed_s := time.monotonic() - began_s) < seconds:
        while checked < passed_s / _CHECK_S * len(people):
            person = people[checked % len(people)]
            person.browser.check(person.way)
            checked += 1
        time.sleep(0.001)


def _describe(load: str, cpu_s: float, size: Size) -> dict[str, Any]:
    return {"load": load, "share": 100 * cpu_s / size.seconds}


def _describe_ages(said: Talk) -> dict[str, Any]:
    ages = sorted(said.ages_us)
    return {
        name: _find(ages, part) / 1000 if ages else None
        for name, part in (("p50", 0.5), ("p99", 0.99), ("p999", 0.999))
    } | {"deliveries": said.came}


def _find(ordered: Sequence[float], part: float) -> float:
    return ordered[min(int(len(ordered) * part), len(ordered) - 1)]
