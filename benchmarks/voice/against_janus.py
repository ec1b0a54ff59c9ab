"""The node beside Janus' videoroom: processor time of a packet that is passed on, at the pace of real calls.

Both are processes of their own, on the same core, and have the same people at the same time: one socket for each
connection, an ICE check, DTLS, SRTP with AES-128-GCM, the same header extension. They take turns, a round each. What
counts is the packets that come to those who hear, and the whole processor time of the process meanwhile, in the kernel
too. A person has one connection with the node, and two with Janus, whose videoroom keeps sending and getting apart.
Nobody reports what is lost, so neither sends anything again.
"""

import asyncio
import contextlib
import statistics
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from benchmarks.harness.processes import PinnedProcess
from benchmarks.harness.reports.tables import Column, Table
from benchmarks.voice.browser import OPUS, VP8, Browser
from benchmarks.voice.janus_server import JanusServer
from benchmarks.voice.node_server import fill_rooms, run_node_server
from benchmarks.voice.talk import Ears, Talk, talk

COLUMNS: Final = [
    Column(key="room", title="rooms × people, all sending"),
    Column(key="a_second", title="packets a second"),
    Column(key="node_us", title="node, µs a packet passed on", digits=2),
    Column(key="janus_us", title="Janus, µs", digits=2),
    Column(key="ratio", title="ratio", digits=2),
    Column(key="node_lost", title="node, lost ‰", digits=1),
    Column(key="janus_lost", title="Janus, lost ‰", digits=1),
]
_FIRST_ROOM: Final = 100


class Scene(msgspec.Struct, frozen=True):
    """Rooms, their people, the bytes of a packet of RTP, and how many each person sends a second."""

    rooms: int
    people: int
    size_bytes: int
    a_second: int
    payload_type: int = OPUS

    @property
    def payload(self) -> bytes:
        """What is in a packet."""
        return bytes(self.size_bytes - (20 if self.payload_type == OPUS else 12))


SCENES: Final = [Scene(1, 25, 180, 50), Scene(40, 5, 180, 50), Scene(1, 12, 1100, 120, VP8)]
QUICK_SCENES: Final = [Scene(2, 3, 180, 50), Scene(1, 3, 1100, 50, VP8)]


class _Side(msgspec.Struct):
    """One of both servers with its people."""

    process: PinnedProcess
    speakers: Sequence[Browser]
    ears: Ears


class _Round(msgspec.Struct, frozen=True):
    each_us: float
    talk: Talk


def compare(scenes: Sequence[Scene], *, folder: Path, rounds: int, seconds: float) -> Table:
    """Measure all scenes."""
    rows = []
    for scene in scenes:
        place = folder / f"janus-{scene.rooms}-{scene.people}-{scene.size_bytes}"
        place.mkdir()
        rows.append(asyncio.run(_compare(scene, place, rounds, seconds)))
    return Table(title="the node beside Janus, both on one core", columns=COLUMNS, rows=rows)


async def _compare(scene: Scene, folder: Path, rounds: int, seconds: float) -> dict[str, Any]:
    async with _run_node(scene) as node, _run_janus(scene, folder) as janus:
        node_rounds, janus_rounds = [], []
        for _ in range(rounds):
            node_rounds.append(await _measure(node, scene, seconds))
            janus_rounds.append(await _measure(janus, scene, seconds))
    node_us, janus_us = ([each.each_us for each in side] for side in (node_rounds, janus_rounds))
    expected = sum(each.talk.sent for each in node_rounds) * (scene.people - 1)
    return {
        "room": f"{scene.rooms} × {scene.people}, {scene.size_bytes} bytes",
        "a_second": scene.rooms * scene.people * (scene.people - 1) * scene.a_second,
        "node_us": statistics.median(node_us),
        "janus_us": statistics.median(janus_us),
        "ratio": statistics.median(ours / theirs for ours, theirs in zip(node_us, janus_us, strict=True)),
        "node_lost": _count_lost(node_rounds, expected),
        "janus_lost": _count_lost(janus_rounds, expected),
        "deliveries": sum(each.talk.came for each in (*node_rounds, *janus_rounds)),
    }


def _count_lost(rounds: Sequence[_Round], expected: int) -> float:
    return 1000 * (1 - sum(each.talk.came for each in rounds) / expected)


async def _measure(side: _Side, scene: Scene, seconds: float) -> _Round:
    began_s = side.process.cpu_s()
    said = await asyncio.to_thread(
        talk, side.speakers, side.ears, payload=scene.payload, a_second=scene.a_second, seconds=seconds
    )
    took_s = side.process.cpu_s() - began_s
    return _Round(1e6 * took_s / max(said.came, 1), said)


@contextlib.asynccontextmanager
async def _run_node(scene: Scene) -> AsyncIterator[_Side]:
    rooms = [_FIRST_ROOM + room for room in range(scene.rooms) for _ in range(scene.people)]
    async with run_node_server(most_voices=scene.people) as node, fill_rooms(node, rooms, scene.payload_type) as people:
        browsers = [person.browser for person in people]
        yield _Side(node.process, browsers, Ears(browsers))


@contextlib.asynccontextmanager
async def _run_janus(scene: Scene, folder: Path) -> AsyncIterator[_Side]:
    janus = JanusServer(folder)
    try:
        await janus.open()
        speakers: list[Browser] = []
        hearers: list[Browser] = []
        for room in range(scene.rooms):
            publishers, subscribers = await janus.fill_room(
                _FIRST_ROOM + room, scene.people, payload_type=scene.payload_type
            )
            speakers += publishers
            hearers += subscribers
        yield _Side(janus.process, speakers, Ears(hearers))
    finally:
        janus.close()
