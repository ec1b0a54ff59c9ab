"""The most connections that fit, and what is full with more."""

import itertools

import pytest

from benchmarks.scale.ceilings import find_ceiling, list_full
from benchmarks.scale.costs import MEASURED
from benchmarks.scale.designs import STEPS, TODAY, USUAL, Design
from benchmarks.scale.mix import MIXES, TYPICAL, Mix
from benchmarks.scale.model import compute_needs


@pytest.mark.parametrize("mix", MIXES, ids=lambda mix: mix.name)
@pytest.mark.parametrize("design", STEPS[:-1], ids=lambda design: design.name)
def test_below_the_ceiling_nothing_is_full_and_above_it_the_named_thing_is(mix: Mix, design: Design) -> None:
    ceiling = find_ceiling(mix, costs=MEASURED, design=design, machines=USUAL)
    below, above = (
        list_full(compute_needs(ceiling.connections * part, mix, costs=MEASURED, design=design, machines=USUAL), design)
        for part in (0.99, 1.01)
    )
    assert below == set()
    assert ceiling.resource in above


@pytest.mark.parametrize("mix", MIXES, ids=lambda mix: mix.name)
def test_every_step_lets_more_connections_in(mix: Mix) -> None:
    found = [find_ceiling(mix, costs=MEASURED, design=design, machines=USUAL).connections for design in STEPS]
    assert all(before < after for before, after in itertools.pairwise(found))


def test_each_step_removes_what_was_full() -> None:
    found = [find_ceiling(TYPICAL, costs=MEASURED, design=design, machines=USUAL).resource for design in STEPS]
    assert found[0] is not None
    assert found[-1] is None


def test_one_connection_fills_nothing() -> None:
    needs = compute_needs(1, TYPICAL, costs=MEASURED, design=TODAY, machines=USUAL)
    assert list_full(needs, TODAY) == set()
    assert (needs.workers, needs.apis, needs.links) == (1, 1, 0)
