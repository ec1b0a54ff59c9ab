"""A media node is killed while somebody speaks: how long those who listen hear nothing.

The product runs as it is shipped, embedded with its one node, and as a cluster with two. Its node's process is killed
(SIGKILL), and everybody follows the gateway's VOICE_SERVER_UPDATE, the speaker too. A silence is from the last packet
that a listener got before to the first one after. The embedded server starts its node again meanwhile; in a cluster the
room goes to the other node. Between two kills the people talk for a while.
"""

import asyncio
import os
import signal
import statistics
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import msgspec

from benchmarks.harness.reports.tables import Column, Table
from benchmarks.harness.run import Run
from benchmarks.harness.servers.cluster_servers import ClusterServers
from benchmarks.harness.servers.product import SILENT_CLIENTS, Person, Product, unique_name
from benchmarks.voice.caller import Caller
from deploy.services.definition import MissingProgram

COLUMNS: Final = [
    Column(key="server", title="server"),
    Column(key="kills", title="kills"),
    Column(key="told", title="kill to VOICE_SERVER_UPDATE, p50 ms"),
    Column(key="p50", title="silence p50, ms"),
    Column(key="most", title="silence max, ms"),
]
_KILLS: Final = 20
_QUICK_KILLS: Final = 5
_PEOPLE: Final = 4
"""One of them speaks."""
_NODES: Final = 2
_VOICE: Final = {
    "GUILDWAY_VOICE_ENABLED": "true",
    "GUILDWAY_VOICE_HOST": "127.0.0.1",
    "GUILDWAY_VOICE_PORT": "0",
    "GUILDWAY_VOICE_MEDIA_PORT": "0",
    "GUILDWAY_VOICE_PUBLIC_ADDRESS": "127.0.0.1",
}
_REST_S: Final = 3.0
"""The time between two kills, in which a killed node is up again."""
_WAIT_S: Final = 60.0
_VOICE_CHANNEL: Final = 2


class _Scene(msgspec.Struct, frozen=True):
    """A server, and how the process of the node at a port of its voice gateway is found."""

    api: str
    gateway: str
    find_node: Callable[[int], int]


class _Kill(msgspec.Struct, frozen=True):
    """What became of a kill, in seconds for each listener."""

    told_s: list[float]
    silences_s: list[float]


def measure(run: Run) -> tuple[Table, list[str]]:
    """Measure both servers; return the table, and what was left out."""
    kills, rows, skipped = run.pick(_KILLS, _QUICK_KILLS), [], []
    rows.append(_describe("embedded, one node", _measure_embedded(run.make_folder("failover"), kills)))
    run.folder.chmod(0o755)  # PostgreSQL runs under an account of its own
    try:
        found = _measure_cluster(run.make_folder("failover-cluster"), kills)
        rows.append(_describe(f"a cluster, {_NODES} nodes", found))
    except MissingProgram as missing:
        skipped.append(str(missing))
    return Table(title="a node is killed while somebody speaks", columns=COLUMNS, rows=rows), skipped


def _describe(server: str, kills: Sequence[_Kill]) -> dict[str, Any]:
    silences_s = [each for kill in kills for each in kill.silences_s]
    return {
        "server": server,
        "kills": len(kills),
        "told": 1000 * statistics.median(each for kill in kills for each in kill.told_s),
        "p50": 1000 * statistics.median(silences_s),
        "most": 1000 * max(silences_s),
    }


def _measure_embedded(folder: Path, kills: int) -> list[_Kill]:
    product = Product(folder / "data", {**_VOICE, **SILENT_CLIENTS})
    try:
        return asyncio.run(
            _measure(_Scene(product.api, product.gateway, lambda _: _find_media(product.process.pid)), kills)
        )
    finally:
        product.process.stop()


def _measure_cluster(folder: Path, kills: int) -> list[_Kill]:
    cluster = ClusterServers(folder, voice=_NODES, settings=_VOICE, has_cassandra=False)

    def find_node(port: int) -> int:
        keepers = (each.pid for each in cluster.list_nodes() if each.pid)
        (keeper,) = (pid for pid in keepers if f"127.0.0.1:{port}" in _read_command(pid))
        return _find_media(keeper)

    try:
        return asyncio.run(_measure(_Scene(cluster.apis[0], cluster.gateways[0], find_node), kills))
    finally:
        cluster.stop()


def _find_media(keeper: int) -> int:
    """Return the process of a node that this one has started."""
    children = [
        int(pid) for each in Path(f"/proc/{keeper}/task").glob("*/children") for pid in each.read_text().split()
    ]
    (media,) = (pid for pid in children if _read_command(pid)[1:] == ["-m", "voice"])
    return media


def _read_command(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/cmdline").read_text().split("\0")[:-1]


async def _measure(scene: _Scene, kills: int) -> list[_Kill]:
    async with _talking(scene) as listeners:
        return [await _kill(scene, listeners) for _ in range(kills)]


@asynccontextmanager
async def _talking(scene: _Scene) -> AsyncIterator[list[Caller]]:
    """Have people talk in a channel; give those who listen, when all of them hear."""
    owner, *others = [await asyncio.to_thread(Person.register, scene.api, unique_name()) for _ in range(_PEOPLE)]
    guild_id, channel_id = await asyncio.to_thread(_make_channel, owner, others)
    callers = [Caller(gateway=scene.gateway, token=each.token, speaks=each is owner) for each in (owner, *others)]
    async with asyncio.TaskGroup() as tasks:
        staying = [tasks.create_task(caller.stay(guild_id, channel_id)) for caller in callers]
        async with asyncio.timeout(_WAIT_S):
            for caller in callers[1:]:
                await caller.hears.wait()
        yield callers[1:]
        for task in staying:
            task.cancel()


def _make_channel(owner: Person, others: Sequence[Person]) -> tuple[str, str]:
    guild = owner.post("/guilds", {"name": "calls"})
    channels = owner.get(f"/guilds/{guild['id']}/channels")
    channel_id = next(each["id"] for each in channels if each["type"] == _VOICE_CHANNEL)
    code = owner.post(f"/channels/{channel_id}/invites", {})["code"]
    for other in others:
        other.post(f"/invites/{code}", {})
    return guild["id"], channel_id


async def _kill(scene: _Scene, listeners: Sequence[Caller]) -> _Kill:
    await asyncio.sleep(_REST_S)
    node = scene.find_node(listeners[0].port)
    killed_s = time.monotonic()
    os.kill(node, signal.SIGKILL)
    async with asyncio.timeout(_WAIT_S):
        gaps = [await listener.gaps.get() for listener in listeners]
    return _Kill([gap.told_s - killed_s for gap in gaps], [gap.first_s - gap.last_s for gap in gaps])
