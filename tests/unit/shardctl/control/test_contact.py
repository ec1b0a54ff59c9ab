"""The time for which Redis was seen without an interruption."""

import pytest

from shardctl.control.contact import Contact
from tests.fakes.clock import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def steady(clock: FakeClock) -> Contact:
    contact = Contact(now_s=clock.monotonic_s, lifetime_s=3.0)
    contact.note_answer("r1", 0.01)
    clock.advance(3)
    assert contact.is_steady
    return contact


def test_contact_is_steady_a_leases_time_after_its_beginning(clock: FakeClock) -> None:
    contact = Contact(now_s=clock.monotonic_s, lifetime_s=3.0)
    clock.advance(2)
    contact.note_answer("r1", 0.01)
    clock.advance(2.9)
    contact.note_answer("r1", 0.01)
    assert not contact.is_steady
    clock.advance(0.2)
    assert contact.is_steady


@pytest.mark.parametrize(("run_id", "seconds"), [("r2", 0.01), ("r1", 1.6)])
def test_other_run_or_slow_answer_begins_the_time_anew(
    clock: FakeClock, steady: Contact, run_id: str, seconds: float
) -> None:
    steady.note_answer(run_id, seconds)
    assert not steady.is_steady
    clock.advance(3)
    steady.note_answer(run_id, 1.4)
    assert steady.is_steady


def test_loss_begins_the_time_anew(steady: Contact) -> None:
    steady.note_loss()
    assert not steady.is_steady
