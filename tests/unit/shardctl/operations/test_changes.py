"""What is looked at before a wish is written, and the waiting until it is fulfilled."""

import asyncio

import msgspec
import pytest

from core.runtime.settings.settings import GatewaySettings
from core.voice.registered_node import NodeState, RegisteredNode
from shardctl.operations import changes
from shardctl.operations.changes import Waiting
from shardctl.outcomes import CommandError, WouldStrand, WrongInput
from tests.unit.shardctl.operations.desks import Ground

AT_ONCE = Waiting(0)


@pytest.fixture
async def ground() -> Ground:
    """Two workers with four shards each."""
    made = Ground()
    made.add_worker("a", "0-3")
    made.add_worker("b", "4-7")
    await made.go(4)
    return made


async def test_drain_moves_every_shard_and_shows_how_far_it_is(ground: Ground) -> None:
    seen: list[tuple[int, int]] = []
    draining = asyncio.create_task(changes.drain(ground.desk, "a", Waiting(30, lambda *done: seen.append(done))))
    while not draining.done():
        await ground.go(0.5)
        await asyncio.sleep(0.001)
    await draining
    assert (await ground.desk.look()).list_shards("b") == list(range(8))
    assert seen[-1] == (4, 4)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


async def test_drain_waits_for_the_clients_where_they_resume_at_any_worker() -> None:
    ground = Ground(GatewaySettings(public_url="wss://gateway.example"))
    ground.add_worker("a", "0-7", sessions=3)
    ground.add_worker("b")
    await ground.go(4)
    draining = asyncio.create_task(changes.drain(ground.desk, "a", Waiting(30)))
    while (await ground.desk.look()).list_shards("a"):
        await ground.go(0.5)
        await asyncio.sleep(0.001)
    await ground.go(1)
    await asyncio.sleep(0.001)
    assert not draining.done()
    ground.sessions["a"] = 0
    while not draining.done():
        await ground.go(0.5)
        await asyncio.sleep(0.001)
    await draining


async def test_moved_shard_is_not_pinned_afterwards(ground: Ground) -> None:
    assert [move.shard for move in (await changes.plan_move(ground.desk, 0, "b")).moves] == [0]
    moving = asyncio.create_task(changes.move(ground.desk, 0, "b", Waiting(30)))
    while not moving.done():
        await ground.go(0.5)
        await asyncio.sleep(0.001)
    await moving
    await ground.go(2)
    assert 0 in (await ground.desk.look()).list_shards("b")
    assert not ground.database.wishes.wishes.pins


async def test_move_that_takes_too_long_is_wanted_no_more(ground: Ground) -> None:
    await ground.live_without_controller(5)
    with pytest.raises(CommandError, match="no controller leads"):
        await changes.move(ground.desk, 0, "b", Waiting(0.01))
    assert not ground.database.wishes.wishes.pins


async def test_pinned_shard_is_not_moved(ground: Ground) -> None:
    await ground.database.wishes.pin(0, "a")
    with pytest.raises(WrongInput, match="shard 0 is pinned to a: unpin it first"):
        await changes.move(ground.desk, 0, "b", AT_ONCE)
    assert ground.database.wishes.wishes.pins == {0: "a"}


async def test_last_worker_is_not_drained(ground: Ground) -> None:
    ground.kill("b")
    await ground.go(4)
    with pytest.raises(WouldStrand, match="last one"):
        await changes.drain(ground.desk, "a", AT_ONCE)
    assert not ground.database.wishes.wishes.drained


async def test_last_worker_that_is_not_drained_is_not_drained_either(ground: Ground) -> None:
    await changes.drain(ground.desk, "a", AT_ONCE)
    await ground.go(2)
    with pytest.raises(WouldStrand):
        await changes.drain(ground.desk, "b", AT_ONCE)


async def test_worker_is_not_drained_when_the_other_one_has_just_been_and_no_controller_has_seen_it(
    ground: Ground,
) -> None:
    await changes.drain(ground.desk, "a", AT_ONCE)
    with pytest.raises(WouldStrand):
        await changes.drain(ground.desk, "b", AT_ONCE)
    with pytest.raises(WrongInput, match="a is drained"):
        await changes.pin(ground.desk, 0, "a", AT_ONCE)
    assert ground.database.wishes.wishes.drained == {"a"}


async def test_drains_of_all_workers_at_the_same_moment_leave_one(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    drain = ground.database.wishes.drain

    async def drain_beside_another(worker: str) -> None:
        """Drain a worker when somebody else, who has looked at the same time, drains the other one."""
        await drain("a")
        await drain(worker)

    monkeypatch.setattr(ground.database.wishes, "drain", drain_beside_another)
    with pytest.raises(WouldStrand):
        await changes.drain(ground.desk, "b", AT_ONCE)
    assert ground.database.wishes.wishes.drained == {"a"}


async def test_dry_drain_tells_the_moves_and_changes_nothing(ground: Ground) -> None:
    plan = await changes.plan_drain(ground.desk, "a")
    assert [(move.shard, move.origin, move.target) for move in plan.moves] == [(n, "a", "b") for n in range(4)]
    assert (plan.before, plan.after) == ({"a": 4, "b": 4}, {"a": 0, "b": 8})
    assert not ground.database.wishes.wishes.drained


async def test_drain_that_takes_too_long_fails_and_stays_wanted(ground: Ground) -> None:
    await ground.live_without_controller(5)
    with pytest.raises(CommandError, match="no controller leads"):
        await changes.drain(ground.desk, "a", Waiting(0.01))
    assert ground.database.wishes.wishes.drained == {"a"}


async def test_undrained_worker_gets_shards_by_a_rebalancing(ground: Ground) -> None:
    await changes.drain(ground.desk, "a", AT_ONCE)
    await ground.go(4)
    assert await changes.plan_undrain(ground.desk, "a")
    await ground.database.wishes.undrain("a")
    await ground.go(2)
    assert (await ground.desk.look()).list_shards("a") == []
    assert (await changes.plan_rebalance(ground.desk)).moves
    await changes.rebalance(ground.desk, AT_ONCE)
    await ground.go(6)
    assert (await ground.desk.look()).list_shards("a")
    assert not ground.database.wishes.wishes.is_rebalancing
    assert not await changes.plan_undrain(ground.desk, "a")


async def test_pinned_shard_goes_to_its_worker_and_stays_there(ground: Ground) -> None:
    assert [move.shard for move in (await changes.plan_pin(ground.desk, 0, "b")).moves] == [0]
    await changes.pin(ground.desk, 0, "b", AT_ONCE)
    await ground.go(2)
    await changes.rebalance(ground.desk, AT_ONCE)
    await ground.go(6)
    assert 0 in (await ground.desk.look()).list_shards("b")
    assert await changes.unpin(ground.desk, 0)
    assert not await changes.unpin(ground.desk, 0)


async def test_shard_is_not_pinned_to_a_drained_worker(ground: Ground) -> None:
    await changes.drain(ground.desk, "a", AT_ONCE)
    await ground.go(2)
    with pytest.raises(WrongInput, match="undrain it first"):
        await changes.pin(ground.desk, 0, "a", AT_ONCE)


@pytest.mark.parametrize("shard", [-1, 8])
async def test_unknown_shard_is_refused(ground: Ground, shard: int) -> None:
    for change in (changes.pin(ground.desk, shard, "a", AT_ONCE), changes.unpin(ground.desk, shard)):
        with pytest.raises(WrongInput, match="they are 0 to 7"):
            await change


async def test_unknown_worker_is_refused_and_the_known_are_named(ground: Ground) -> None:
    with pytest.raises(WrongInput, match="there is no worker c: a, b"):
        await changes.pin(ground.desk, 0, "c", AT_ONCE)
    for change in (changes.drain(ground.desk, "c", AT_ONCE), changes.plan_undrain(ground.desk, "c")):
        with pytest.raises(WrongInput, match="there is no worker and no media node c: a, b"):
            await change


async def test_media_node_is_no_worker_and_is_not_named_among_them(ground: Ground) -> None:
    node = RegisteredNode(
        name="v", life="v-1", control="127.0.0.1:1", host="127.0.0.1", port=2, region="", state=NodeState.SERVING
    )
    view = msgspec.structs.replace(await ground.desk.look(), nodes=[node])
    with pytest.raises(WrongInput, match="v is a media node, which has no shards: the workers are a, b"):
        changes.check_worker(view, "v")
    with pytest.raises(WrongInput, match=r"there is no worker c: a, b$"):
        changes.check_worker(view, "c")
