"""The control of the collector: it observes, freezes, and restores everything at its end."""

import gc
from collections.abc import Iterator

import pytest

from core.runtime import garbage
from core.runtime.garbage import GarbageControl
from tests.fakes.clock import FakeClock


class Node:
    """Something that the collector knows, in a cycle with itself."""

    def __init__(self) -> None:
        self.myself = self


@pytest.fixture(autouse=True)
def frozen_by_others() -> Iterator[None]:
    """Nothing is: another test may have left something."""
    gc.unfreeze()
    yield
    gc.unfreeze()


def count_nodes() -> int:
    """Count the objects, found by the collector or not.

    The type is asked for, as `isinstance` also asks objects of other tests, and a weak proxy of something gone raises then.
    """
    return sum(type(each) is Node for each in gc.get_objects())


def test_collections_are_observed_and_what_outlives_a_full_one_is_frozen() -> None:
    pauses_s: list[float] = []
    control = GarbageControl(clock=FakeClock(), observe=pauses_s.append)
    with control.in_force():
        kept = Node()
        frozen_before, pauses_s[:] = gc.get_freeze_count(), []
        gc.collect(0)
        assert gc.get_freeze_count() <= frozen_before
        assert gc.is_tracked(kept)
        gc.collect()
        assert pauses_s == [0.0, 0.0]
        assert count_nodes() == 0
        assert gc.get_freeze_count() > 0
    assert count_nodes() == 1


def test_process_that_needs_short_pauses_collects_among_fewer_objects() -> None:
    before = gc.get_threshold()
    with GarbageControl(clock=FakeClock(), observe=lambda _: None, young_objects=77).in_force():
        assert gc.get_threshold()[0] == 77
    assert gc.get_threshold() == before


def test_crowd_is_looked_through_and_set_aside_and_a_few_are_not() -> None:
    control = GarbageControl(clock=FakeClock(), observe=lambda _: None)
    control.welcome(garbage.CROWD_SESSIONS)
    assert gc.get_freeze_count() == 0
    with control.in_force():
        control.welcome(garbage.CROWD_SESSIONS)
        kept, lost = Node(), Node()
        del lost
        control.welcome(garbage.CROWD_SESSIONS - 1)
        assert count_nodes() == 2
        control.welcome(1)
        assert count_nodes() == 0
        gc.unfreeze()
        assert count_nodes() == 1
        assert kept.myself is kept


def test_what_makes_a_collection_slow_is_set_aside_at_once() -> None:
    clock = FakeClock()
    control = GarbageControl(clock=clock, observe=lambda _: None)

    def hold_up(phase: str, _: object) -> None:
        if phase == "start":
            clock.advance(took_s)

    with control.in_force():
        gc.callbacks.append(hold_up)
        try:
            kept = Node()
            took_s = garbage.SLOW_S * 0.5
            gc.collect(0)
            assert count_nodes() == 1
            took_s = garbage.SLOW_S * 1.5
            gc.collect(0)
            assert count_nodes() == 0
            assert kept.myself is kept
        finally:
            gc.callbacks.remove(hold_up)


def test_frozen_cycles_are_freed_by_a_thaw(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(garbage, "THAWED_OBJECTS", 1 << 60)
    control = GarbageControl(clock=FakeClock(), observe=lambda _: None)
    with control.in_force():
        lost = Node()
        gc.collect()
        del lost
        gc.collect()
        gc.unfreeze()
        assert count_nodes() == 1
        gc.freeze()
        control.thaw()
        gc.unfreeze()
        assert count_nodes() == 0


def test_nothing_is_thawed_when_it_is_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(garbage, "THAWED_OBJECTS", 0)
    pauses_s: list[float] = []
    control = GarbageControl(clock=FakeClock(), observe=pauses_s.append)
    with control.in_force():
        frozen = gc.get_freeze_count()
        control.thaw()
        assert (pauses_s, gc.get_freeze_count() > 0, frozen > 0) == ([], True, True)
        control.thaw(whatever_it_takes=True)
        assert len(pauses_s) == 1


def test_collector_is_as_it_was_afterwards() -> None:
    before = (gc.get_threshold(), list(gc.callbacks))
    with GarbageControl(clock=FakeClock(), observe=lambda _: None).in_force():
        assert gc.get_threshold()[0] == garbage.YOUNG_OBJECTS
    assert (gc.get_threshold(), list(gc.callbacks)) == before
    assert gc.get_freeze_count() == 0
