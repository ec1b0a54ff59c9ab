"""The numbers under which a browser gets a stream: no gap is ever too long for its keys."""

from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.core_ext.twins import assert_alike, each, implementations_of


@pytest.mark.parametrize("module", each("numbering"))
def test_short_gaps_are_kept_and_long_ones_closed(module: ModuleType) -> None:
    numbering = module.Numbering()
    assert [numbering.take(1, number) for number in (5000, 5002, 5001, 95_000, 95_001, 94_999, 5003)] == [
        5000, 5002, 5001, 5003, 5004, module.LATE, module.LATE,
    ]  # fmt: skip
    assert numbering.take(2, 70_000) == 70_000 - 65_536


@pytest.mark.parametrize("module", each("numbering"))
@given(gaps=st.lists(st.integers(1, 100_000), min_size=1, max_size=30), behind=st.integers(0, 400))
def test_numbers_are_found_again(module: ModuleType, gaps: list[int], behind: int) -> None:
    numbering, number, before = module.Numbering(), 10_000, None
    for gap in gaps:
        number += gap
        sequence = numbering.take(1, number)
        assert sequence != module.LATE
        assert before is None or 0 < (sequence - before) % 65_536 <= 3000
        before = sequence
    assert before is not None
    assert numbering.find(1, (before - behind) % 65_536) == number - behind
    assert numbering.find(2, before) is None
    numbering.forget(1)
    assert numbering.find(1, before) is None


@pytest.mark.parametrize("module", each("numbering"))
@given(steps=st.lists(st.tuples(st.integers(-700, 8000), st.integers(0, 700)), max_size=20))
def test_no_two_packets_have_one_number(module: ModuleType, steps: list[tuple[int, int]]) -> None:
    numbering, number = module.Numbering(), 10_000
    owners: dict[int, int] = {}
    for ahead, behind in steps:
        number += ahead
        for packet in (number, number - behind, number - 1):
            sequence = numbering.take(1, packet)
            assert sequence == module.LATE or owners.setdefault(sequence, packet) == packet


@given(st.lists(st.tuples(st.integers(1, 2), st.integers(0, 200_000)), max_size=60))
def test_any_numbers_are_numbered_alike(taken: list[tuple[int, int]]) -> None:
    runs = [module.Numbering() for module in implementations_of("numbering")]
    assert_alike([[numbering.take(ssrc, number) for ssrc, number in taken] for numbering in runs])
    assert_alike([[numbering.find(ssrc, number % 65_536) for ssrc, number in taken] for numbering in runs])
