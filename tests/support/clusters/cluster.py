"""A cluster on loopback: servers of its own, and the processes that `shardctl up` runs on them."""

import asyncio
import json
import os
import random
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any, Final

import httpx
from redis.asyncio import Redis

from deploy.services.definition import find_free_port
from deploy.services.postgres_server import PostgresServer
from deploy.services.process import ServiceProcess
from deploy.services.redis_server import RedisServer
from guildway.data.data_files import BLOB_FOLDER
from tests.support.server_process import Server
from tests.support.services import define_cassandra, serving

APIS: Final = 2
COME_BACK_S: Final = 60.0
"""The longest time for a process to be there again on a busy machine."""

_LOG_LINES: Final = 30
_KEYSPACES: Final = count(1)
_CUTS: Final = re.compile(r"^guildway_session_cut_seconds_count\S* (\S+)$", re.MULTILINE)
"""How many cuts of its sessions a worker has taken, on its page of metrics."""


class Cluster:
    """The running cluster, whose processes and servers a test may kill, pause and start."""

    def __init__(
        self, *, server: Server, data: Path, servers: dict[str, ServiceProcess], environ: dict[str, str]
    ) -> None:
        self._data = data
        self._environ = environ
        self.server = server
        self.redis = servers["redis"]
        self.postgres = servers["postgres"]
        if "cassandra" in servers:
            self.cassandra = servers["cassandra"]

    @property
    def gateway(self) -> str:
        """The gateway's address."""
        return self.server.gateway

    @property
    def files(self) -> Path:
        """The folder of what people have sent."""
        return self._data / BLOB_FOLDER

    def entries(self) -> dict[str, dict[str, Any]]:
        """Return what cluster.json says now, by name."""
        read = json.loads((self._data / "cluster.json").read_text())
        return {entry["name"]: entry for entry in read["cluster"]}

    def apis(self) -> list[str]:
        """Return the addresses of all API processes."""
        return [entry["addresses"]["api"] for entry in self.entries().values() if entry["role"] == "api"]

    def gateways(self) -> list[str]:
        """Return the addresses of all workers' gateways."""
        return [entry["addresses"]["gateway"] for entry in self.entries().values() if entry["role"] == "worker"]

    async def shardctl(self, *arguments: str) -> Any:
        """Run a command of shardctl, and return what it answers."""
        command = (sys.executable, "-m", "shardctl", *arguments, "--json")
        environ = {**os.environ, **self._environ}
        process = await asyncio.create_subprocess_exec(*command, env=environ, stdout=asyncio.subprocess.PIPE)
        answer, _ = await process.communicate()
        assert process.returncode == 0, (arguments, process.returncode, answer)
        return json.loads(answer)

    def pid_of(self, name: str) -> int:
        """Return the id of a process that runs."""
        pid = self.entries()[name]["pid"]
        assert isinstance(pid, int), f"{name} does not run"
        return pid

    async def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal that ends a process, and wait until the supervisor has another one ready in its place."""
        killed = self.pid_of(name)
        os.kill(killed, number)
        await self.wait_replaced(name, killed)

    async def wait_replaced(self, name: str, ended: int) -> None:
        """Wait until the supervisor has another process ready in the place of one that ends."""
        async with asyncio.timeout(COME_BACK_S):
            while True:
                entry = self.entries()[name]
                if entry["state"] == "ready" and entry["pid"] not in (ended, None):
                    return
                await asyncio.sleep(0.02)

    async def wait_for_cut(self, worker: str) -> None:
        """Wait until a worker has written down the sessions of now: in the cut before the next but one, at the latest."""
        wanted = await self._count_cuts(worker) + 2
        async with asyncio.timeout(COME_BACK_S):
            while await self._count_cuts(worker) < wanted:  # noqa: ASYNC110 - of another process
                await asyncio.sleep(0.1)

    async def _count_cuts(self, worker: str) -> int:
        async with httpx.AsyncClient(timeout=COME_BACK_S) as http:
            page = (await http.get(f"{self.entries()[worker]['addresses']['metrics']}/metrics")).text
        return sum(int(float(count)) for count in _CUTS.findall(page))

    def describe(self) -> str:
        """Return how the processes are, and the last warnings in their logs."""
        states = {name: (entry["pid"], entry.get("state")) for name, entry in self.entries().items()}
        warnings = [line for line in self.server.log if '"level": "info"' not in line]
        return f"processes {states}; log: " + "\n".join(warnings[-_LOG_LINES:])

    async def empty_redis(self) -> None:
        """Remove everything from Redis, as FLUSHALL does."""
        redis = Redis.from_url(self.redis.service.address)
        await redis.flushall()
        await redis.aclose()

    @asynccontextmanager
    async def another(self, role: str, name: str, **settings: str) -> AsyncIterator[Server]:
        """Run another process of a role, with these variables, on this machine, beside the supervisor's."""
        command = (sys.executable, "-m", "guildway", "run", "--role", role, "--name", name)
        server = await Server(self._data, {**self._environ, **settings}, command=command).start()
        try:
            yield server
        finally:
            assert await server.stop() == 0

    async def cut_topics(self) -> None:
        """Cut all connections that listen to the logs, so that who stands still now does not hear it later."""
        redis = Redis.from_url(self.redis.service.address)
        await redis.client_kill_filter(_type="pubsub")
        await redis.aclose()

    async def trim_logs(self) -> None:
        """Remove all entries of all logs, as the keeper does with those that are older than the retention."""
        redis = Redis.from_url(self.redis.service.address)
        async for key in redis.scan_iter("log{*}", 1000):
            await redis.xtrim(key, maxlen=0, approximate=False)
        await redis.aclose()

    async def has_opening(self, name: str) -> bool:
        """Return whether a process has let a message through a door that it has not told yet."""
        redis = Redis.from_url(self.redis.service.address)
        records = [record async for key in redis.scan_iter("open{*}", 1000) for record in await redis.hvals(key)]
        await redis.aclose()
        return any(f"{name}-".encode() in record for record in records)

    async def pause_at_a_door(self, name: str) -> int:
        """Stop a process between opening and closing, and return its id."""
        pid = self.pid_of(name)
        while True:
            os.kill(pid, signal.SIGSTOP)
            if await self.has_opening(name):
                return pid
            os.kill(pid, signal.SIGCONT)
            await asyncio.sleep(random.uniform(0.005, 0.05))

    def cut_redis_log(self) -> None:
        """Cut a killed Redis' log short, in the middle of a command, as a disk without its last second would be."""
        folder = self.redis.service.folder / "data" / "appendonlydir"
        newest = max(folder.glob("*.incr.aof"), key=lambda path: path.stat().st_mtime)
        os.truncate(newest, newest.stat().st_size * 9 // 10)


def skew_clocks(**skews_ms: int) -> dict[str, str]:
    """Return the settings of a cluster whose processes have wrong clocks, by their names with `_` for `-`."""
    skews = ",".join(f"{name.replace('_', '-')}={skew}" for name, skew in skews_ms.items())
    return {"PYTHONPATH": str(Path(__file__).parent / "skewed_clock"), "SKEW_MS": skews}


def proxy_links(port: int) -> dict[str, str]:
    """Return the settings of a cluster whose workers' links go through a `CutProxy` at a port."""
    return {"PYTHONPATH": str(Path(__file__).parent / "proxied_links"), "LINK_PROXY": str(port)}


@asynccontextmanager
async def run_cluster(
    folder: Path,
    settings: dict[str, str],
    *,
    workers: int = 1,
    voice: int = 0,
    cassandra: ServiceProcess | None = None,
    has_cassandra: bool = True,
) -> AsyncIterator[Cluster]:
    """Run a cluster with new, empty servers; `settings` are environment variables of all its processes.

    Where nobody hurts Cassandra, a running one may be given, whose start takes longer than all others together. The
    cluster has a keyspace of its own in it. Without one (`has_cassandra`) messages are in PostgreSQL.
    """
    async with AsyncExitStack() as stack:
        redis = RedisServer(folder=folder / "redis", port=find_free_port())
        postgres = PostgresServer(folder=folder / "postgres", port=find_free_port())
        servers = {service.name: stack.enter_context(serving(service)) for service in (redis, postgres)}
        environ = {"GUILDWAY_REDIS_URL": redis.address, "GUILDWAY_POSTGRES_URL": postgres.address, **settings}
        if has_cassandra:
            servers["cassandra"] = cassandra or stack.enter_context(serving(define_cassandra(folder / "cassandra")))
            environ = {**_name_cassandra(servers["cassandra"]), **environ}
        await _migrate(environ)
        numbers = ("--workers", str(workers), "--apis", str(APIS), "--controllers", "1", "--voice", str(voice))
        command = (sys.executable, "-m", "shardctl", "up", *numbers)
        data = folder / "data"
        server = await Server(data, environ, command=command).start()
        stack.callback(lambda: (folder / "log").write_text("\n".join(server.log)))
        stack.push_async_callback(server.stop)
        yield Cluster(server=server, data=data, servers=servers, environ=environ)


def _name_cassandra(cassandra: ServiceProcess) -> dict[str, str]:
    return {
        "GUILDWAY_CASSANDRA_CONTACT_POINTS": "127.0.0.1",
        "GUILDWAY_CASSANDRA_PORT": str(cassandra.service.port),
        "GUILDWAY_CASSANDRA_KEYSPACE": f"run{next(_KEYSPACES)}",
        "GUILDWAY_CASSANDRA_REPLICATION": "1",
    }


async def _migrate(environ: dict[str, str]) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "guildway", "migrate", env={**os.environ, **environ}, stdout=asyncio.subprocess.DEVNULL
    )
    assert await process.wait() == 0
