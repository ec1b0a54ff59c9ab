"""How full workers are, steadied: bursts move nothing, and a placement does not go to and fro."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.shards.shard_map import Wishes
from core.shards.worker import WorkerLoad
from shardctl.control.burdens import BurdenWatch, measure_burden, relieve
from shardctl.control.spreading import is_uneven
from tests.fakes.clock import FakeClock
from tests.unit.shardctl.control.fleets import NUM_SHARDS, changed, fleet, settle, worker


@pytest.mark.parametrize(
    ("load", "burden"),
    [
        (WorkerLoad(), 0.0),
        (WorkerLoad(cpu=0.4, sessions=5_000, events_per_s=100), 0.4),
        (WorkerLoad(cpu=0.1, sessions=20_000), 0.8),
        (WorkerLoad(cpu=0.1, events_per_s=2_500), 0.5),
        (WorkerLoad(cpu=1.7, sessions=1), 1.0),
    ],
)
def test_burden_is_what_is_fullest_of_a_worker(load: WorkerLoad, burden: float) -> None:
    assert measure_burden(load) == pytest.approx(burden)


def test_full_worker_counts_half_and_who_is_not_known_as_the_others() -> None:
    weights = {"idle": 1.0, "full": 1.0, "large": 4.0, "new": 2.0}
    relieved = relieve(weights, {"idle": 0.0, "full": 1.0, "large": 0.5})
    assert relieved == {"idle": 1.0, "full": 0.5, "large": 3.0, "new": 1.5}
    assert relieve({"a": 2.0}, {}) == {"a": 2.0}


def watch_for(watch: BurdenWatch, clock: FakeClock, seconds: float, cpu: float) -> None:
    for _ in range(round(seconds)):
        clock.advance(1)
        watch.note([worker("a", load=WorkerLoad(cpu=cpu))])


def test_burst_is_not_taken_and_a_load_that_stays_is() -> None:
    clock = FakeClock()
    watch = BurdenWatch(clock.monotonic_s)
    watch_for(watch, clock, 200, 0.1)
    watch_for(watch, clock, 5, 1.0)
    watch_for(watch, clock, 100, 0.1)
    assert watch.taken == {}
    watch_for(watch, clock, 240, 0.8)
    assert 0.2 <= watch.taken["a"] <= 0.8


def test_burdens_that_are_near_what_was_taken_before_change_nothing() -> None:
    clock = FakeClock()
    watch = BurdenWatch(clock.monotonic_s)
    watch.resume({"a": 0.5})
    watch_for(watch, clock, 600, 0.35)
    assert watch.taken["a"] == pytest.approx(0.35, abs=0.16)
    taken = watch.taken
    watch_for(watch, clock, 600, 0.45)
    assert watch.taken == taken


@given(
    st.lists(st.floats(0, 0.9), min_size=2, max_size=4),
    st.floats(0, 3),
)
def test_shards_come_to_rest_although_loads_follow_them(own: list[float], spread: float) -> None:
    """Each worker has a load of its sockets, and a part of another one by its shards."""
    clock = FakeClock()
    watch = BurdenWatch(clock.monotonic_s)
    names = "abcd"[: len(own)]
    present = settle(fleet(*map(worker, names), wishes=Wishes(is_rebalancing=True)))
    last_move = 0
    for minute in range(30):
        shares = {name: sum(place.owner[0] == name for place in present.places.values()) for name in names}
        loads = {name: mine + spread * shares[name] / NUM_SHARDS for name, mine in zip(names, own, strict=True)}
        for _ in range(4):
            clock.advance(15)
            watch.note([worker(name, load=WorkerLoad(cpu=loads[name])) for name in names])
        loaded = changed(present, wishes=Wishes(burdens=watch.taken))
        if is_uneven(loaded):
            last_move = minute
            present = settle(changed(present, wishes=Wishes(burdens=watch.taken, is_rebalancing=True)))
    assert last_move < 15
