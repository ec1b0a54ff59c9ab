"""Rebalancing without being told to: who comes gets a share, and what is even stays as it is."""

from hypothesis import given
from hypothesis import strategies as st

from core.shards.incarnations import name_of
from core.shards.shard_map import Place, Wishes
from shardctl.control.decisions import decide, plan_moves
from shardctl.control.fleet import Fleet
from shardctl.control.spreading import is_uneven
from tests.unit.shardctl.control.fleets import (
    NAMES,
    NUM_SHARDS,
    TERM,
    changed,
    fleet,
    fleets,
    owners,
    settle,
    wishes,
    worker,
)

loads = st.fixed_dictionaries({name: st.floats(0, 1) for name in NAMES})


def rebalance(before: Fleet) -> Fleet:
    """Let the fleet be rebalanced until nothing is left to do."""
    wanted = {name: getattr(before.wishes, name) for name in Wishes.__struct_fields__}
    after = settle(changed(before, wishes=Wishes(**{**wanted, "is_rebalancing": True})))
    return changed(after, wishes=Wishes(**{**wanted, "is_rebalancing": False}))


@given(fleets)
def test_rebalanced_fleet_is_even_and_rebalancing_again_moves_nothing(before: Fleet) -> None:
    after = rebalance(changed(before, may_bury=True))
    assert not is_uneven(after)
    assert rebalance(after).places == after.places
    assert decide(after, TERM) == []


@given(st.sets(st.sampled_from(NAMES), min_size=1), loads, wishes)
def test_worker_that_comes_gets_its_share_and_pins_are_kept(
    names: set[str], burdens: dict[str, float], wanted: Wishes
) -> None:
    told = Wishes(pins=wanted.pins, burdens=burdens)
    before = rebalance(fleet(*map(worker, sorted(names)), wishes=told))
    joined = changed(before, workers=[*before.workers, worker("new")])
    assert is_uneven(joined)
    after = rebalance(joined)
    assert not is_uneven(after)
    had, has = owners(before), owners(after)
    for shard in range(NUM_SHARDS):
        assert has[shard] in (had[shard], "new-x.1")
        pin = wanted.pins.get(shard)
        if pin in after.hosts:
            assert name_of(has[shard]) == pin


@given(fleets)
def test_fleet_with_dead_owners_is_not_rebalanced(before: Fleet) -> None:
    dead = changed(before, places={**before.places, 0: Place("gone-x.1", 5)}, workers=before.workers)
    assert not is_uneven(dead)


@given(loads, loads)
def test_other_loads_move_no_shard_between_workers_that_both_became_busier_in_comparison(
    before: dict[str, float], after: dict[str, float]
) -> None:
    workers = [worker(name) for name in NAMES]
    settled = rebalance(fleet(*workers, wishes=Wishes(burdens=before)))
    loaded = changed(settled, wishes=Wishes(burdens=after, is_rebalancing=True))
    grown = {name: loaded.takers[name] / settled.takers[name] for name in NAMES}
    for move in plan_moves(loaded):
        assert grown[move.target] > grown[move.origin]


def test_shard_that_was_moved_by_hand_is_left_where_it_is() -> None:
    even = rebalance(fleet(worker("a"), worker("b")))
    moved = next(shard for shard, owner in owners(even).items() if owner == "a-x.1")
    assert not is_uneven(changed(even, places={**even.places, moved: Place("b-x.1", 9 << 32)}))


def test_drained_worker_that_may_have_shards_again_gets_its_share() -> None:
    drained = rebalance(fleet(worker("a"), worker("b"), wishes=Wishes(drained=frozenset({"b"}))))
    assert set(owners(drained).values()) == {"a-x.1"}
    assert not is_uneven(drained)
    assert is_uneven(changed(drained, wishes=Wishes()))


def test_one_shard_goes_to_no_worker_after_the_other() -> None:
    alone = rebalance(fleet(worker("a"), num_shards=1))
    both = rebalance(changed(alone, workers=[worker("a"), worker("b")]))
    assert not is_uneven(both)
