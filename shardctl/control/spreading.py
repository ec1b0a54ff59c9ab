"""Whether shards are to be rebalanced without being told to: workers have come, or their loads have changed.

A rebalancing is begun when a worker has far fewer shards than it would have after one, and the workers have been the
same for a moment. So a worker that comes gets its share, one that comes and goes moves nothing, and what somebody has
moved by hand stays as long as it leaves no worker almost empty.

In a new cluster the first shards wait until no more workers come, so that they need not move right afterwards.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from core.shards.incarnations import name_of
from core.shards.shard_map import Wishes
from core.shards.worker import Worker
from shardctl.control.burdens import BurdenWatch
from shardctl.control.fleet import Fleet, lives

_ENOUGH: Final = 3 / 4
"""The part of its share with which a worker is left alone."""
_FEW: Final = 1
"""So many shards too few are no reason either, unless the worker has none at all."""
_GATHERED_S: Final = 1.0
"""Processes that were started together lose no more than that to each other."""
_WAITING_S: Final = 5.0
"""The time after which the first shards wait for nobody any more."""
_CALM_S: Final = 5.0
"""The time for which the same workers must have lived. One that falls again and again does not live so long."""
_LOOK_S: Final = 1.0
"""Shares are computed for each shard and worker, so not at each look."""


def is_uneven(fleet: Fleet) -> bool:
    """Tell whether a worker has far fewer shards than a rebalancing would leave it with."""
    if not all(lives(place, fleet.incarnations) for place in fleet.places.values()):
        return False  # what the dead had is given on first
    share = Counter(fleet.find_balanced_home(shard) for shard in fleet.places)
    has = Counter(name_of(place.moving_to or place.owner) for place in fleet.places.values())
    return any(_has_too_few(has[name], share[name]) for name in fleet.takers)


def _has_too_few(shards: int, share: int) -> bool:
    return shards < share * _ENOUGH and (shards == 0 or share - shards > _FEW)


class Spreading:
    """What one controller knows of workers that come, and of their loads."""

    __slots__ = ("_burdens", "_first_s", "_incarnations", "_looked_s", "_now_s", "_same_s")

    def __init__(self, now_s: Callable[[], float]) -> None:
        self._now_s = now_s
        self._burdens = BurdenWatch(now_s)
        self._incarnations: frozenset[str] = frozenset()
        self._first_s = self._same_s = self._looked_s = now_s()

    @property
    def burdens(self) -> Mapping[str, float]:
        """How full workers are, as the placement takes it."""
        return self._burdens.taken

    @property
    def has_gathered(self) -> bool:
        """Whether the workers of a new cluster have come, as far as it can be known."""
        now_s = self._now_s()
        return now_s - self._same_s >= _GATHERED_S or now_s - self._first_s >= _WAITING_S

    def begin_term(self, wishes: Wishes) -> None:
        """Go on where the controller before has left the map."""
        self._burdens.resume(wishes.burdens)

    def note(self, workers: Sequence[Worker]) -> None:
        """Take note of who lives, at each look."""
        present, now_s = frozenset(worker.incarnation for worker in workers), self._now_s()
        if not self._incarnations:
            self._first_s = now_s
        if present != self._incarnations:
            self._incarnations, self._same_s = present, now_s
        self._burdens.note(workers)

    def is_due(self, fleet: Fleet) -> bool:
        """Tell whether a rebalancing is to be begun."""
        now_s = self._now_s()
        if now_s - self._same_s < _CALM_S or now_s - self._looked_s < _LOOK_S or not fleet.may_bury:
            return False
        self._looked_s = now_s
        return is_uneven(fleet)
