"""Sets of slots against Python's own sets, on both implementations."""

from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.core_ext.twins import assert_alike, each, implementations_of, outcome_of

both = pytest.mark.parametrize("module", each("slot_set"))

edges = st.one_of(st.integers(0, 200), st.sampled_from([63, 64, 127, 128, 5000]))
sets = st.frozensets(edges, max_size=40)


@given(left=sets, right=sets)
def test_algebra_is_that_of_sets(left: frozenset[int], right: frozenset[int]) -> None:
    for module in implementations_of("slot_set"):
        one, other = module.SlotSet(left), module.SlotSet(right)
        assert list(one & other) == sorted(left & right)
        assert list(one | other) == sorted(left | right)
        assert list(one - other) == sorted(left - right)
        assert (one == other) == (left == right)
        assert (list(one), list(other)) == (sorted(left), sorted(right))


@given(
    start=st.lists(edges, max_size=10),
    taken=st.lists(
        st.tuples(st.sampled_from(["add", "discard"]), st.one_of(edges, st.sampled_from([-1, 1 << 24, 1 << 70]))),
        max_size=30,
    ),
)
def test_any_steps_keep_both_implementations_equal_to_a_set(start: list[int], taken: list[tuple[str, int]]) -> None:
    twins = [module.SlotSet(start) for module in implementations_of("slot_set")]
    model = set(start)
    for name, slot in taken:
        outcomes = [outcome_of(lambda s=each_set: getattr(s, name)(slot)) for each_set in twins]  # noqa: B023 - called at once
        assert_alike(outcomes)
        if outcomes[0][0] == "gave":
            getattr(model, name)(slot)
    for each_set in twins:
        assert list(each_set) == sorted(model)
        assert len(each_set) == len(model)
        assert bool(each_set) == bool(model)
        assert [slot in each_set for slot in range(-1, 210)] == [slot in model for slot in range(-1, 210)]
        assert 1 << 70 not in each_set
        assert repr(each_set) == f"SlotSet({sorted(model)})"


@pytest.mark.parametrize("slot", [-1, 1 << 24, 1 << 70])
@both
def test_slot_that_is_none_is_refused(module: ModuleType, slot: int) -> None:
    for call in (lambda: module.SlotSet((slot,)), lambda: module.SlotSet().add(slot)):
        with pytest.raises(ValueError, match="slot must be"):
            call()


@both
def test_largest_slot_is_one(module: ModuleType) -> None:
    assert list(module.SlotSet(((1 << 24) - 1,))) == [(1 << 24) - 1]


@both
def test_copy_is_a_set_of_its_own(module: ModuleType) -> None:
    one = module.SlotSet((1, 2))
    other = one.copy()
    other.add(3)
    one.discard(1)
    assert (list(one), list(other)) == ([2], [1, 2, 3])


@both
def test_walk_shows_what_was_there_when_it_began(module: ModuleType) -> None:
    one = module.SlotSet((1, 2, 3))
    seen = []
    for slot in one:
        one.discard(slot + 1)
        one.add(slot + 1000)
        seen.append(slot)
    assert seen == [1, 2, 3]


@both
def test_sets_are_equal_whatever_was_in_them_before(module: ModuleType) -> None:
    one = module.SlotSet((1, 100_000))
    one.discard(100_000)
    assert one == module.SlotSet((1,))
    assert module.SlotSet((1,)) == one
    assert one != module.SlotSet()
    assert one != {1}


@both
def test_set_cannot_be_hashed(module: ModuleType) -> None:
    one: Any = module.SlotSet()
    with pytest.raises(TypeError):
        hash(one)
