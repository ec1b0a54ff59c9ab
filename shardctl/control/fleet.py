"""The cluster as decisions see it: the map, who lives, and what is wanted, all of one moment."""

from collections.abc import Mapping, Sequence
from functools import cached_property

import msgspec

from core.shards.incarnations import name_of
from core.shards.shard_map import Place, Wishes
from core.shards.worker import Worker, WorkerState, read_ranges
from shardctl.control.burdens import relieve
from shardctl.control.placement import choose_worker


class Fleet(msgspec.Struct, kw_only=True, frozen=True, dict=True):
    """What is known at one moment."""

    num_shards: int
    places: Mapping[int, Place]
    wishes: Wishes
    workers: Sequence[Worker]
    """Those that have their lease."""
    may_bury: bool = True
    """Whether a worker without a lease is dead. It may not be, soon after Redis was away."""
    has_gathered: bool = True
    """Whether the workers of a new cluster have come, so that the first shards can be given."""
    moves_at_once: int = 8

    @cached_property
    def hosts(self) -> dict[str, float]:
        """The workers that may have shards, with their weights."""
        drained = self.wishes.drained
        serving = (worker for worker in self.workers if worker.state is WorkerState.SERVING)
        return {worker.name: worker.weight for worker in serving if worker.name not in drained}

    @cached_property
    def takers(self) -> dict[str, float]:
        """Those of them that are given shards that are not pinned to them, with their weights as burdens leave them."""
        return relieve({name: weight for name, weight in self.hosts.items() if weight > 0}, self.wishes.burdens)

    @cached_property
    def incarnations(self) -> dict[str, str]:
        """The present incarnation of each worker that lives, by its name."""
        return {worker.name: worker.incarnation for worker in self.workers}

    @cached_property
    def claims(self) -> dict[int, str]:
        """The shards that workers say they have, with their names. It counts where the map says nothing."""
        return {shard: worker.name for worker in self.workers for shard in read_ranges(worker.shards)}

    def find_home(self, shard: int, owner: str | None) -> str | None:
        """Return the name of the worker that shall have a shard, None when nobody may be given it.

        `owner` is the name of the one that has it and keeps it where nothing else is wanted.
        """
        is_pinned = self.wishes.pins.get(shard) in self.hosts
        if owner in self.hosts and not is_pinned and not self.wishes.is_rebalancing:
            return owner
        return self.find_balanced_home(shard) or owner

    def find_balanced_home(self, shard: int) -> str | None:
        """Return the name of the worker that a rebalancing would give a shard to, None when nobody may be given it."""
        pin = self.wishes.pins.get(shard)
        if pin in self.hosts:
            return pin
        return choose_worker(shard, self.takers) if self.takers else None


def lives(place: Place, incarnations: Mapping[str, str]) -> bool:
    """Tell whether the very owner of a shard has its lease, and not a later life of the same worker."""
    return incarnations.get(name_of(place.owner)) == place.owner
