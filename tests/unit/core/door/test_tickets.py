"""Tickets: their order, and the time before a sequence comes again."""

from collections import defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain.errors import Unavailable
from core.domain.ids import EPOCH_MS
from core.door.tickets import WINDOW_MS, Tickets
from core_ext.ids import SnowflakeGenerator
from tests.fakes.clock import FakeClock

FAR_MS = 1 << 42


def make(clock: FakeClock, floor_ms: int = FAR_MS, node: int = 3) -> Tickets:
    return Tickets(next_id=SnowflakeGenerator(0, node, clock.now_ms).next, floor_ms=lambda: floor_ms)


def test_ticket_has_the_clocks_millisecond_and_the_node() -> None:
    clock = FakeClock()
    ticket = make(clock).take()
    assert ticket.ms == clock.now_ms() - EPOCH_MS
    assert ticket.low >> 12 == 3


@settings(max_examples=20)
@given(steps=st.lists(st.sampled_from([0, 0, 1, 40, 300, -5, -1000]), min_size=1, max_size=12))
def test_no_lower_bits_come_again_within_the_window_of_the_door(steps: list[int]) -> None:
    clock, last_ms = FakeClock(), 0
    tickets = make(clock)
    used: defaultdict[int, list[int]] = defaultdict(list)
    for step in steps:
        clock.advance(step / 1000) if step >= 0 else clock.step_back(-step / 1000)
        for _ in range(900):
            ticket = tickets.take()
            assert ticket.ms >= last_ms
            last_ms = ticket.ms
            assert not used[ticket.low] or ticket.ms >= used[ticket.low][-1] + WINDOW_MS
            used[ticket.low].append(ticket.ms)


def test_clock_that_is_behind_others_goes_on_from_theirs() -> None:
    clock = FakeClock()
    tickets = make(clock)
    ahead = tickets.take().ms + 700
    tickets.advance(ahead)
    assert tickets.take().ms == ahead
    tickets.advance(ahead - 5)
    assert tickets.take().ms == ahead


def test_no_ticket_reaches_beyond_the_floor_of_the_number() -> None:
    clock = FakeClock()
    floor_ms = clock.now_ms() + WINDOW_MS
    tickets = make(clock, floor_ms)
    tickets.take()
    clock.advance(0.001)
    with pytest.raises(Unavailable):
        tickets.take()
