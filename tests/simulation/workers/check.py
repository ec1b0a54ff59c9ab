"""The checks of several workers at the quiet end: who has which shard."""

from typing import TYPE_CHECKING

from core.shards.incarnations import name_of, process_of
from tests.simulation.world.process_loop import LoopState

if TYPE_CHECKING:
    from tests.simulation.workers.cluster import LinkedCluster


def find_shard_violations(cluster: "LinkedCluster") -> list[str]:
    """Each shard is at one worker that lives, and all workers agree on it."""
    violations: list[str] = []
    places = cluster.redis.server.data.map.places
    workers = [worker for worker in cluster.linked if worker.loop.state is LoopState.RUNNING]
    for shard in range(cluster.workers[0].bus.num_shards):
        _, owner, target = places.get(shard, (0, b"", b""))
        at_home = [worker.name for worker in workers if worker.neighbours.homes.is_here(shard)]
        holding = [worker.name for worker in workers if shard in worker.shards.held]
        life = process_of(owner.decode())
        if target:
            violations.append(f"shard {shard} still moves to {target.decode()}")
        if at_home != [life] or holding != [life]:
            violations.append(f"shard {shard} is at {at_home}, held by {holding}, and the map says {owner.decode()}")
        violations += [
            f"{worker.name} takes {worker.neighbours.homes.owner_of(shard)} for the home of shard {shard}, not {life}"
            for worker in workers
            if worker.neighbours.homes.owner_of(shard) != life
        ]
    wishes = cluster.wishes.wishes
    for shard, (_, owner, _) in places.items():
        name = name_of(owner.decode())
        if name in wishes.drained:
            violations.append(f"the drained {name} keeps shard {shard}")
        if wishes.pins.get(shard, name) != name:
            violations.append(f"shard {shard} is at {name}, and is pinned to {wishes.pins[shard]}")
    return violations
