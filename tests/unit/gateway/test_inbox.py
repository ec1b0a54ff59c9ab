"""Events on their way to the actors."""

from collections.abc import Callable

import msgspec
import pytest

from core.bus.interfaces import Delivery
from core.wire.envelope import Audience, Envelope
from gateway.inbox import SLICE_S, Inbox
from tests.fakes.clock import FakeClock


class Loop:
    """Callbacks that wait for the next turn."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], None]] = []

    def call_soon(self, callback: Callable[[], None]) -> None:
        """Wait for it."""
        self.waiting.append(callback)

    def turn(self) -> None:
        """One turn."""
        waiting, self.waiting = self.waiting, []
        for callback in waiting:
            callback()


def delivery(number: int) -> Delivery:
    """A delivery with a number."""
    envelope = Envelope(id=number, event="X", audience=Audience.GUILD, payload=msgspec.Raw(b"{}"), guild_id=1)
    return Delivery(number, 0, envelope)


def test_events_are_applied_in_order_in_the_next_turn() -> None:
    loop, applied = Loop(), list[int]()
    inbox = Inbox(apply=lambda each: applied.append(each.position), call_soon=loop.call_soon, clock=FakeClock())
    for number in range(3):
        inbox.put(delivery(number))
    assert applied == []
    loop.turn()
    assert applied == [0, 1, 2]
    assert loop.waiting == []


def test_events_that_take_long_are_spread_over_turns() -> None:
    loop, applied, clock = Loop(), list[int](), FakeClock()

    def apply(each: Delivery) -> None:
        applied.append(each.position)
        clock.advance(SLICE_S / 2)

    inbox = Inbox(apply=apply, call_soon=loop.call_soon, clock=clock)
    for number in range(5):
        inbox.put(delivery(number))
    loop.turn()
    assert applied == [0, 1]
    inbox.put(delivery(5))
    loop.turn()
    assert applied == [0, 1, 2, 3]
    inbox.flush()
    assert applied == [0, 1, 2, 3, 4, 5]
    loop.turn()
    assert loop.waiting == []


def test_event_that_fails_is_logged_and_the_next_ones_are_applied(caplog: pytest.LogCaptureFixture) -> None:
    loop, applied = Loop(), list[int]()

    def apply(each: Delivery) -> None:
        if each.position == 1:
            raise KeyError(each.position)
        applied.append(each.position)

    inbox = Inbox(apply=apply, call_soon=loop.call_soon, clock=FakeClock())
    for number in range(3):
        inbox.put(delivery(number))
    loop.turn()
    assert applied == [0, 2]
    assert "could not be applied" in caplog.text
