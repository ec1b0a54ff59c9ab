"""View sets against a model of plain sets, on both implementations."""

from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.core_ext.twins import assert_alike, each, implementations_of, outcome_of, unhurried


@pytest.mark.parametrize("module", each("view_index"))
def test_allocate_counts_up_and_uses_released_slots_again(module: ModuleType) -> None:
    index = module.ViewIndex()
    assert [index.allocate() for _ in range(3)] == [0, 1, 2]
    index.release(0)
    index.release(1)
    assert len(index) == 1
    assert [index.allocate() for _ in range(3)] == [1, 0, 3]
    assert len(index) == 4


@pytest.mark.parametrize("module", each("view_index"))
def test_release_clears_the_slot_in_channels_and_flags(module: ModuleType) -> None:
    index = module.ViewIndex()
    slot = index.allocate()
    index.set(10, slot, True)
    index.set_flag(5, slot, True)
    index.release(slot)
    assert index.viewers(10) == index.select(0) == index.select(0, 5) == []
    assert index.allocate() == slot
    assert not index.can_view(10, slot)
    assert index.select(0, 5) == []


@pytest.mark.parametrize("module", each("view_index"))
def test_set_and_can_view_follow_each_other(module: ModuleType) -> None:
    index = module.ViewIndex()
    slots = [index.allocate() for _ in range(200)]
    for slot in slots[::3]:
        index.set(10, slot, True)
    index.set(10, 0, False)
    assert index.viewers(10) == slots[3::3]
    assert [slot for slot in slots if index.can_view(10, slot)] == slots[3::3]
    assert index.viewers(11) == []


@pytest.mark.parametrize("module", each("view_index"))
def test_set_channel_replaces_the_whole_set(module: ModuleType) -> None:
    index = module.ViewIndex()
    slots = [index.allocate() for _ in range(100)]
    index.set_channel(10, slots)
    index.set_channel(10, iter([70, 3, 64, 63]))
    assert index.viewers(10) == [3, 63, 64, 70]
    index.set_channel(10, [])
    assert index.viewers(10) == []


@pytest.mark.parametrize("module", each("view_index"))
def test_set_channel_with_a_wrong_slot_changes_nothing(module: ModuleType) -> None:
    index = module.ViewIndex()
    slot = index.allocate()
    index.set_channel(10, [slot])
    with pytest.raises(ValueError, match="not allocated"):
        index.set_channel(10, [slot, 1])
    assert index.viewers(10) == [slot]


@pytest.mark.parametrize("module", each("view_index"))
def test_drop_channel_forgets_it_and_leaves_the_rest(module: ModuleType) -> None:
    index = module.ViewIndex()
    slot = index.allocate()
    index.set(10, slot, True)
    index.set(11, slot, True)
    index.drop_channel(10)
    index.drop_channel(99)
    assert index.viewers(10) == []
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
    assert index.select(10) == slots[::2]
    assert index.select(10, 9) == slots[::6]
    assert index.select(0, 9) == slots[::3]
    assert index.select() == slots
    assert index.select(11, 9) == index.select(10, 63) == []


@pytest.mark.parametrize("slot", [-1, 1, 2, 64, 1 << 40, 1 << 70])
@pytest.mark.parametrize("module", each("view_index"))
def test_slot_that_is_not_allocated_is_refused_everywhere(module: ModuleType, slot: int) -> None:
    index = module.ViewIndex()
    index.allocate()
    index.release(index.allocate())
    calls = (
        lambda: index.release(slot),
        lambda: index.set(10, slot, True),
        lambda: index.set_channel(10, [slot]),
        lambda: index.can_view(10, slot),
        lambda: index.channels_of(slot),
        lambda: index.set_flag(0, slot, True),
    )
    for call in calls:
        with pytest.raises(ValueError, match="not allocated"):
            call()
    assert index.viewers(10) == []


@pytest.mark.parametrize("flag", [-2, 64, 1 << 70])
@pytest.mark.parametrize("module", each("view_index"))
def test_flag_out_of_range_is_refused(module: ModuleType, flag: int) -> None:
    index = module.ViewIndex()
    slot = index.allocate()
    with pytest.raises(ValueError, match="flag must be"):
        index.set_flag(flag, slot, True)
    with pytest.raises(ValueError, match="flag must be"):
        index.select(0, flag)


class Model:
    """What the index means, in sets: the slots allocated, and per channel and flag the slots in it."""

    def __init__(self) -> None:
        self.slots: set[int] = set()
        self.channels: dict[int, set[int]] = {}
        self.flags: dict[int, set[int]] = {}

    def select(self, channel_id: int, flag: int) -> list[int]:
        found = self.channels.get(channel_id, set()) if channel_id else self.slots
        return sorted(found if flag == -1 else found & self.flags.get(flag, set()))

    def apply(self, name: str, arguments: tuple[Any, ...], result: object) -> None:
        match name, arguments:
            case "allocate", _:
                assert result not in self.slots
                self.slots.add(result)  # type: ignore[arg-type] # allocate gives an int
            case "release", (slot,):
                for group in (self.slots, *self.channels.values(), *self.flags.values()):
                    group.discard(slot)
            case "set", (channel_id, slot, on):
                group = self.channels.setdefault(channel_id, set())
                group.add(slot) if on else group.discard(slot)
            case "set_flag", (flag, slot, on):
                group = self.flags.setdefault(flag, set())
                group.add(slot) if on else group.discard(slot)
            case "set_channel", (channel_id, slots):
                self.channels[channel_id] = set(slots)
            case "drop_channel", (channel_id,):
                self.channels.pop(channel_id, None)


slots = st.integers(-1, 80)
channels = st.integers(1, 4)
flags = st.integers(0, 3)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("allocate"), st.just(())),
        st.tuples(st.just("release"), st.tuples(slots)),
        st.tuples(st.just("set"), st.tuples(channels, slots, st.booleans())),
        st.tuples(st.just("set_channel"), st.tuples(channels, st.lists(slots, max_size=6))),
        st.tuples(st.just("drop_channel"), st.tuples(channels)),
        st.tuples(st.just("set_flag"), st.tuples(flags, slots, st.booleans())),
    ),
    max_size=50,
)


@unhurried
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
                assert index.select(channel_id, flag) == model.select(channel_id, flag)
            if channel_id:
                assert index.viewers(channel_id) == model.select(channel_id, -1)
        for slot in model.slots:
            seen = sorted(channel_id for channel_id, group in model.channels.items() if slot in group)
            assert index.channels_of(slot) == seen
            assert [c for c in range(1, 5) if index.can_view(c, slot)] == seen
