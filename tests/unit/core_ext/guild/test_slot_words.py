"""The words of slots against a model, on both implementations."""

from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.core_ext.twins import assert_alike, each, implementations_of, outcome_of

both = pytest.mark.parametrize("module", each("slot_words"))


@both
def test_owners_take_slots_from_words_of_their_own(module: ModuleType) -> None:
    words = module.SlotWords()
    assert [words.take(0), words.take(7), words.take(0), words.take(7)] == [0, 64, 1, 65]
    for _ in range(62):
        words.take(7)
    assert [words.take(7), words.take(0)] == [128, 2]
    assert [words.of(0), words.of(7), words.of(9)] == [(0,), (1, 2), ()]
    assert [words.find_far_slot(slot) for slot in (2, 64, 65, 128)] == [2, 0, 1, 64]


@both
def test_lowest_free_slot_of_the_first_word_with_room_is_taken(module: ModuleType) -> None:
    words = module.SlotWords()
    assert [words.take(3) for _ in range(130)] == list(range(130))
    for slot in (129, 70, 5, 9):
        words.give_back(slot)
    assert [words.take(3) for _ in range(5)] == [5, 9, 70, 129, 130]


@both
def test_word_keeps_its_place_until_it_is_empty_and_its_gap_is_filled(module: ModuleType) -> None:
    words = module.SlotWords()
    for _ in range(3 * 64):
        words.take(1)
    for slot in range(64, 128):
        assert words.of(1) == (0, 1, 2)
        words.give_back(slot)
    assert words.of(1) == (0, module.NO_WORD, 2)
    assert words.find_far_slot(130) == 130
    assert words.take(2) == 64, "the word is anybody's now"
    assert words.take(1) == 192
    assert words.of(1) == (0, 3, 2)
    assert words.find_far_slot(192) == 64


@both
def test_word_that_is_last_leaves_no_gap(module: ModuleType) -> None:
    words = module.SlotWords()
    slots = [words.take(1) for _ in range(3 * 64)]
    for slot in (*slots[64:128], *slots[128:]):
        words.give_back(slot)
    assert words.of(1) == (0,)
    for slot in slots[:64]:
        words.give_back(slot)
    assert words.of(1) == ()
    assert words.take(1) == 0


@pytest.mark.parametrize("owner", [-1, 1 << 16, 1 << 70])
@both
def test_owner_that_is_none_is_refused_and_changes_nothing(module: ModuleType, owner: int) -> None:
    words = module.SlotWords()
    with pytest.raises(ValueError, match="owner must be"):
        words.take(owner)
    assert words.of(owner) == ()
    assert words.take((1 << 16) - 1) == 0


@both
def test_more_words_than_there_may_be_are_refused(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_SLOTS", 128)
    words = module.SlotWords()
    slots = [words.take(owner) for owner in (1, 2)]
    with pytest.raises(OverflowError):
        words.take(3)
    assert (words.of(3), words.take(2)) == ((), slots[1] + 1)
    words.give_back(slots[0])
    assert words.take(3) == slots[0]


class Model:
    """The slots that each owner has, and the far slot that each had when it was taken."""

    def __init__(self) -> None:
        self.owners: dict[int, int] = {}
        self.far_slots: dict[int, int] = {}

    def check(self, words: Any) -> None:
        """Each word has one owner, which knows each of its slots by one number that never changes."""
        for owner in range(4):
            slots = {slot for slot, has in self.owners.items() if has == owner}
            numbers = words.of(owner)
            assert {number for number in numbers if number >= 0} == {slot // 64 for slot in slots}
            assert not numbers or numbers[-1] >= 0
            for slot in slots:
                far_slot = words.find_far_slot(slot)
                assert far_slot == self.far_slots[slot]
                assert (numbers[far_slot // 64], far_slot % 64) == (slot // 64, slot % 64)


steps = st.lists(
    st.one_of(
        st.tuples(st.just("take"), st.integers(0, 3), st.sampled_from([1, 2, 63, 64, 70])),
        st.tuples(st.just("give_back"), st.integers(0, 1000), st.sampled_from([1, 2, 64, 100])),
    ),
    max_size=12,
)


@given(taken=steps)
def test_any_steps_keep_both_implementations_equal_and_words_whole(taken: list[tuple[str, int, int]]) -> None:
    twins = [module.SlotWords() for module in implementations_of("slot_words")]
    model = Model()
    for name, chosen, count in taken:
        for _ in range(count):
            if name == "take":
                outcomes = [outcome_of(lambda w=words: w.take(chosen)) for words in twins]  # noqa: B023 - called at once
                assert_alike(outcomes)
                slot = outcomes[0][1]
                assert isinstance(slot, int)
                assert slot not in model.owners
                model.owners[slot], model.far_slots[slot] = chosen, twins[0].find_far_slot(slot)
            elif model.owners:
                slot = sorted(model.owners)[chosen % len(model.owners)]
                del model.owners[slot], model.far_slots[slot]
                for words in twins:
                    words.give_back(slot)
        for words in twins:
            model.check(words)
