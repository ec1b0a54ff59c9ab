"""The ring of a stream: what is sent again, and what is asked for."""

from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.core_ext.twins import assert_alike, each, implementations_of, sibling_of


def make(module: ModuleType, number: int) -> Any:
    """A packet of video."""
    passing: ModuleType = sibling_of(module, "passing")
    return passing.Passing(codec="VP8", marker=False, number=number, timestamp=0, ssrc=1, payload=b"")


@pytest.mark.parametrize("module", each("ring"))
def test_the_newest_are_kept(module: ModuleType) -> None:
    ring = module.Ring()
    assert ring.find(0) is None
    for number in range(1000):
        assert not ring.add(make(module, number))
    found = [number for number in range(-10, 1010) if (kept := ring.find(number)) is not None and kept.number == number]
    assert found == list(range(1000 - 512, 1000))


@pytest.mark.parametrize("module", each("ring"))
def test_gaps_are_asked_for_until_they_are_filled_and_not_for_ever(module: ModuleType) -> None:
    ring = module.Ring()
    ring.add(make(module, 10))
    assert ring.add(make(module, 13))
    assert list(ring.take_missing()) == [11, 12]
    assert not ring.add(make(module, 11))
    assert [list(ring.take_missing()) for _ in range(5)] == [[12], [12], [12], [], []]


@pytest.mark.parametrize("module", each("ring"))
def test_a_long_gap_is_left_to_a_keyframe(module: ModuleType) -> None:
    ring = module.Ring()
    ring.add(make(module, 10))
    ring.add(make(module, 12))
    assert not ring.add(make(module, 100))
    assert list(ring.take_missing()) == []


@pytest.mark.parametrize("module", each("ring"))
def test_what_is_only_kept_is_not_asked_for(module: ModuleType) -> None:
    ring = module.Ring(8)
    for number in (1, 20, 22):
        ring.keep(make(module, number))
    assert [number for number in range(30) if ring.find(number) is not None] == [1, 20, 22]
    assert list(ring.take_missing()) == []
    ring.keep(make(module, 30))
    assert ring.find(22) is None


@given(st.lists(st.tuples(st.sampled_from(["add", "keep", "ask"]), st.integers(0, 300)), max_size=40))
def test_any_packets_are_kept_and_asked_for_alike(steps: list[tuple[str, int]]) -> None:
    outcomes = []
    for module in implementations_of("ring"):
        ring, outcome = module.Ring(16), []
        for what, number in steps:
            if what == "ask":
                outcome.append(list(ring.take_missing()))
            else:
                outcome.append(getattr(ring, what)(make(module, number)))
            found = ring.find(number)
            outcome.append(found and found.number)
        outcomes.append(outcome)
    assert_alike(outcomes)
