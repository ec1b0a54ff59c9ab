"""The controller's decisions: pure functions from what is known to the changes of the map.

| the shard | is given or moved |
|---|---|
| has no owner | given, where possible to the worker that says it has it |
| its owner lives | moved when it shall be elsewhere: the owner is drained, it is pinned, shards are rebalanced |
| its owner began another life | given to that one at once, under the next epoch |
| its owner is dead | given on at once: to the worker that it was moving to, or to its home among those that live |

A shard stays where it is unless one of these says otherwise, so that as few as possible change. Moves cost work of two
workers while sockets wait, so only some are under way at a time; what is given on waits for nothing. For a while after
Redis was away nobody counts as dead, since nobody could renew a lease (`Fleet.may_bury`).

No decision leaves a shard without an owner while anybody can have it: where all workers are drained, they keep what
they have, and a dead one's shards go to those that live all the same.
"""

from collections.abc import Iterator

import msgspec

from core.shards.epochs import next_epoch
from core.shards.incarnations import name_of
from core.shards.map_writer import Change
from core.shards.shard_map import Place
from shardctl.control.fleet import Fleet, lives
from shardctl.control.placement import choose_worker


class Move(msgspec.Struct, frozen=True):
    """A shard that is to go from one living worker to another, by their names."""

    shard: int
    origin: str
    target: str


def decide(fleet: Fleet, term: int) -> list[Change]:
    """Return the changes that are to be made now."""
    changes = [*_give(fleet, term), *_call_off(fleet)]
    under_way = sum(1 for place in fleet.places.values() if place.moving_to)
    room = max(0, fleet.moves_at_once - under_way)
    incarnations = fleet.incarnations
    for move in plan_moves(fleet)[:room]:
        place = fleet.places[move.shard]
        changes.append(Change(move.shard, place.epoch, place.epoch, place.owner, incarnations[move.target]))
    return changes


def plan_moves(fleet: Fleet) -> list[Move]:
    """Return all moves that are wanted and not begun, the most urgent first: off drained workers, to pins, others."""
    incarnations = fleet.incarnations
    moves = []
    for shard, place in sorted(fleet.places.items()):
        origin = name_of(place.owner)
        target = fleet.find_home(shard, origin)
        if lives(place, incarnations) and not place.moving_to and target not in (None, origin):
            moves.append(Move(shard, origin, str(target)))
    hosts, pins = fleet.hosts, fleet.wishes.pins
    return sorted(moves, key=lambda move: (move.origin in hosts, move.shard not in pins))


def is_settled(fleet: Fleet) -> bool:
    """Tell whether every shard is where it shall be."""
    is_still = not any(place.moving_to for place in fleet.places.values())
    return is_still and len(fleet.places) == fleet.num_shards and not plan_moves(fleet)


def _give(fleet: Fleet, term: int) -> Iterator[Change]:
    """Give the shards whose owner does not live."""
    incarnations, claims = fleet.incarnations, fleet.claims
    for shard in range(fleet.num_shards):
        place = fleet.places.get(shard)
        if place is not None and lives(place, incarnations):
            continue
        heir = _find_first(fleet, shard, claims) if place is None else _find_heir(fleet, shard, place)
        if heir is not None:
            epoch = 0 if place is None else place.epoch
            yield Change(shard, epoch, next_epoch(epoch, term), incarnations[heir])


def _find_first(fleet: Fleet, shard: int, claims: dict[int, str]) -> str | None:
    """Return the name of the worker that gets a shard of which the map knows nothing."""
    return _choose(fleet, shard, claims.get(shard)) if fleet.may_bury and fleet.has_gathered else None


def _find_heir(fleet: Fleet, shard: int, place: Place) -> str | None:
    """Return the name of the worker that gets a shard of an owner without a lease, None to wait."""
    incarnations = fleet.incarnations
    target = name_of(place.moving_to)
    if target in fleet.hosts and incarnations[target] == place.moving_to and (fleet.may_bury or _is_over(fleet, place)):
        return target  # it has made ready for the shard
    if _is_over(fleet, place):
        return _choose(fleet, shard, name_of(place.owner))
    return _choose(fleet, shard, None) if fleet.may_bury else None


def _is_over(fleet: Fleet, place: Place) -> bool:
    """Tell whether a worker's later life has its lease, so the owner's is over, whatever may be away."""
    return name_of(place.owner) in fleet.incarnations


def _choose(fleet: Fleet, shard: int, owner: str | None) -> str | None:
    home = fleet.find_home(shard, owner)
    if home in fleet.incarnations:
        return home
    everybody = {worker.name: worker.weight or 1.0 for worker in fleet.workers}
    return choose_worker(shard, everybody) if everybody else None


def _call_off(fleet: Fleet) -> Iterator[Change]:
    """End moves to workers that do not live any more, or that shall not have the shard any more."""
    incarnations = fleet.incarnations
    for shard, place in sorted(fleet.places.items()):
        if place.moving_to and lives(place, incarnations):
            target = name_of(place.moving_to)
            is_wanted = fleet.find_home(shard, name_of(place.owner)) == target
            if not is_wanted or incarnations.get(target) != place.moving_to:
                yield Change(shard, place.epoch, place.epoch, place.owner)
