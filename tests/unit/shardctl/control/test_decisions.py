"""The controller's decisions: one owner for each shard, few moves, pins and weights."""

from collections import Counter

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.shards.map_writer import Change
from core.shards.shard_map import Place, Wishes
from shardctl.control.decisions import Move, decide, is_settled, plan_moves
from shardctl.control.fleet import Fleet
from shardctl.control.placement import choose_worker
from tests.unit.shardctl.control.fleets import (
    NAMES,
    NUM_SHARDS,
    TERM,
    apply,
    changed,
    fleet,
    fleets,
    owners,
    settle,
    worker,
)


@given(fleets)
def test_every_shard_has_one_living_owner_when_anybody_lives(before: Fleet) -> None:
    after = apply(before, decide(before, TERM))
    if before.may_bury and before.workers:
        assert sorted(after.places) == list(range(NUM_SHARDS))
        assert {place.owner for place in after.places.values()} <= set(after.incarnations.values())
    assert set(before.places) <= set(after.places)


@given(fleets)
def test_shard_changes_once_in_a_decision_and_no_epoch_falls(before: Fleet) -> None:
    changes = decide(before, TERM)
    assert max(Counter(change.shard for change in changes).values(), default=0) <= 1
    assert all(change.next_epoch >= change.epoch for change in changes)
    assert all(change.owner in before.incarnations.values() for change in changes)


@given(fleets)
def test_living_owner_keeps_a_shard_until_it_gives_it_away_itself(before: Fleet) -> None:
    after = apply(before, decide(before, TERM))
    for shard, place in before.places.items():
        if place.owner in before.incarnations.values():
            assert (after.places[shard].owner, after.places[shard].epoch) == (place.owner, place.epoch)


@given(fleets)
def test_no_more_shards_move_at_once_than_may(before: Fleet) -> None:
    under_way = sum(bool(place.moving_to) for place in before.places.values())
    after = apply(before, decide(before, TERM))
    assert sum(bool(place.moving_to) for place in after.places.values()) <= max(under_way, before.moves_at_once)


@given(fleets)
def test_nobody_is_buried_soon_after_redis_was_away(before: Fleet) -> None:
    waiting = changed(before, may_bury=False)
    for change in decide(waiting, TERM):
        place = before.places[change.shard]
        assert place.owner[0] in waiting.incarnations, "its owner may live"


@given(fleets)
def test_decisions_come_to_an_end_at_which_pins_are_kept_and_the_drained_have_nothing(before: Fleet) -> None:
    after = settle(changed(before, may_bury=True))
    if not after.workers:
        return
    assert not any(place.moving_to for place in after.places.values())
    names = {shard: place.owner[0] for shard, place in after.places.items()}
    for shard, name in names.items():
        pin = after.wishes.pins.get(shard)
        assert name == pin or pin not in after.hosts
        assert name in after.hosts or not after.takers
    assert is_settled(after)


@given(fleets)
def test_settled_shards_move_only_when_something_is_wanted(before: Fleet) -> None:
    settled = settle(changed(before, may_bury=True, wishes=Wishes()))
    newcomer = changed(settled, workers=[*settled.workers, worker("new")])
    if settled.takers:
        assert decide(newcomer, TERM) == []


@given(st.sets(st.sampled_from(NAMES), min_size=1), st.sampled_from((0.5, 1.0, 3.0)))
def test_rebalancing_to_a_new_worker_moves_shards_to_it_alone(names: set[str], weight: float) -> None:
    rebalancing = Wishes(is_rebalancing=True)
    before = settle(fleet(*map(worker, sorted(names)), wishes=rebalancing))
    after = settle(changed(before, workers=[*before.workers, worker("new", weight=weight)]))
    moved = {shard for shard, owner in owners(after).items() if owner != owners(before)[shard]}
    assert {owners(after)[shard] for shard in moved} <= {"new-x.1"}
    assert plan_moves(changed(after, workers=before.workers)) == [], "those who are left keep theirs"


@given(fleets)
def test_worker_without_weight_gets_no_shard_that_is_not_pinned_to_it(before: Fleet) -> None:
    after = settle(changed(before, may_bury=True))
    for shard, place in after.places.items():
        name, had = place.owner[0], before.places.get(shard)
        if after.takers and name not in after.takers and after.wishes.pins.get(shard) != name:
            assert (had is not None and name in (had.owner[0], had.moving_to[:1])) or shard in before.claims


@given(st.sets(st.sampled_from(NAMES), min_size=2))
def test_dead_workers_shards_alone_are_given_on(names: set[str]) -> None:
    before = settle(fleet(*map(worker, sorted(names))))
    dead, *living = before.workers
    changes = decide(changed(before, workers=living), TERM)
    assert {change.shard for change in changes} == {
        shard for shard, owner in owners(before).items() if owner == dead.incarnation
    }


def test_shards_follow_weights() -> None:
    weights = {"a": 1.0, "b": 2.0, "c": 5.0}
    counts = Counter(choose_worker(shard, weights) for shard in range(4096))
    for name, weight in weights.items():
        assert counts[name] == pytest.approx(4096 * weight / 8, rel=0.12)


def test_worker_that_began_another_life_gets_its_shards_again_at_once() -> None:
    found = {shard: Place("a-x.1", 7) for shard in range(NUM_SHARDS)}
    changes = decide(fleet(worker("a", 2), worker("b"), places=found, may_bury=False), TERM)
    assert {change.owner for change in changes} == {"a-x.2"}
    assert len(changes) == NUM_SHARDS
    assert {change.next_epoch for change in changes} == {TERM << 32}


def test_worker_that_a_shard_was_moving_to_inherits_it() -> None:
    found = {0: Place("gone-x.1", 7, "b-x.1")}
    changes = decide(fleet(worker("a"), worker("b"), places=found, num_shards=1), TERM)
    assert changes == [Change(0, 7, TERM << 32, "b-x.1")]


def test_lost_map_gives_each_shard_to_who_says_that_it_has_it() -> None:
    lost = fleet(worker("a", shards="0-11"), worker("b", shards="12-23"))
    assert owners(apply(lost, decide(lost, TERM))) == {shard: "a-x.1" if shard < 12 else "b-x.1" for shard in range(24)}


def test_last_worker_keeps_its_shards_though_it_is_drained() -> None:
    found = {shard: Place("a-x.1", 7) for shard in range(NUM_SHARDS)}
    drained = fleet(worker("a"), places=found, wishes=Wishes(drained=frozenset({"a"})))
    assert decide(drained, TERM) == []
    empty = fleet(worker("a"), wishes=Wishes(drained=frozenset({"a"})))
    assert set(owners(apply(empty, decide(empty, TERM))).values()) == {"a-x.1"}


def test_drained_workers_shards_go_before_pins_and_those_before_others() -> None:
    found = {0: Place("a-x.1", 7), 1: Place("b-x.1", 7), 2: Place("c-x.1", 7)}
    wanted = Wishes(pins={1: "a"}, drained=frozenset({"c"}))
    moves = plan_moves(fleet(worker("a"), worker("b"), worker("c"), places=found, wishes=wanted))
    assert [move.shard for move in moves] == [2, 1]
    assert moves[1] == Move(1, "b", "a")


def test_move_to_a_worker_that_has_died_is_called_off() -> None:
    found = {0: Place("a-x.1", 7, "gone-x.1")}
    changes = decide(fleet(worker("a"), places=found, num_shards=1), TERM)
    assert changes == [Change(0, 7, 7, "a-x.1")]


def test_fleet_of_nobody_changes_nothing() -> None:
    assert decide(fleet(places={0: Place("a-x.1", 7)}), TERM) == []
    assert msgspec.structs.astuple(Change(0, 1, 2, "a")) == (0, 1, 2, "a", "")
