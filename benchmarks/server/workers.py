"""Two workers of a cluster: what logins, a move and a death cost those who are connected to the other one.

The people of one guild are connected to worker 1; half of them for the storm of logins to each. A message that is
written at the moment in question is awaited by all of them, so a time contains everything: the lease that must end, the
map, the loading of the guild, the seats that are taken again, the replay and the sends. Before each move and each death
all sessions sit at the home of then, as the host's metric of moves says: who still sits at a former home is told what
happens all the same, so that all have heard a message is no sign. Redis and PostgreSQL are real
servers, which have the messages too. All processes share the cores with the clients and with each other.
"""

import asyncio
import itertools
import os
import signal
import statistics
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from benchmarks.harness.load.load_client import LoadClient, Logins
from benchmarks.harness.metrics import read_counter
from benchmarks.harness.process_times import read_cpu_s, read_rss_bytes
from benchmarks.harness.reports.tables import Column, Result, Table
from benchmarks.harness.run import Run
from benchmarks.harness.servers.cluster_servers import ClusterServers
from benchmarks.harness.servers.product import Person
from benchmarks.harness.worlds.world import World, make_data
from core.domain.ids import shard_of
from core.runtime.settings.configuration import load_settings
from core.shards.incarnations import name_of
from core.shards.map_reader import fetch_map
from core.shards.shard_map import Place
from deploy.services.definition import MissingProgram
from shardctl.operations.desk import Desk, open_desk

_SESSIONS: Final = int(os.environ.get("BENCH_SESSIONS", "1000"))
"""Those of the guild. The machine of the figures has no room for many more beside all processes."""
_MOVES: Final = 20
_DEATHS: Final = int(os.environ.get("BENCH_DEATHS", "5"))
_FIRST, _SECOND = "worker-1", "worker-2"
_LOOK_S: Final = 0.005
_LONG_S: Final = 60.0
_TIME_COLUMNS: Final = [
    Column(key="what", title="what"),
    Column(key="sessions", title="sessions"),
    Column(key="times", title="times"),
    Column(key="map_p50_ms", title="in the map p50 ms"),
    Column(key="map_p99_ms", title="p99 ms"),
    Column(key="heard_p50_ms", title="heard by all p50 ms"),
    Column(key="heard_p99_ms", title="p99 ms"),
]
_ATTACH_COLUMNS: Final = [
    Column(key="sessions", title="sessions"),
    Column(key="times", title="times"),
    Column(key="attach_p50_ms", title="from the map until heard by all p50 ms"),
    Column(key="attach_p99_ms", title="p99 ms"),
    Column(key="cpu_us", title="CPU µs a session"),
]
_LOGIN_COLUMNS: Final = [
    Column(key="worker", title="worker"),
    Column(key="sessions", title="identify at once"),
    Column(key="per_second", title="identifies/s"),
    Column(key="cpu_us", title="CPU µs each"),
    Column(key="ready_p50_ms", title="READY p50 ms"),
    Column(key="ready_p99_ms", title="p99 ms"),
]
_SEAT_COLUMNS: Final = [
    Column(key="sessions", title="sessions elsewhere"),
    Column(key="seat_kib", title="home's KiB a seat", digits=1),
]


_NOWHERE: Final = Place(owner="", epoch=0)
"""The place of a shard while the controller has given nobody anything yet."""


class _Scene:
    """A cluster with the guild in it, and the desk by which its shard is watched and moved."""

    def __init__(self, run: Run, cluster: ClusterServers, world: World, desk: Desk) -> None:
        self._run = run
        self._cluster = cluster
        self._world = world
        self._desk = desk
        self._author = Person(cluster.apis[0], world.tokens[0])
        self._shard = shard_of(world.guild_id, desk.settings.store.num_shards)
        self._changes = 0
        """How often the guild has got another home since it is watched."""
        self._clients: list[LoadClient] = []
        self._numbers = itertools.count(1)

    def connect(self, worker: str, tokens: Sequence[str]) -> Callable[[], Logins]:
        """Open connections to a worker; return what logs them in."""
        client = LoadClient(builds=self._run.builds, folder=self._run.make_folder(f"client-{next(self._numbers)}"))
        client.connect_gateway(urlsplit(self._cluster.find(worker).addresses["gateway"]).port or 0, len(tokens))
        self._clients.append(client)
        return lambda: client.login(tokens, at_once=len(tokens))

    def disconnect(self) -> None:
        """End all sessions."""
        for client in self._clients:
            client.stop()
        self._clients.clear()

    async def pin(self, worker: str) -> float:
        """Have the guild at a worker; return the seconds from the beginning of the move to its end."""
        before, began_s = (await self._find_place()).owner, None
        await self._desk.store.wishes.pin(self._shard, worker)
        async with asyncio.timeout(_LONG_S):
            while True:
                place = await self._find_place()
                if name_of(place.owner) == worker and not place.moving_to:
                    self._changes += place.owner != before
                    return 0.0 if began_s is None else time.monotonic() - began_s
                if place.moving_to and began_s is None:
                    began_s = time.monotonic()
                await asyncio.sleep(_LOOK_S)

    async def kill(self, worker: str) -> float:
        """Kill a worker that has the guild; return the seconds until another one has it, or another life of this one.

        A worker that is started again before its lease has ended keeps its shards.
        """
        pid, life = self._cluster.find(worker).pid, (await self._find_place()).owner
        assert pid is not None
        assert name_of(life) == worker
        began_s = time.monotonic()
        os.kill(pid, signal.SIGKILL)
        async with asyncio.timeout(_LONG_S):
            while (await self._find_place()).owner in ("", life):  # noqa: ASYNC110 - of other processes
                await asyncio.sleep(_LOOK_S)
        self._changes += 1
        return time.monotonic() - began_s

    def say(self) -> float:
        """Write a message; return the second at which all have heard it."""
        (client,) = self._clients
        client.expect(len(self._world.tokens) - 1)
        self._author.post(f"/channels/{self._world.channel_ids[0]}/messages", {"content": "now"})
        return client.wait().at_s

    async def settle(self) -> None:
        """Wait until all sessions, which are at worker 1, sit at the home of now."""
        moves = self._changes * (len(self._world.tokens) - 1)
        address = self._cluster.find(_FIRST).addresses["metrics"]
        async with asyncio.timeout(_LONG_S):
            while read_counter(address, "guildway_session_moves_total") < moves:  # noqa: ASYNC110 - of another process
                await asyncio.sleep(0.1)

    def begin(self) -> None:
        """Count the changes of the guild's home from now on."""
        self._changes = 0

    async def _find_place(self) -> Place:
        return (await fetch_map(self._desk.scripts)).places.get(self._shard, _NOWHERE)

    def rss_bytes(self, worker: str) -> int:
        """Return the memory of a worker."""
        return read_rss_bytes(self._cluster.find(worker).pid or 0)

    def cpu_s(self, worker: str) -> float:
        """Return the processor time of a worker."""
        return read_cpu_s(self._cluster.find(worker).pid or 0)

    async def wait_back(self, worker: str) -> None:
        """Wait until a worker that was killed is there again, and has its lease."""
        async with asyncio.timeout(_LONG_S):
            while worker not in {each.name for each in (await self._desk.look()).workers}:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.1)


def run(run: Run) -> Result:
    """Two workers: logins, seats, moves and deaths of homes."""
    folder = run.make_folder("workers")
    folder.chmod(0o755)  # PostgreSQL runs under an account of its own
    run.folder.chmod(0o755)
    sessions, load_before = run.pick(_SESSIONS, 20), os.getloadavg()[0]
    data, world = make_data(run.make_folder("workers-world"), members=sessions + 1)
    try:
        cluster = ClusterServers(folder, workers=2, has_cassandra=False, imported=data)
    except MissingProgram as missing:
        return Result(name="workers", tables=[], skipped=[str(missing)])
    try:
        tables = asyncio.run(_measure(run, cluster, world))
    finally:
        cluster.stop()
    tables[0].title += f"; load of the machine {load_before:.1f} before, {os.getloadavg()[0]:.1f} at the end"
    return Result(name="workers", tables=tables, deliveries=sessions * (run.pick(_MOVES + _DEATHS, 2)))


async def _measure(run: Run, cluster: ClusterServers, world: World) -> list[Table]:
    settings = load_settings(environ=cluster.settings, flags={})
    async with open_desk(settings) as desk:
        scene = _Scene(run, cluster, world, desk)
        try:
            await scene.pin(_FIRST)
            logins = _storm(scene, world.tokens[1:])
            scene.disconnect()
            scene.connect(_FIRST, world.tokens[1:])()
            scene.begin()
            seats, moves = await _move(scene, len(world.tokens) - 1, run.pick(_MOVES, 1))
            deaths, attaches = await _die(scene, len(world.tokens) - 1, run.pick(_DEATHS, 1))
        finally:
            scene.disconnect()
    return [
        Table(title="moves and deaths of a guild's home", columns=_TIME_COLUMNS, rows=[moves, deaths]),
        Table(title="sessions that sit at the next home after a kill", columns=_ATTACH_COLUMNS, rows=[attaches]),
        Table(title="identifies at once at two workers", columns=_LOGIN_COLUMNS, rows=logins),
        Table(title="memory of seats", columns=_SEAT_COLUMNS, rows=[seats]),
    ]


def _storm(scene: _Scene, tokens: Sequence[str]) -> list[dict[str, Any]]:
    """Log half of the people in at each worker, at once."""
    half = len(tokens) // 2
    parts = {_FIRST: tokens[:half], _SECOND: tokens[half:]}
    works = {worker: scene.connect(worker, part) for worker, part in parts.items()}
    before = {worker: scene.cpu_s(worker) for worker in parts}
    found: dict[str, Logins] = {}
    threads = [
        threading.Thread(target=lambda worker=worker, work=work: found.__setitem__(worker, work()))
        for worker, work in works.items()
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [
        {
            "worker": f"{worker}, {'the home' if worker == _FIRST else 'not the home'}",
            "sessions": len(part),
            "per_second": len(part) / found[worker].took_s,
            "cpu_us": (scene.cpu_s(worker) - before[worker]) / len(part) * 1e6,
            "ready_p50_ms": found[worker].ready.p50_ms,
            "ready_p99_ms": found[worker].ready.p99_ms,
        }
        for worker, part in parts.items()
    ]


async def _move(scene: _Scene, sessions: int, times: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Move the guild away from its people and back; the last move is away."""
    in_map, heard = [], []
    seat_bytes = 0.0
    for number in range(times):
        before = scene.rss_bytes(_SECOND)
        in_map.append(await scene.pin(_SECOND))
        began_s = time.monotonic()
        heard.append(scene.say() - began_s)
        await scene.settle()
        if number == 0:
            seat_bytes = (scene.rss_bytes(_SECOND) - before) / sessions
        if number < times - 1:
            await scene.pin(_FIRST)
            await scene.settle()
    seats = {"sessions": sessions, "seat_kib": seat_bytes / 1024}
    return seats, _describe("a move; then a message", sessions, in_map, heard)


async def _die(scene: _Scene, sessions: int, times: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Kill the home again and again, when all sessions sit there."""
    in_map, heard, used_s = [], [], []
    for _ in range(times):
        await scene.pin(_SECOND)
        await scene.settle()
        began_s = time.monotonic()
        in_map.append(await scene.kill(_SECOND))
        before_s = scene.cpu_s(_FIRST)
        heard.append(scene.say() - began_s)
        used_s.append(scene.cpu_s(_FIRST) - before_s)
        await scene.settle()
        await scene.wait_back(_SECOND)
    attach = [all_s - map_s for all_s, map_s in zip(heard, in_map, strict=True)]
    attaches = {
        "sessions": sessions,
        "times": times,
        "attach_p50_ms": _pick(attach, 0.5),
        "attach_p99_ms": _pick(attach, 0.99),
        "cpu_us": statistics.median(used_s) / sessions * 1e6,
    }
    return _describe("kill -9 of the home, until a message after it", sessions, in_map, heard), attaches


def _describe(what: str, sessions: int, in_map: Sequence[float], heard: Sequence[float]) -> dict[str, Any]:
    return {
        "what": what,
        "sessions": sessions,
        "times": len(heard),
        "map_p50_ms": _pick(in_map, 0.5),
        "map_p99_ms": _pick(in_map, 0.99),
        "heard_p50_ms": _pick(heard, 0.5),
        "heard_p99_ms": _pick(heard, 0.99),
    }


def _pick(seconds: Sequence[float], share: float) -> float:
    """Return the percentile in ms, which is the largest one where there are few."""
    return sorted(seconds)[min(len(seconds) - 1, int(len(seconds) * share))] * 1000
