"""What a process remembers of what it has closed."""

from core.bus.heads import Head
from core.bus.positions import n_of, position_of
from core.door.recent import EVENTS_S, NONCES_S, Recent
from tests.contract.builders import flake, new_envelope
from tests.fakes.clock import FakeClock

GUILD = flake(0)


def head(generation: int, start: int) -> Head:
    return Head(True, generation, 90, 0, 2, 1, start)


def test_lost_is_what_lies_behind_the_beginning_of_the_life_or_in_another_generation() -> None:
    clock = FakeClock()
    recent = Recent(monotonic_s=clock.monotonic_s)
    for n in range(1, 6):
        recent.add_event(2, position_of(4, n), new_envelope(n, GUILD))
        recent.add_event(3, position_of(4, n), new_envelope(n + 10, GUILD))
    assert [(n_of(position), envelope.id) for position, envelope in recent.find_lost(2, head(4, 3))] == [(4, 4), (5, 5)]
    assert [envelope.id for _, envelope in recent.find_lost(2, head(5, 0))] == [1, 2, 3, 4, 5]
    assert recent.find_lost(2, head(4, 5)) == []


def test_event_that_is_added_twice_is_told_once() -> None:
    recent = Recent(monotonic_s=FakeClock().monotonic_s)
    for _ in range(2):
        recent.add_event(2, position_of(4, 1), new_envelope(1, GUILD))
    assert len(recent.find_lost(2, head(5, 0))) == 1


def test_old_event_that_is_added_again_leaves_as_the_last_one() -> None:
    clock = FakeClock()
    recent = Recent(monotonic_s=clock.monotonic_s)
    for _ in range(2):
        recent.add_event(2, position_of(4, 1), new_envelope(1, GUILD))
        clock.advance(EVENTS_S + 0.1)
    assert recent.find_lost(2, head(5, 0)) == []


def test_old_events_and_nonces_are_forgotten() -> None:
    clock = FakeClock()
    recent = Recent(monotonic_s=clock.monotonic_s)
    recent.add_event(2, position_of(4, 1), new_envelope(1, GUILD))
    recent.add_nonce(2, 30, 9, "n", 5)
    clock.advance(EVENTS_S + 0.1)
    assert recent.find_lost(2, head(5, 0)) == []
    assert recent.list_nonces(2) == [(30, "9:n", 5)]
    assert recent.list_nonces(3) == []
    clock.advance(NONCES_S)
    assert recent.list_nonces(2) == []
