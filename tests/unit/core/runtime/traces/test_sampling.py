"""The chance that a message is traced, by its audience."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.runtime.traces.sampling import compute_chance

ratios = st.floats(1e-6, 1)
audiences = st.integers(0, 10_000_000)


@pytest.mark.parametrize(
    ("audience", "chance"), [(0, 0.5), (1, 0.5), (10, 0.5), (20, 0.25), (1000, 0.005), (5_000_000, 0.000001)]
)
def test_chance_falls_with_the_audience(audience: int, chance: float) -> None:
    assert compute_chance(audience, ratio=0.5, full_audience=10) == pytest.approx(chance)


@given(audiences, audiences, ratios, st.integers(1, 100_000))
def test_larger_audience_has_no_larger_chance(one: int, other: int, ratio: float, full: int) -> None:
    few, many = sorted((one, other))
    at_few, at_many = (compute_chance(each, ratio=ratio, full_audience=full) for each in (few, many))
    assert 0 <= at_many <= at_few <= ratio


@given(audiences, ratios, st.integers(1, 100_000))
def test_traced_dispatches_are_bounded_whatever_the_audience(audience: int, ratio: float, full: int) -> None:
    assert audience * compute_chance(audience, ratio=ratio, full_audience=full) <= full * ratio * (1 + 1e-9)
