"""Faults of a cluster of two workers, which a seed chooses: each begins, lasts, and ends, whatever else is under way."""

import asyncio
import contextlib
import os
import random
import signal
from collections.abc import Awaitable, Callable
from typing import Final

from tests.support.clusters.cluster import Cluster
from tests.support.proxies.cut_proxy import CutProxy

WORKERS: Final = ("worker-1", "worker-2")
_PAUSE_S: Final = 4.5
"""Longer than a lease."""
_CUT_S: Final = 10.0


class Faults:
    """The faults, by a source of chance."""

    def __init__(self, cluster: Cluster, wires: CutProxy, chance: random.Random) -> None:
        self._cluster = cluster
        self._wires = wires
        self._chance = chance
        self.done: list[str] = []
        """What has happened, in order."""

    async def strike_twice(self) -> None:
        """Let two different faults happen at once, and wait until both have ended."""
        kinds: list[Callable[[], Awaitable[None]]] = [
            self._kill_worker, self._pause_worker, self._kill_api, self._kill_controller, self._kill_redis,
            self._restart_postgres, self._cut_link, self._drain_worker,
        ]  # fmt: skip
        await asyncio.gather(*(kind() for kind in self._chance.sample(kinds, 2)))
        await self._wait_whole()

    async def _kill_worker(self) -> None:
        await self._kill(self._chance.choice(WORKERS))

    async def _kill_api(self) -> None:
        await self._kill(self._chance.choice(("api-1", "api-2")))

    async def _kill_controller(self) -> None:
        await self._kill("controller-1")

    async def _kill(self, name: str) -> None:
        self.done.append(f"kill {name}")
        with contextlib.suppress(AssertionError, ProcessLookupError):  # it has just been killed by the other fault
            await self._cluster.kill(name)

    async def _pause_worker(self) -> None:
        name = self._chance.choice(WORKERS)
        self.done.append(f"pause {name}")
        with contextlib.suppress(AssertionError, ProcessLookupError):
            pid = self._cluster.pid_of(name)
            os.kill(pid, signal.SIGSTOP)
            await asyncio.sleep(_PAUSE_S)  # the fault is that long
            os.kill(pid, signal.SIGCONT)

    async def _kill_redis(self) -> None:
        self.done.append("kill redis")
        self._cluster.redis.kill()
        await asyncio.to_thread(self._cluster.redis.start)

    async def _restart_postgres(self) -> None:
        self.done.append("restart postgres")
        await asyncio.to_thread(self._cluster.postgres.stop)
        await asyncio.to_thread(self._cluster.postgres.start)

    async def _cut_link(self) -> None:
        self.done.append("cut the link")
        self._wires.is_silent = True
        await asyncio.sleep(_CUT_S)  # the fault is that long
        self._wires.is_silent = False

    async def _drain_worker(self) -> None:
        name = self._chance.choice(WORKERS)
        self.done.append(f"drain {name}")
        with contextlib.suppress(AssertionError):  # refused while the other worker is away
            await self._cluster.shardctl("drain", name, "--timeout", "10")
        while True:
            with contextlib.suppress(AssertionError):
                await self._cluster.shardctl("undrain", name)
                return

    async def _wait_whole(self) -> None:
        """Wait until all processes are there again."""
        while not all(entry["state"] in {"ready", "foreign"} for entry in self._cluster.entries().values()):  # noqa: ASYNC110
            await asyncio.sleep(0.1)
