"""The ground on which `Server` runs clusters in place of single processes, with SERVER_OF_TESTS=cluster.

```
 ClusterGround      one PostgreSQL and one Cassandra, shared
 └─ ClusterPlace    a cluster's own Redis, database and keyspace, and a balancer before its API processes
```

Redis is not shared: its channels and its keys belong to one cluster. A data folder that an embedded server or `guildway
demo` has filled beforehand is moved into the cluster by `guildway import-embedded`, as an operator moves it.
"""

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Final

from deploy.services.definition import LOOPBACK, find_free_port
from deploy.services.process import ServiceProcess
from deploy.services.redis_server import RedisServer
from tests.support.proxies.api_balancer import ApiBalancer
from tests.support.services import serving
from tests.support.stores.postgres_databases import PostgresDatabases

APIS: Final = 2
WORKERS: Final = int(os.environ.get("WORKERS_OF_TESTS", "1"))
"""With several workers the guilds are at all of them."""
_NUMBERS: Final = ("--workers", str(WORKERS), "--apis", str(APIS), "--controllers", "1")
COMMAND: Final = (sys.executable, "-m", "shardctl", "up", *_NUMBERS)
_NO_FSYNC: Final = ("--appendfsync", "no")
"""No test of these kills Redis, whose log therefore need not reach the disk."""


class ClusterPlace:
    """The place of one cluster, which may be stopped and started there again."""

    command: Final = COMMAND

    def __init__(self, ground: "ClusterGround") -> None:
        self._ground = ground
        self._environ: dict[str, str] = {}
        self._balancer = ApiBalancer()

    async def prepare(self, data: Path) -> Mapping[str, str]:
        """Make what the first start needs; return the variables that name it."""
        if not self._environ:
            self._environ = await self._ground.make_environ(data)
            await self._run("guildway", "migrate")
            if (data / "guildway.db").exists():
                await self._run("guildway", "import-embedded", "--data", str(data))
        return self._environ

    async def find_api(self, data: Path, printed: str) -> str:
        """Return the address of all API processes together. `printed` is that of the first."""
        entries = json.loads((data / "cluster.json").read_text())["cluster"]
        self._balancer.processes = [each["addresses"]["api"] for each in entries if each["role"] == "api"]
        assert printed in self._balancer.processes
        assert len(self._balancer.processes) == APIS
        await self._balancer.start()
        if WORKERS > 1:
            await self._run("shardctl", "rebalance")
        return self._balancer.address

    async def leave(self) -> None:
        """Cut the clients off, as the processes have ended."""
        await self._balancer.stop()

    async def _run(self, program: str, *arguments: str) -> None:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", program, *arguments, env={**os.environ, **self._environ},
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        output, _ = await process.communicate()
        assert process.returncode == 0, output.decode()


class ClusterGround:
    """The shared servers, and the servers of the clusters so far, which run until the context ends."""

    def __init__(
        self, *, folder: Path, databases: PostgresDatabases, cassandra: ServiceProcess, running: ExitStack
    ) -> None:
        self._folder = folder
        self._databases = databases
        self._cassandra = cassandra
        self._running = running
        self._numbers = count(1)

    def make_place(self) -> ClusterPlace:
        """Return a place for a new cluster."""
        return ClusterPlace(self)

    async def make_environ(self, data: Path) -> dict[str, str]:
        """Start a Redis and make a database; return the variables of a cluster's processes."""
        number = next(self._numbers)
        redis = RedisServer(folder=self._folder / f"redis{number}", port=find_free_port(), options=_NO_FSYNC)
        self._running.enter_context(serving(redis))
        return {
            "GUILDWAY_STORE_DATA_DIR": str(data),
            "GUILDWAY_REDIS_URL": redis.address,
            "GUILDWAY_POSTGRES_URL": await self._databases.create(),
            "GUILDWAY_CASSANDRA_CONTACT_POINTS": LOOPBACK,
            "GUILDWAY_CASSANDRA_PORT": str(self._cassandra.service.port),
            "GUILDWAY_CASSANDRA_KEYSPACE": f"cluster{number}",
            "GUILDWAY_CASSANDRA_REPLICATION": "1",
        }
