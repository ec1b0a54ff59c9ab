"""The model of scale: more is never less, units fit together, and hand-made examples."""

import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.scale.costs import MEASURED, Costs
from benchmarks.scale.designs import STEPS, TODAY, USUAL, WHOLE, Design
from benchmarks.scale.mix import BUSY, CALM, MIXES, TYPICAL, Mix
from benchmarks.scale.model import (
    Needs,
    compute_needs,
    compute_rates,
    count_frames,
    count_link_bytes,
    count_links,
    load_home,
)

connections = st.integers(1, 60_000_000)
designs = st.sampled_from(STEPS)
mixes = st.sampled_from(MIXES)
growing = [name for name in Mix.__struct_fields__ if name != "name"]
times = [name for name in Costs.__struct_fields__ if getattr(MEASURED, name).unit == "µs"]

apart = [name for name in times if name not in ("redis_push", "event")]
"""Those two are parts of what was measured together: a larger one leaves less for the rest."""


def need(size: float, mix: Mix, design: Design, costs: Costs = MEASURED) -> Needs:
    return compute_needs(size, mix, costs=costs, design=design, machines=USUAL)


def list_amounts(needs: Needs) -> list[float]:
    """List what is needed; what no number is enough for is more than any number."""
    amounts = [
        needs.workers,
        needs.apis,
        needs.redis_cores,
        needs.cassandra_nodes,
        needs.postgres_machines,
        needs.links,
    ]
    return [math.inf if amount is None else amount for amount in amounts]


def assert_no_less(more: Needs, less: Needs) -> None:
    pairs = zip(list_amounts(more), list_amounts(less), strict=True)
    assert all(one >= other for one, other in pairs), (more, less)


@given(connections, connections, mixes, designs)
def test_more_connections_need_no_less_of_anything(one: int, other: int, mix: Mix, design: Design) -> None:
    assert_no_less(need(max(one, other), mix, design), need(min(one, other), mix, design))


@given(connections, mixes, designs, st.sampled_from(growing), st.floats(1, 4))
def test_more_activity_needs_no_less(size: int, mix: Mix, design: Design, field: str, factor: float) -> None:
    busier = msgspec.structs.replace(mix, **{field: getattr(mix, field) * factor})
    assert_no_less(need(size, busier, design), need(size, mix, design))


@given(connections, mixes, designs, st.sampled_from(apart), st.floats(1.5, 4))
def test_dearer_parts_need_no_fewer_processes(size: int, mix: Mix, design: Design, name: str, factor: float) -> None:
    cost = getattr(MEASURED, name)
    dearer = msgspec.structs.replace(MEASURED, **{name: msgspec.structs.replace(cost, value=cost.value * factor)})
    assert_no_less(need(size, mix, design, dearer), need(size, mix, design))


@given(connections, mixes)
def test_steps_for_followers_never_need_more(size: int, mix: Mix) -> None:
    today, own = (list_amounts(need(size, mix, design)) for design in STEPS[:2])
    assert all(less <= more for less, more in zip(own, today, strict=True))


@given(st.integers(1, 10_000_000), mixes)
def test_rates_are_per_second_and_proportional(size: int, mix: Mix) -> None:
    one, many = compute_rates(1, mix, USUAL), compute_rates(size, mix, USUAL)
    for name in one.__struct_fields__:
        assert getattr(many, name) == pytest.approx(getattr(one, name) * size)
    assert many.heartbeats == pytest.approx(size / 41.25)


@given(connections, mixes, designs)
def test_work_in_other_units_needs_the_same(size: int, mix: Mix, design: Design) -> None:
    """All times doubled, on cores that do twice as much in a second, are the same cluster."""
    slow = {
        name: msgspec.structs.replace(getattr(MEASURED, name), value=getattr(MEASURED, name).value * 2)
        for name in times
    }
    twice = msgspec.structs.replace(USUAL, core_use=USUAL.core_use * 2, cassandra_use=USUAL.cassandra_use * 2)
    costs = msgspec.structs.replace(MEASURED, **slow)
    scaled = compute_needs(size, mix, costs=costs, design=design, machines=twice)
    plain = need(size, mix, design)
    assert (scaled.workers, scaled.apis, scaled.cassandra_nodes) == (plain.workers, plain.apis, plain.cassandra_nodes)


@given(st.integers(1, 5_000), st.floats(1, 100_000))
def test_an_event_needs_a_frame_for_each_other_worker_at_most(workers: int, recipients: float) -> None:
    frames = count_frames(workers, recipients)
    assert 0 <= frames <= min(workers - 1, recipients) + 1e-6


def test_frames_of_a_message_by_hand() -> None:
    assert count_frames(1, 40) == 0
    assert count_frames(2, 1) == pytest.approx(0.5)  # the one recipient is here, or there
    assert count_frames(2, 2) == pytest.approx(0.75)


@given(st.integers(1, 100_000))
def test_trees_have_no_more_links(workers: int) -> None:
    assert 0 <= count_links(workers, WHOLE) <= count_links(workers, TODAY) == workers - 1


def test_bytes_of_an_event_on_a_link_are_those_of_the_record() -> None:
    """ADR 39: 20,000 sessions at 20 workers are 128 bytes of words each."""
    assert count_link_bytes(20_000, 20, MEASURED) - MEASURED.link_frame.value == 128


def test_home_of_twenty_workers_by_hand() -> None:
    assert load_home(19, MEASURED, TODAY) == pytest.approx(21 + 19 * (1.1 + 1.84))
    assert load_home(19, MEASURED, WHOLE) < load_home(19, MEASURED, TODAY)


def test_a_million_quiet_connections_by_hand() -> None:
    needs = need(1_000_000, CALM, WHOLE)
    assert needs.workers == 20  # 50,000 sessions each
    assert needs.cassandra_nodes == 3
    assert needs.rates.messages == pytest.approx(1_000)


def test_mixes_are_in_their_order() -> None:
    for calm, busy in ((CALM, TYPICAL), (TYPICAL, BUSY)):
        assert all(getattr(calm, name) < getattr(busy, name) for name in growing)
