"""What happens to a cluster of several workers, by the seed: processes die, stop and come back, links fail, shards move.

Half of the faults come soon after another one, since a takeover that is disturbed is worth more than two that are not.
"""

from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING, Final

from core.shards.shard_map import Wishes
from tests.simulation.cluster.processes import ClusterProcess
from tests.simulation.workers.processes import ControllerProcess, name_of_worker
from tests.simulation.world.process_loop import LoopState, ProcessLoop

if TYPE_CHECKING:
    from tests.simulation.workers.cluster import LinkedCluster

_FAULTS: Final = (1, 2, 3, 4, 5, 6)
_SOON_S: Final = 4.0
"""A fault that follows another one comes within so long: a takeover takes as long."""
_DOWN_S: Final = (0.05, 9.0)
"""A worker is down for a moment, or for longer than its lease."""
_PAUSE_S: Final = (0.5, 9.0)
_PARTED_S: Final = (0.5, 12.0)
_STALL_S: Final = (0.1, 3.0)
_WISH_S: Final = (2.0, 20.0)
"""The time after which an operator takes back what was wanted."""


class WorkersFate:
    """Fails one cluster. `loop` is nobody's process, so that nothing stops it."""

    def __init__(self, *, loop: ProcessLoop, cluster: "LinkedCluster", chance: Random) -> None:
        self._loop = loop
        self._cluster = cluster
        self._chance = chance
        self._kinds: tuple[tuple[Callable[[], None], int], ...] = (
            (self.kill_worker, 5),
            (self._pause_worker, 3),
            (self.cut_link, 3),
            (self._part_workers, 2),
            (self._stall_tail, 2),
            (self._kill_controller, 2),
            (self._pause_controller, 1),
            (self._kill_api, 1),
            (self._restart_redis, 1),
            (self.pin_shards, 4),
            (self.drain_worker, 2),
            (self._rebalance, 1),
        )
        self._takes_back = True
        """Whether operators take back what they want, after a while."""

    def plan(self, *, within_s: float) -> None:
        """Plan all that happens within so long."""
        chance = self._chance
        at_s = 0.0
        happenings, weights = zip(*self._kinds, strict=True)
        for _ in range(chance.choice(_FAULTS)):
            is_soon = at_s and chance.random() < 0.5
            at_s = at_s + chance.random() * _SOON_S if is_soon else chance.random() * within_s
            (happening,) = chance.choices(happenings, weights)
            self._at(at_s, happening)

    def end(self) -> None:
        """Take back what operators want."""
        self._cluster.wishes.wishes = Wishes()

    def kill_at_commit(self) -> None:
        """Kill the API that commits next, within the time in which it relays."""
        self._cluster.database.on_commit = self._kill_committer

    def _kill_committer(self, loop: ProcessLoop) -> None:
        self._cluster.database.on_commit = lambda _: None
        for number, api in enumerate(self._cluster.apis):
            if api.loop is loop:
                self._at(self._chance.random() * 0.003, self._kill_this_api, number)

    def _at(self, delay_s: float, happen: Callable[..., None], *arguments: object) -> None:
        self._loop.call_later(delay_s, happen, *arguments)

    def _note(self, what: str) -> None:
        self._cluster.world.trace.note("fate", f"server/ {what}")

    def disturb_once_more(self) -> None:
        """Let one thing happen that no session has to begin anew for."""
        kinds = (self.kill_worker, self.cut_link, self.pin_shards, self.drain_worker, self._kill_controller)
        happening = self._chance.choice(kinds)
        self._note(f"and once more: {happening.__name__}")
        self._takes_back = self._chance.random() < 0.5
        happening()

    # ---- processes

    def kill_worker(self) -> None:
        """Kill a worker; it comes back."""
        number = self._chance.randrange(len(self._cluster.workers))
        self._cluster.workers[number].kill()
        self._at(self._chance.uniform(*_DOWN_S), self._cluster.start_worker, number)

    def _pause_worker(self) -> None:
        self._pause(self._chance.choice(self._cluster.workers))

    def _pause_controller(self) -> None:
        self._pause(self._chance.choice(self._cluster.controllers))

    def _pause(self, process: ClusterProcess | ControllerProcess) -> None:
        loop = process.loop
        if loop.state is LoopState.RUNNING:
            pause_s = self._chance.uniform(*_PAUSE_S)
            self._cluster.world.trace.note(loop.name, f"server/ PAUSED for {pause_s:.1f} s")
            loop.pause()
            self._at(pause_s, loop.resume)

    def _kill_controller(self) -> None:
        number = self._chance.randrange(len(self._cluster.controllers))
        self._cluster.controllers[number].kill()
        self._at(self._chance.uniform(*_DOWN_S), self._cluster.start_controller, number)

    def _kill_api(self) -> None:
        self._kill_this_api(self._chance.randrange(len(self._cluster.apis)))

    def _kill_this_api(self, number: int) -> None:
        self._cluster.kill_api(number)
        self._at(self._chance.uniform(0.05, 3.0), self._cluster.start_api, number)

    # ---- connections

    def cut_link(self) -> None:
        """Cut the wires between two workers; they make others."""
        one, other = self._choose_two()
        self._note(f"the link of {one} and {other} is CUT")
        self._cluster.network.cut(one, other)

    def _part_workers(self) -> None:
        one, other = self._choose_two()
        self._note(f"{one} and {other} are PARTED")
        self._cluster.network.part(one, other)
        self._at(self._chance.uniform(*_PARTED_S), self._cluster.network.heal, one, other)

    def _choose_two(self) -> tuple[str, str]:
        one, other = self._chance.sample([worker.name for worker in self._cluster.workers], 2)
        return one, other

    def _stall_tail(self) -> None:
        topics = self._chance.choice(self._cluster.workers).topics
        if topics is not None:
            topics.stall(self._chance.uniform(*_STALL_S))

    def _restart_redis(self) -> None:
        self._cluster.redis.stop()
        self._at(0.1 + self._chance.random() * 2, self._cluster.redis.start)

    # ---- operators

    def pin_shards(self) -> None:
        """Have some shards elsewhere."""
        shards = range(self._cluster.workers[0].bus.num_shards)
        pins = {
            shard: name_of_worker(self._chance.randrange(len(self._cluster.workers)))
            for shard in self._chance.sample(shards, self._chance.randint(1, 3))
        }
        self._note(f"PINS {pins}")
        self._wish(pins={**self._cluster.wishes.wishes.pins, **pins})
        self._take_back(pins={})

    def drain_worker(self) -> None:
        """Have a worker give away what it has."""
        worker = name_of_worker(self._chance.randrange(len(self._cluster.workers)))
        self._note(f"DRAINS {worker}")
        self._wish(drained=frozenset({worker}))
        self._take_back(drained=frozenset())

    def _rebalance(self) -> None:
        self._note("REBALANCES")
        self._wish(is_rebalancing=True)

    def _take_back(self, **values: object) -> None:
        if self._takes_back:
            self._at(self._chance.uniform(*_WISH_S), lambda: self._wish(**values))

    def _wish(self, **values: object) -> None:
        self._cluster.wishes._change(**values)
