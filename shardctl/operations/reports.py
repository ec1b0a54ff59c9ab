"""What commands report, as data: the same for `--json` and for tables."""

import msgspec

from core.domain.ids import shard_of
from core.shards.incarnations import name_of
from core.shards.interfaces import Owned
from core.shards.worker import Worker, WorkerAddresses, WorkerLoad
from shardctl.control.decisions import Move, plan_moves
from shardctl.control.fleet import Fleet
from shardctl.operations.desk import View


class Status(msgspec.Struct, kw_only=True, frozen=True):
    """The cluster in a few numbers."""

    shards: int
    owned: int
    """Shards whose owner lives."""
    moving: int
    workers: int
    controller: str | None
    """The controller that leads."""
    term: int
    map_version: int
    drained: list[str]
    pins: int
    is_rebalancing: bool


class WorkerRow(msgspec.Struct, kw_only=True, frozen=True):
    """A worker."""

    name: str
    state: str
    """serving, draining, or dead for one that has shards in the map and no lease."""
    is_drained: bool
    weight: float
    shards: int
    incarnation: str | None
    load: WorkerLoad
    addresses: WorkerAddresses


class ShardRow(msgspec.Struct, kw_only=True, frozen=True):
    """A shard."""

    shard: int
    worker: str | None
    epoch: int
    moving_to: str | None
    pinned_to: str | None


class Location(msgspec.Struct, kw_only=True, frozen=True):
    """Where something lives."""

    id: str
    kind: str
    owner_id: str
    """The guild, the user or the private channel whose shard it is."""
    place: ShardRow
    gateway: str | None
    """The gateway of the worker."""


class Plan(msgspec.Struct, kw_only=True, frozen=True):
    """The moves that are to come, and how many shards each worker has before and after."""

    moves: list[Move]
    before: dict[str, int]
    after: dict[str, int]


def describe_status(view: View) -> Status:
    """Return the cluster's state in a few numbers."""
    shard_map, living = view.shard_map, set(view.fleet.incarnations.values())
    return Status(
        shards=view.num_shards,
        owned=sum(place.owner in living for place in shard_map.places.values()),
        moving=sum(bool(place.moving_to) for place in shard_map.places.values()),
        workers=len(view.workers),
        controller=name_of(view.leader) or None,
        term=shard_map.term,
        map_version=shard_map.version,
        drained=sorted(shard_map.wishes.drained),
        pins=len(shard_map.wishes.pins),
        is_rebalancing=shard_map.wishes.is_rebalancing,
    )


def list_workers(view: View) -> list[WorkerRow]:
    """Return all workers by name, also those that are dead and have shards."""
    living = {worker.name: worker for worker in view.workers}
    return [_describe_worker(view, name, living.get(name)) for name in view.names]


def _describe_worker(view: View, name: str, worker: Worker | None) -> WorkerRow:
    return WorkerRow(
        name=name,
        state="dead" if worker is None else worker.state.value,
        is_drained=name in view.shard_map.wishes.drained,
        weight=0.0 if worker is None else worker.weight,
        shards=len(view.list_shards(name)),
        incarnation=None if worker is None else worker.incarnation,
        load=WorkerLoad() if worker is None else worker.load,
        addresses=WorkerAddresses() if worker is None else worker.addresses,
    )


def list_shards(view: View, worker: str | None = None) -> list[ShardRow]:
    """Return all shards in order, or those of one worker."""
    shards = range(view.num_shards) if worker is None else view.list_shards(worker)
    return [describe_shard(view, shard) for shard in shards]


def describe_shard(view: View, shard: int) -> ShardRow:
    """Return where a shard is."""
    place = view.shard_map.places.get(shard)
    return ShardRow(
        shard=shard,
        worker=None if place is None else name_of(place.owner),
        epoch=0 if place is None else place.epoch,
        moving_to=None if place is None else name_of(place.moving_to) or None,
        pinned_to=view.shard_map.wishes.pins.get(shard),
    )


def locate(view: View, snowflake: int, owned: Owned) -> Location:
    """Return where something lives."""
    place = describe_shard(view, shard_of(owned.owner_id, view.num_shards))
    gateways = {worker.name: worker.addresses.public_url or worker.addresses.gateway for worker in view.workers}
    return Location(
        id=str(snowflake),
        kind=owned.kind,
        owner_id=str(owned.owner_id),
        place=place,
        gateway=gateways.get(place.worker or "") or None,
    )


def describe_plan(view: View, fleet: Fleet) -> Plan:
    """Return the moves that the controller would make for a fleet, which is the view's with perhaps other wishes."""
    before = {name: len(view.list_shards(name)) for name in view.names}
    after = dict(before)
    moves = plan_moves(fleet)
    for move in moves:
        after[move.origin] -= 1
        after[move.target] = after.get(move.target, 0) + 1
    return Plan(moves=moves, before=before, after=after)
