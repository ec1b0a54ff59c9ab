"""Snowflakes: their layout, their order, and that no two are alike."""

from collections.abc import Iterable, Iterator
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.core_ext.twins import assert_alike, each, implementations_of, outcome_of

EPOCH_MS = 1_420_070_400_000

clocks = st.lists(st.integers(EPOCH_MS - 5, EPOCH_MS + 20), min_size=1, max_size=60)


def generator_at(module: ModuleType, times: Iterable[int], *, worker: int = 0, process: int = 0, after: int = 0) -> Any:
    return module.SnowflakeGenerator(worker, process, iter(times).__next__, after)


def forever(now_ms: int) -> Iterator[int]:
    while True:
        yield now_ms


@pytest.mark.parametrize("module", each("snowflake"))
def test_next_lays_out_time_worker_process_and_sequence(module: ModuleType) -> None:
    ids = generator_at(module, forever(EPOCH_MS + 123_456_789), worker=21, process=10)
    ids.next()
    snowflake = ids.next()
    assert snowflake == 123_456_789 << 22 | 21 << 17 | 10 << 12 | 1


@pytest.mark.parametrize("module", each("snowflake"))
def test_next_after_4096_in_a_millisecond_goes_on_in_the_next(module: ModuleType) -> None:
    ids = generator_at(module, forever(EPOCH_MS + 7))
    made = [ids.next() for _ in range(4097)]
    assert [snowflake >> 22 for snowflake in made] == [7] * 4096 + [8]
    assert [snowflake & 4095 for snowflake in made] == [*range(4096), 0]


@pytest.mark.parametrize("module", each("snowflake"))
def test_next_when_the_clock_catches_up_continues_the_borrowed_millisecond(module: ModuleType) -> None:
    ids = generator_at(module, [EPOCH_MS + 7] * 4097 + [EPOCH_MS + 8, EPOCH_MS + 9])
    made = [ids.next() for _ in range(4099)]
    assert [(snowflake >> 22, snowflake & 4095) for snowflake in made[-3:]] == [(8, 0), (8, 1), (9, 0)]


@pytest.mark.parametrize("module", each("snowflake"))
def test_next_when_the_clock_steps_back_still_rises(module: ModuleType) -> None:
    ids = generator_at(module, [EPOCH_MS + 1000, EPOCH_MS + 10, EPOCH_MS - 99])
    assert [ids.next() for _ in range(3)] == [1000 << 22, 1000 << 22 | 1, 1000 << 22 | 2]


@pytest.mark.parametrize("module", each("snowflake"))
def test_next_after_an_earlier_run_is_above_all_of_it(module: ModuleType) -> None:
    largest = 500 << 22 | 3 << 17 | 9
    ids = generator_at(module, forever(EPOCH_MS + 400), after=largest)
    assert ids.next() == 501 << 22


@pytest.mark.parametrize("module", each("snowflake"))
def test_next_past_42_bits_of_time_raises(module: ModuleType) -> None:
    ids = generator_at(module, [EPOCH_MS + (1 << 42) - 1, EPOCH_MS + (1 << 42)])
    assert ids.next() == ((1 << 42) - 1) << 22
    with pytest.raises(OverflowError):
        ids.next()


@pytest.mark.parametrize(
    ("worker", "process", "after"), [(32, 0, 0), (-1, 0, 0), (0, 32, 0), (0, -1, 0), (0, 0, -1), (0, 0, 1 << 63)]
)
@pytest.mark.parametrize("module", each("snowflake"))
def test_generator_out_of_range_is_refused(module: ModuleType, worker: int, process: int, after: int) -> None:
    with pytest.raises(ValueError, match="must be"):
        generator_at(module, [EPOCH_MS], worker=worker, process=process, after=after)


@pytest.mark.parametrize("module", each("snowflake"))
def test_next_when_the_clock_fails_passes_the_error_on(module: ModuleType) -> None:
    with pytest.raises(StopIteration):
        generator_at(module, []).next()


@given(times=clocks, worker=st.integers(0, 31), process=st.integers(0, 31), after=st.integers(0, 30 << 22))
def test_next_on_any_clock_rises_strictly_and_alike(times: list[int], worker: int, process: int, after: int) -> None:
    runs = []
    for module in implementations_of("snowflake"):
        ids = generator_at(module, times, worker=worker, process=process, after=after)
        made = [ids.next() for _ in times]
        assert all(low < high for low, high in zip([after, *made], made, strict=False))
        assert {(snowflake >> 17 & 31, snowflake >> 12 & 31) for snowflake in made} == {(worker, process)}
        runs.append(made)
    assert_alike(runs)


@given(worker=st.integers(-3, 40), process=st.integers(-3, 40), after=st.integers(-2, 1 << 65))
def test_generator_with_any_arguments_behaves_alike(worker: int, process: int, after: int) -> None:
    assert_alike(
        [
            outcome_of(
                lambda m=module: generator_at(m, [EPOCH_MS + 5], worker=worker, process=process, after=after).next()
            )
            for module in implementations_of("snowflake")
        ]
    )
