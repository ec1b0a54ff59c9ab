"""The roster: the lives of workers that there are, as one process has last heard of them.

A life of a worker is a life of its process; its leases are the incarnations of it (`core.shards.incarnations`). A lease
that ends says little: the worker may be paused, or Redis away. So a life is struck off when another life of the same
worker has the lease, or when it has not been heard of for a while, in which others were.
"""

from collections.abc import Collection, Mapping

from core.shards.incarnations import process_of
from core.shards.worker import Worker


class Roster:
    """`process` is this life. `patience_s` is the time after which a life that is not heard of is struck off."""

    __slots__ = ("_heard_s", "_lives", "_patience_s", "_process")

    def __init__(self, *, process: str, patience_s: float) -> None:
        self._process = process
        self._patience_s = patience_s
        self._lives: dict[str, Worker] = {}
        self._heard_s: dict[str, float] = {}
        """When each life had its lease at last, by the clock of this process."""

    @property
    def others(self) -> Mapping[str, Worker]:
        """The lives of other workers, as their leases describe them."""
        return {life: worker for life, worker in self._lives.items() if life != self._process}

    def find_life(self, name: str) -> str:
        """Return the present life of a worker, "" when there is none."""
        return next((life for life, worker in self._lives.items() if worker.name == name), "")

    def take(self, workers: Collection[Worker], now_s: float) -> None:
        """Take the workers that have their leases now.

        Nobody is struck off for silence while this worker itself is not among them: then it is Redis that is silent.
        """
        present = {process_of(worker.incarnation): worker for worker in workers}
        names = {worker.name for worker in workers}
        counts = self._process in present
        for life in self._lives.keys() - present.keys():
            is_silent = now_s - self._heard_s[life] > self._patience_s
            if self._lives[life].name in names or (counts and is_silent):
                del self._lives[life], self._heard_s[life]
        self._lives.update(present)
        self._heard_s.update(dict.fromkeys(present, now_s))
