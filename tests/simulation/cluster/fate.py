"""What happens to a cluster, by the seed: its processes, Redis and the database fail, alone or together.

Half of an API's kills come with an answer, or right after a commit of its database: between the commit and the relay.
"""

from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING, Final

from tests.simulation.world.process_loop import LoopState, ProcessLoop

if TYPE_CHECKING:
    from tests.simulation.cluster.cluster import Cluster

_API_KILLS: Final = (0, 1, 2, 3, 4)
_PAUSES: Final = (0, 0, 1, 2)
_WORKER_KILLS: Final = (0, 0, 1)
_REDIS_RESTARTS: Final = (0, 0, 1, 1)
_REFUSALS: Final = (0, 1, 1)
_LONGEST_PAUSE_S: Final = 9.0
_DOWN_S: Final = (0.05, 3.0)
_AFTER_ANSWER_S: Final = 0.006
_AFTER_COMMIT_S: Final = 0.003
"""A kill with a commit comes within so long: the answer to the commit takes as long."""
_STALLS: Final = (0, 2, 4, 6)
_LONGEST_STALL_S: Final = 1.5
_REFUSAL_S: Final = 6.0
_LONGEST_CUT_S: Final = 0.6
"""Redis loses up to so much of what it had last."""
_REFUSED_SHARE: Final = 0.2
_LOST_SHARE: Final = 0.3


class ClusterFate:
    """Fails one cluster. `loop` is nobody's process, so that nothing stops it."""

    def __init__(self, *, loop: ProcessLoop, cluster: "Cluster", chance: Random) -> None:
        self._loop = loop
        self._cluster = cluster
        self._chance = chance
        self._answers = 0
        self._fatal_answers: set[int] = set()

    def plan(self, *, within_s: float, answers: int) -> None:
        """Plan all that happens within so long, and within so many answers."""
        chance = self._chance
        self._cluster.balancer.set_on_answer(self._count_answer)
        for _ in range(chance.choice(_API_KILLS)):
            match chance.randrange(3):
                case 0:
                    self._at(chance.random() * within_s, self._kill_api)
                case 1:
                    self._fatal_answers.add(chance.randrange(answers))
                case _:
                    self._at(chance.random() * within_s, self.kill_at_commit)
        for happens, often in (
            (self._pause_api, _PAUSES),
            (self._kill_worker, _WORKER_KILLS),
            (self._restart_redis, _REDIS_RESTARTS),
            (self._refuse_units, _REFUSALS),
            (self._stall_tail, _STALLS),
        ):
            for _ in range(chance.choice(often)):
                self._at(chance.random() * within_s, happens)

    def end(self) -> None:
        """Let no later answer be fatal: fewer may have come than were planned for."""
        self._fatal_answers.clear()

    def _at(self, delay_s: float, happen: Callable[[], None]) -> None:
        self._loop.call_later(delay_s, happen)

    def _count_answer(self, number: int) -> None:
        self._answers += 1
        if self._answers in self._fatal_answers:
            self._loop.call_later(self._chance.random() * _AFTER_ANSWER_S, self._cluster.kill_api, number)
            self._revive(number)

    def _kill_api(self) -> None:
        number = self._chance.randrange(len(self._cluster.apis))
        self._cluster.kill_api(number)
        self._revive(number)

    def kill_at_commit(self) -> None:
        """Kill the API that commits next, within the time in which it relays."""
        self._cluster.database.on_commit = self._kill_committer

    def _kill_committer(self, loop: ProcessLoop) -> None:
        self._cluster.database.on_commit = lambda _: None
        for number, api in enumerate(self._cluster.apis):
            if api.loop is loop:
                self._loop.call_later(self._chance.random() * _AFTER_COMMIT_S, self._cluster.kill_api, number)
                self._revive(number)

    def _revive(self, number: int) -> None:
        self._loop.call_later(self._chance.uniform(*_DOWN_S) + _AFTER_COMMIT_S, self._cluster.start_api, number)

    def _pause_api(self) -> None:
        loop = self._chance.choice(self._cluster.apis).loop
        if loop.state is LoopState.RUNNING:
            self._cluster.world.trace.note(loop.name, "server/ PAUSED")
            loop.pause()
            self._at(self._chance.random() * _LONGEST_PAUSE_S, loop.resume)

    def _stall_tail(self) -> None:
        topics = self._chance.choice(self._cluster.apis).topics
        if topics is not None:
            topics.stall(self._chance.random() * _LONGEST_STALL_S)

    def _kill_worker(self) -> None:
        self._cluster.workers[0].kill()
        self._at(self._chance.uniform(*_DOWN_S), lambda: self._cluster.start_worker(0))

    def _restart_redis(self) -> None:
        host, server = self._cluster.redis, self._cluster.redis.server
        match self._chance.randrange(5):
            case 0:
                self._cluster.has_lost_logs = True
                host.stop()
                server.flush()
            case 1 | 2:
                server.keep()
                self._at(self._chance.random() * _LONGEST_CUT_S, self._cut_redis)
                return
            case _:
                host.stop()
        self._at(0.1 + self._chance.random() * 2, host.start)

    def _cut_redis(self) -> None:
        self._cluster.has_lost_logs = True
        self._cluster.redis.stop()
        self._cluster.redis.server.lose_since()
        self._at(0.1 + self._chance.random() * 2, self._cluster.redis.start)

    def _refuse_units(self) -> None:
        self._cluster.database.refused_share = _REFUSED_SHARE
        self._cluster.database.lost_share = _LOST_SHARE
        self._at(self._chance.random() * _REFUSAL_S, self._accept_units)

    def _accept_units(self) -> None:
        self._cluster.database.refused_share = self._cluster.database.lost_share = 0.0
