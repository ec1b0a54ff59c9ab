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


# -- words

numbers = st.lists(st.integers(0, 90), unique=True, max_size=12)


def place_words(slots: frozenset[int], words: list[int]) -> list[int]:
    """The slots in these words, as the owner of the words counts them."""
    return sorted(words.index(slot // 64) * 64 + slot % 64 for slot in slots if slot // 64 in words)


@given(slots=sets, words=numbers, gaps=st.sets(st.integers(0, 11)))
def test_gathered_words_make_the_set_of_the_owners_slots(
    slots: frozenset[int], words: list[int], gaps: set[int]
) -> None:
    places = [-1 if place in gaps else word for place, word in enumerate(words)]
    for module in implementations_of("slot_set"):
        gathered = module.SlotSet(slots).gather(tuple(places))
        made = module.SlotSet.from_words(gathered)
        assert list(made) == place_words(slots, places)
        assert bool(gathered) == bool(made)
        assert len(gathered) == 8 * (1 + max(made, default=-64) // 64)


@given(left=sets, right=sets, words=numbers)
def test_gathering_commutes_with_the_algebra_of_sets(
    left: frozenset[int], right: frozenset[int], words: list[int]
) -> None:
    for module in implementations_of("slot_set"):
        one, other = module.SlotSet(left), module.SlotSet(right)

        def cut(whole: Any, module: ModuleType = module) -> Any:
            return module.SlotSet.from_words(whole.gather(tuple(words)))

        assert cut(one & other) == cut(one) & cut(other)
        assert cut(one | other) == cut(one) | cut(other)
        assert cut(one - other) == cut(one) - cut(other)


@given(slots=sets, words=numbers)
def test_both_implementations_gather_the_same_bytes(slots: frozenset[int], words: list[int]) -> None:
    plain, compiled = (module.SlotSet(slots).gather(tuple(words)) for module in implementations_of("slot_set"))
    assert plain == compiled


@both
def test_words_are_little_endian_and_end_with_the_last_that_is_not_zero(module: ModuleType) -> None:
    one = module.SlotSet((64, 64 + 9, 3 * 64 + 63))
    assert one.gather((1, 3)) == b"\x01\x02" + bytes(13) + b"\x80"
    assert one.gather((0, 1, 2)) == bytes(8) + b"\x01\x02" + bytes(6)
    assert one.gather((0, 2)) == one.gather(()) == module.SlotSet().gather((0,)) == b""


@pytest.mark.parametrize("number", [-1, 1 << 18, 1 << 24, 1 << 70, -(1 << 70)])
@both
def test_number_that_is_no_word_stands_for_zeros(module: ModuleType, number: int) -> None:
    one = module.SlotSet(((1 << 24) - 1,))
    assert one.gather((number,)) == b""
    assert one.gather((number, (1 << 18) - 1)) == bytes(15) + b"\x80"


@pytest.mark.parametrize("size", [1, 7, 9, (1 << 21) + 8])
@both
def test_words_that_are_cut_short_or_too_many_are_refused(module: ModuleType, size: int) -> None:
    with pytest.raises(ValueError, match="words must"):
        module.SlotSet.from_words(bytes(size))


@both
def test_set_of_words_may_have_zeros_at_its_end_and_grow(module: ModuleType) -> None:
    one = module.SlotSet.from_words(b"\x05" + bytes(15))
    assert one == module.SlotSet((0, 2))
    one.add(400)
    assert list(one & module.SlotSet.from_words(b"\xff" * 64)) == [0, 2, 400]
    assert not module.SlotSet.from_words(b"")


@both
def test_words_of_another_kind_are_refused(module: ModuleType) -> None:
    with pytest.raises(TypeError):
        module.SlotSet().gather(("1",))
