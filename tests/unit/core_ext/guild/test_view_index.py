"""View sets against a model of plain sets, on both implementations."""

from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.core_ext.twins import assert_alike, each, implementations_of, outcome_of, sibling_of


def slot_set(module: ModuleType, slots: Iterable[int]) -> Any:
    """A set of the same implementation as the index."""
    return sibling_of(module, "slot_set").SlotSet(slots)


@pytest.mark.parametrize("module", each("view_index"))
def test_allocate_counts_up_and_uses_released_slots_again_the_lowest_first(module: ModuleType) -> None:
    index = module.ViewIndex()
    assert [index.allocate() for _ in range(3)] == [0, 1, 2]
    index.release(0)
    index.release(1)
    assert len(index) == 1
    assert [index.allocate() for _ in range(3)] == [0, 1, 3]
    assert len(index) == 4


@pytest.mark.parametrize("module", each("view_index"))
def test_owners_have_words_of_their_own_in_the_same_sets(module: ModuleType) -> None:
    index = module.ViewIndex()
    slots = {owner: [index.allocate(owner) for _ in range(70)] for owner in (5, 0, 9)}
    assert [index.words_of(owner) for owner in (5, 0, 9, 1)] == [(0, 1), (2, 3), (4, 5), ()]
    assert [index.find_far_slot(slot) for slot in slots[9]] == list(range(70))
    index.set_channel(10, slots[0][::2] + slots[9][::3])
    gathered = index.select(10).gather(index.words_of(9))
    assert list(slot_set(module, ()).from_words(gathered)) == list(range(0, 70, 3))
    assert index.select(10).gather(index.words_of(5)) == b""
    for slot in slots[0]:
        index.release(slot)
    assert (index.words_of(0), len(index), list(index.select(10))) == ((), 140, slots[9][::3])
    assert index.allocate(9) == slots[9][-1] + 1
    assert [index.allocate(1), index.words_of(1)] == [slots[0][0], (2,)]


@pytest.mark.parametrize("module", each("view_index"))
def test_release_clears_the_slot_in_channels_and_flags(module: ModuleType) -> None:
    index = module.ViewIndex()
    slot = index.allocate()
    index.set(10, slot, True)
    index.set_flag(5, slot, True)
    index.release(slot)
    assert [list(each) for each in (index.viewers(10), index.select(0), index.select(0, 5))] == [[], [], []]
    assert index.allocate() == slot
    assert not index.can_view(10, slot)
    assert list(index.select(0, 5)) == []


@pytest.mark.parametrize("module", each("view_index"))
def test_set_and_can_view_follow_each_other(module: ModuleType) -> None:
    index = module.ViewIndex()
    slots = [index.allocate() for _ in range(200)]
    for slot in slots[::3]:
        index.set(10, slot, True)
    index.set(10, 0, False)
    assert list(index.viewers(10)) == slots[3::3]
    assert [slot for slot in slots if index.can_view(10, slot)] == slots[3::3]
    assert list(index.viewers(11)) == []


@pytest.mark.parametrize("module", each("view_index"))
def test_set_channel_replaces_the_whole_set(module: ModuleType) -> None:
    index = module.ViewIndex()
    slots = [index.allocate() for _ in range(100)]
    index.set_channel(10, slots)
    index.set_channel(10, iter([70, 3, 64, 63]))
    assert list(index.viewers(10)) == [3, 63, 64, 70]
    index.set_channel(10, [])
    assert list(index.viewers(10)) == []


@pytest.mark.parametrize("module", each("view_index"))
def test_set_channel_with_a_wrong_slot_changes_nothing(module: ModuleType) -> None:
    index = module.ViewIndex()
    slot = index.allocate()
    index.set_channel(10, [slot])
    with pytest.raises(ValueError, match="not allocated"):
        index.set_channel(10, [slot, 1])
    assert list(index.viewers(10)) == [slot]


@pytest.mark.parametrize("module", each("view_index"))
def test_drop_channel_forgets_it_and_leaves_the_rest(module: ModuleType) -> None:
    index = module.ViewIndex()
    slot = index.allocate()
    index.set(10, slot, True)
    index.set(11, slot, True)
    index.drop_channel(10)
    index.drop_channel(99)
    assert list(index.viewers(10)) == []
    assert index.channels_of(slot) == [11]


@pytest.mark.parametrize("module", each("view_index"))
def test_channels_of_is_ascending_and_only_what_the_slot_views(module: ModuleType) -> None:
    index = module.ViewIndex()
    one, other = index.allocate(), index.allocate()
    for channel_id in (30, 10, 20):
        index.set(channel_id, one, True)
    index.set(20, other, True)
    index.set(40, one, False)
    assert index.channels_of(one) == [10, 20, 30]
    assert index.channels_of(other) == [20]


@pytest.mark.parametrize("module", each("view_index"))
def test_select_is_the_intersection_of_channel_and_flag(module: ModuleType) -> None:
    index = module.ViewIndex()
    slots = [index.allocate() for _ in range(130)]
    index.set_channel(10, slots[::2])
    for slot in slots[::3]:
        index.set_flag(9, slot, True)
    assert list(index.select(10)) == slots[::2]
    assert list(index.select(10, 9)) == slots[::6]
    assert list(index.select(0, 9)) == slots[::3]
    assert list(index.select()) == slots
    assert not index.select(11, 9)
    assert not index.select(10, 63)


@pytest.mark.parametrize("slot", [-1, 1, 2, 64, 1 << 40, 1 << 70])
@pytest.mark.parametrize("module", each("view_index"))
def test_slot_that_is_not_allocated_is_refused_everywhere(module: ModuleType, slot: int) -> None:
    index = module.ViewIndex()
    index.allocate()
    index.release(index.allocate())
    calls: tuple[Callable[[], object], ...] = (
        lambda: index.release(slot),
        lambda: index.set(10, slot, True),
        lambda: index.set_channel(10, [slot]),
        lambda: index.can_view(10, slot),
        lambda: index.channels_of(slot),
        lambda: index.set_flag(0, slot, True),
        lambda: index.set_many([10], [0, slot], True),
        lambda: index.set_channel(10, slot_set(module, [slot])),
        lambda: index.set_kind(slot, 1),
        lambda: index.find_far_slot(slot),
    )
    for call in calls:
        with pytest.raises(ValueError, match=r"not allocated|slot must be"):
            call()
    assert list(index.viewers(10)) == []


@pytest.mark.parametrize("flag", [-2, 64, 1 << 70])
@pytest.mark.parametrize("module", each("view_index"))
def test_flag_out_of_range_is_refused(module: ModuleType, flag: int) -> None:
    index = module.ViewIndex()
    slot = index.allocate()
    with pytest.raises(ValueError, match="flag must be"):
        index.set_flag(flag, slot, True)
    with pytest.raises(ValueError, match="flag must be"):
        index.select(0, flag)


@pytest.mark.parametrize("module", each("view_index"))
def test_sets_given_are_copies(module: ModuleType) -> None:
    index = module.ViewIndex()
    slot = index.allocate()
    index.set(10, slot, True)
    index.set_flag(3, slot, True)
    chosen = slot_set(module, [slot])
    index.set_channel(11, chosen)
    for each_set in (index.viewers(10), index.select(10), index.select(0), index.select(0, 3), chosen):
        each_set.discard(slot)
    for kept in (index.viewers(10), index.select(10), index.select(0), index.select(0, 3), index.viewers(11)):
        assert list(kept) == [slot]


@pytest.mark.parametrize("module", each("view_index"))
def test_slots_of_kinds_are_those_whose_kind_is_chosen(module: ModuleType) -> None:
    index = module.ViewIndex()
    slots = [index.allocate() for _ in range(200)]
    for slot in slots:
        index.set_kind(slot, slot % 3)
    assert list(index.of_kinds(b"\x00\x01")) == slots[1::3]
    assert list(index.of_kinds(b"\x01\x00\x01")) == sorted(slots[0::3] + slots[2::3])
    assert not index.of_kinds(b"")
    index.release(4)
    assert 4 not in index.of_kinds(b"\x00\x01")
    assert index.allocate() == 4
    assert 4 not in index.of_kinds(b"\x00\x01\x01")


@pytest.mark.parametrize("kind", [-1, 1 << 24, 1 << 70])
@pytest.mark.parametrize("module", each("view_index"))
def test_kind_out_of_range_is_refused(module: ModuleType, kind: int) -> None:
    index = module.ViewIndex()
    index.allocate()
    with pytest.raises(ValueError, match="kind must be"):
        index.set_kind(0, kind)


class Model:
    """What the index means, in sets: the slots allocated, and per channel and flag the slots in it."""

    def __init__(self) -> None:
        self.slots: set[int] = set()
        self.channels: dict[int, set[int]] = {}
        self.flags: dict[int, set[int]] = {}
        self.kinds: dict[int, int] = {}

    def select(self, channel_id: int, flag: int) -> list[int]:
        found = self.channels.get(channel_id, set()) if channel_id else self.slots
        return sorted(found if flag == -1 else found & self.flags.get(flag, set()))

    def apply(self, name: str, arguments: tuple[Any, ...], result: object) -> None:
        match name, arguments:
            case "allocate", _:
                assert isinstance(result, int)
                assert result not in self.slots
                self.slots.add(result)
                self.kinds[result] = 0
            case "release", (slot,):
                for group in (self.slots, *self.channels.values(), *self.flags.values()):
                    group.discard(slot)
            case "set", (channel_id, slot, on):
                self.apply("set_many", ((channel_id,), (slot,), on), result)
            case "set_many", (channel_ids, slots, on):
                for channel_id in channel_ids:
                    group = self.channels.setdefault(channel_id, set())
                    self.channels[channel_id] = group | set(slots) if on else group - set(slots)
            case "set_kind", (slot, kind):
                self.kinds[slot] = kind
            case "set_flag", (flag, slot, on):
                having = self.flags.setdefault(flag, set())
                self.flags[flag] = having | {slot} if on else having - {slot}
            case _:
                self.apply_to_channel(name, arguments)

    def apply_to_channel(self, name: str, arguments: tuple[Any, ...]) -> None:
        match name, arguments:
            case "set_channel", (channel_id, slots):
                self.channels[channel_id] = set(slots)
            case "drop_channel", (channel_id,):
                self.channels.pop(channel_id, None)


slots = st.one_of(st.integers(-1, 80), st.integers(124, 194))
channels = st.integers(1, 4)
flags = st.integers(0, 3)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("allocate"), st.sampled_from([(), (0,), (1,), (2,), (-1,)])),
        st.tuples(st.just("release"), st.tuples(slots)),
        st.tuples(st.just("set"), st.tuples(channels, slots, st.booleans())),
        st.tuples(st.just("set_channel"), st.tuples(channels, st.lists(slots, max_size=6))),
        st.tuples(st.just("set_many"), st.tuples(st.lists(channels), st.lists(slots, max_size=3), st.booleans())),
        st.tuples(st.just("set_kind"), st.tuples(slots, st.integers(-1, 4))),
        st.tuples(st.just("drop_channel"), st.tuples(channels)),
        st.tuples(st.just("set_flag"), st.tuples(flags, slots, st.booleans())),
    ),
    max_size=50,
)


@given(allocated=st.sampled_from([0, 1, 5, 64, 65, 80]), taken=steps)
def test_any_steps_keep_both_implementations_equal_to_the_model(allocated: int, taken: list[tuple[str, Any]]) -> None:
    twins = [module.ViewIndex() for module in implementations_of("view_index")]
    model = Model()
    for name, arguments in [("allocate", ())] * allocated + taken:
        outcomes = [outcome_of(lambda i=index: getattr(i, name)(*arguments)) for index in twins]  # noqa: B023 - called at once
        assert_alike(outcomes)
        if outcomes[0][0] == "gave":
            model.apply(name, arguments, outcomes[0][1])
    for index in twins:
        assert len(index) == len(model.slots)
        for channel_id in range(5):
            for flag in range(-1, 4):
                assert list(index.select(channel_id, flag)) == model.select(channel_id, flag)
            if channel_id:
                assert list(index.viewers(channel_id)) == model.select(channel_id, -1)
        for slot in model.slots:
            seen = sorted(channel_id for channel_id, group in model.channels.items() if slot in group)
            assert index.channels_of(slot) == seen
            assert [c for c in range(1, 5) if index.can_view(c, slot)] == seen
