"""Commands that change what is wanted, after looks whether it can be: drain, undrain, move, pin, unpin, rebalance.

A wish is a row in PostgreSQL, and the controller that leads carries it out. Commands wait for that and show how far it
is; who does not want to wait is told what is wanted now.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Final

import msgspec

from core.voice.registered_node import NodeState
from shardctl.control.fleet import Fleet
from shardctl.operations.desk import Desk, View
from shardctl.operations.reports import Plan, describe_plan
from shardctl.outcomes import CommandError, WouldStrand, WrongInput

_LOOK_S: Final = 0.25

Progress = Callable[[int, int], None]
"""Takes how much is done, and of how much."""


class Waiting(msgspec.Struct, frozen=True):
    """How a command waits."""

    timeout_s: float
    """0 for not at all."""
    show: Progress = lambda _done, _all: None


async def plan_drain(desk: Desk, worker: str) -> Plan:
    """Return what a drain would move: nothing of the map for a media node. Raises WrongInput and WouldStrand."""
    view = await _look_ahead(desk)
    wishes = view.shard_map.wishes
    if view.find_node(worker) is not None:
        others = [node for node in view.nodes if node.name != worker and node.name not in wishes.drained]
        if not any(node.state is NodeState.SERVING for node in others):
            raise WouldStrand(f"no other media node can take the rooms of {worker}: it would be the last one")
        return _plan_with(view)
    _check_drainable(view, worker)
    if not view.fleet.takers.keys() - {worker}:
        raise WouldStrand(f"no other worker can take the shards of {worker}: it would be the last one")
    return _plan_with(view, drained=wishes.drained | {worker})


async def drain(desk: Desk, worker: str, waiting: Waiting) -> None:
    """Move all shards off a worker, and its clients too, where they resume at any worker; or rooms off a media node.

    Raises what `plan_drain` raises, and CommandError when it takes too long.
    """
    await plan_drain(desk, worker)
    await _want_drained(desk, worker)
    if (await desk.look()).find_node(worker) is not None:
        await _wait(desk, waiting, f"{worker} has no rooms any more", partial(_count_rooms, worker))
        return
    moves_clients = desk.settings.gateway.resumes_anywhere

    def count_left(view: View) -> int:
        return len(view.list_shards(worker)) + (view.count_sessions(worker) if moves_clients else 0)

    await _wait(desk, waiting, f"{worker} has no shards{' and no clients' * moves_clients} any more", count_left)


async def _want_drained(desk: Desk, worker: str) -> None:
    """Write that a worker is to be drained, unless somebody has drained the others in the same moment."""
    wishes = desk.store.wishes
    was_drained = worker in (await wishes.fetch()).drained
    await wishes.drain(worker)
    try:
        await plan_drain(desk, worker)
    except WouldStrand:
        if not was_drained:
            await wishes.undrain(worker)
        raise


def _count_rooms(node: str, view: View) -> int:
    """Return the clients of a media node; of one that does not know yet that it is drained, one more."""
    found = view.find_node(node)
    return 0 if found is None else found.peers + (found.state is NodeState.SERVING)


async def plan_undrain(desk: Desk, worker: str) -> bool:
    """Return whether a worker is drained. Raises WrongInput for one that is not known."""
    view = await _look_ahead(desk)
    if worker in view.shard_map.wishes.drained:
        return True
    _check_drainable(view, worker)
    return False


async def plan_pin(desk: Desk, shard: int, worker: str) -> Plan:
    """Return what a pin would move. Raises WrongInput."""
    view = await _look_ahead(desk)
    check_shard(view, shard)
    check_worker(view, worker)
    if worker in view.shard_map.wishes.drained:
        raise WrongInput(f"{worker} is drained and can have no shard: undrain it first")
    return _plan_with(view, pins={**view.shard_map.wishes.pins, shard: worker})


async def pin(desk: Desk, shard: int, worker: str, waiting: Waiting) -> None:
    """Have a shard at a worker, now and from now on. Raises WrongInput, and CommandError when it takes too long."""
    await plan_pin(desk, shard, worker)
    await desk.store.wishes.pin(shard, worker)

    def count_left(view: View) -> int:
        return 0 if shard in view.list_shards(worker) else 1

    await _wait(desk, waiting, f"{worker} has shard {shard}", count_left)


async def plan_move(desk: Desk, shard: int, worker: str) -> Plan:
    """Return what a move would move. Raises WrongInput."""
    pinned = (await desk.store.wishes.fetch()).pins.get(shard)
    if pinned is not None:
        raise WrongInput(f"shard {shard} is pinned to {pinned}: unpin it first")
    return await plan_pin(desk, shard, worker)


async def move(desk: Desk, shard: int, worker: str, waiting: Waiting) -> None:
    """Move a shard to a worker, which lets it go like any other later. Raises as `plan_move` and `pin` do."""
    await plan_move(desk, shard, worker)
    try:
        await pin(desk, shard, worker, waiting)
    finally:
        await desk.store.wishes.unpin(shard)


async def unpin(desk: Desk, shard: int) -> bool:
    """Let a shard be anywhere; return whether it was pinned. Raises WrongInput."""
    check_shard(await desk.look(), shard)
    return await desk.store.wishes.unpin(shard)


async def plan_rebalance(desk: Desk) -> Plan:
    """Return what a rebalancing would move."""
    return _plan_with(await desk.look(), is_rebalancing=True)


async def rebalance(desk: Desk, waiting: Waiting) -> None:
    """Move shards to where a new cluster would have them. Raises CommandError when it takes too long."""
    await desk.store.wishes.set_rebalancing(True)

    def count_left(view: View) -> int:
        moving = sum(bool(place.moving_to) for place in view.shard_map.places.values())
        return moving + len(_plan_with(view, is_rebalancing=True).moves)

    await _wait(desk, waiting, "every shard is where it shall be", count_left)


def check_worker(view: View, worker: str) -> None:
    """Raise WrongInput when there is no such worker."""
    if worker not in view.names:
        known = ", ".join(view.names) or "none lives"
        raise WrongInput(
            f"{worker} is a media node, which has no shards: the workers are {known}"
            if view.find_node(worker) is not None
            else f"there is no worker {worker}: {known}"
        )


def _check_drainable(view: View, name: str) -> None:
    """Raise WrongInput when there is neither such a worker nor such a media node."""
    if view.find_node(name) is None and name not in view.names:
        known = ", ".join([*view.names, *(node.name for node in view.nodes)]) or "none lives"
        raise WrongInput(f"there is no worker and no media node {name}: {known}")


def check_shard(view: View, shard: int) -> None:
    """Raise WrongInput when there is no such shard."""
    if not 0 <= shard < view.num_shards:
        raise WrongInput(f"there is no shard {shard}: they are 0 to {view.num_shards - 1}")


async def _look_ahead(desk: Desk) -> View:
    """Look at the cluster with what is wanted of it now. Its map follows a moment later, or when a controller leads."""
    view, wishes = await desk.look(), await desk.store.wishes.fetch()
    wanted = msgspec.structs.replace(wishes, burdens=view.shard_map.wishes.burdens)
    return msgspec.structs.replace(view, shard_map=msgspec.structs.replace(view.shard_map, wishes=wanted))


def _plan_with(view: View, **wishes: object) -> Plan:
    wanted = msgspec.structs.replace(view.shard_map.wishes, **wishes)
    present = view.fleet
    fleet = Fleet(
        num_shards=present.num_shards, places=present.places, wishes=wanted, workers=present.workers,
        moves_at_once=present.moves_at_once,
    )  # fmt: skip
    return describe_plan(view, fleet)


async def _wait(desk: Desk, waiting: Waiting, goal: str, count_left: Callable[[View], int]) -> None:
    """Wait until nothing is left, and show how far it is."""
    if not waiting.timeout_s:
        return
    most = 0
    view = await desk.look()
    try:
        async with asyncio.timeout(waiting.timeout_s):
            while left := count_left(view):
                most = max(most, left)
                waiting.show(most - left, most)
                await asyncio.sleep(_LOOK_S)
                view = await desk.look()
    except TimeoutError as error:
        why = "" if view.leader else "; no controller leads: start one with `shardctl controller`"
        raise CommandError(f"after {waiting.timeout_s:g} s it is not so that {goal}{why}") from error
    waiting.show(most, most)
