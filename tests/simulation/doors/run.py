"""One seed of the doors: several APIs with skewed clocks work in few channels, while everything around them fails.

Killed: APIs, the worker, Redis (which comes back with all, without the last moments, or empty). Stopped for a while:
APIs, between any two steps. Rows: slow, refused, with answers that are lost, and done, not done, or done late.
"""

import asyncio
from random import Random
from typing import Final

from tests.fakes.message_rows import FakeMessageRows, Fate
from tests.fakes.redis.log_source import FakeLogSource
from tests.fakes.redis.server import FakeRedisServer
from tests.simulation.doors.authors import Author, Ledger
from tests.simulation.doors.message_events import AUTHORS
from tests.simulation.doors.processes import ApiProcess, Process, WorkerProcess
from tests.simulation.world.process_loop import LoopState, ProcessLoop
from tests.simulation.world.redis_links import RedisHost
from tests.simulation.world.server import SimulatedClock
from tests.simulation.world.world import World

_APIS: Final = 3
_SKEW_MS: Final = 50
_WORK_S: Final = 25.0
_LIMIT_S: Final = 600.0
_QUIET_S: Final = 40.0
"""Longer than any opening is kept by a process that lives."""


class DoorsRun:
    """One world. `play`, then read what is left in it."""

    def __init__(self, seed: int) -> None:
        self.world = World(seed)
        self.ledger = Ledger()
        self.processes: list[Process] = []
        """All that ever ran."""
        self.has_lost_data = False
        """Whether Redis has come back without what it had."""
        self._chance: Random = self.world.chance("doors")
        self._fate: ProcessLoop = self.world.make_loop("fate")
        self._clients: ProcessLoop = self.world.make_loop("clients")
        clock = SimulatedClock(self.world, 0)
        self._server = FakeRedisServer(clock)
        self._host = RedisHost(world=self.world, server=self._server)
        self._rows_chance = self.world.chance("rows")
        self.is_quiet = False
        self.rows = FakeMessageRows(clock=clock, decide=self._decide)
        self._source = FakeLogSource()
        self._lives = 0
        self._apis: list[ApiProcess] = []
        self._worker: WorkerProcess

    @property
    def alive(self) -> list[Process]:
        """The processes of the end."""
        return [*self._apis, self._worker]

    def play(self) -> None:
        """Run to the quiet end. Raises Stuck."""
        self._start_worker()
        self._apis = [self._start_api(number) for number in range(_APIS)]
        self.world.run_for(3)
        for happen, often in (
            (self._kill_api, 3),
            (self._pause_api, 2),
            (self._kill_worker, 1),
            (self._restart_redis, 1),
            (self.rows.land_late_writes, 3),
        ):
            for _ in range(self._chance.randint(0, often)):
                self._fate.call_later(self._chance.random() * _WORK_S, happen)
        tasks = [self._clients.create_task(self._make_author(author_id).live()) for author_id in AUTHORS]
        self.world.run_until(lambda: all(task.done() for task in tasks), limit_s=_LIMIT_S)
        for task in tasks:
            task.result()
        self.is_quiet = True
        self.world.run_for(_QUIET_S / 2)
        self.rows.land_late_writes()
        self.world.run_for(_QUIET_S / 2)

    def _make_author(self, author_id: int) -> Author:
        return Author(
            author_id=author_id, world=self.world, loop=self._clients, apis=lambda: self._apis, ledger=self.ledger
        )

    # ---- what fails

    async def _decide(self, _: str) -> Fate:
        chance = self._rows_chance
        await asyncio.sleep(chance.random() * (1.5 if chance.random() < 0.03 else 0.01))
        if self.is_quiet or chance.random() < 0.9:
            return Fate.DONE
        return chance.choice((Fate.REFUSED, Fate.UNKNOWN_DONE, Fate.UNKNOWN_LOST, Fate.UNKNOWN_LATE))

    def _start_api(self, number: int) -> ApiProcess:
        self._lives += 1
        skew_ms = self._chance.randint(-_SKEW_MS, _SKEW_MS)
        api = ApiProcess(
            name=f"api{number}/{self._lives}", node=self._lives, host=self._host, skew_ms=skew_ms, rows=self.rows
        )
        self.processes.append(api)
        api.start()
        return api

    def _start_worker(self) -> None:
        self._lives += 1
        self._worker = WorkerProcess(name=f"worker/{self._lives}", host=self._host, skew_ms=0, source=self._source)
        self.processes.append(self._worker)
        self._worker.start()

    def _kill_api(self) -> None:
        number = self._chance.randrange(_APIS)
        self._apis[number].kill()
        self._fate.call_later(self._chance.random() * 3, self._replace_api, number)

    def _replace_api(self, number: int) -> None:
        if self._apis[number].loop.state is LoopState.KILLED:
            self._apis[number] = self._start_api(number)

    def _pause_api(self) -> None:
        api = self._chance.choice(self._apis)
        if api.loop.state is LoopState.RUNNING:
            self.world.trace.note(api.name, "PAUSED")
            api.loop.pause()
            self._fate.call_later(self._chance.random() * 10, self._resume, api)

    def _resume(self, api: ApiProcess) -> None:
        if api.loop.state is LoopState.PAUSED:
            self.world.trace.note(api.name, "goes on")
            api.loop.resume()

    def _kill_worker(self) -> None:
        self._worker.kill()
        self._fate.call_later(self._chance.random() * 3, self._start_worker)

    def _restart_redis(self) -> None:
        match self._chance.randrange(3):
            case 0:
                self._host.stop()
            case 1:
                self._server.keep()
                self._fate.call_later(self._chance.random() * 0.2, self._cut_redis)
                return
            case _:
                self._host.stop()
                self._server.flush()
                self.has_lost_data = True
        self._fate.call_later(0.1 + self._chance.random(), self._host.start)

    def _cut_redis(self) -> None:
        self._host.stop()
        self._server.lose_since()
        self.has_lost_data = True
        self._fate.call_later(0.1 + self._chance.random(), self._host.start)
