"""Many starts within a short time lead to one call."""

from gateway.scheduling.batch_timer import BatchTimer
from tests.fakes.timers import FakeTimers


def test_starts_within_the_gap_lead_to_one_call_and_later_ones_to_another() -> None:
    timers, calls = FakeTimers(), []
    timer = BatchTimer(gap_s=1, flush=lambda: calls.append(1), call_later=timers.call_later)
    timer.start()
    timer.start()
    assert calls == []
    timers.run()
    timers.run()
    assert calls == [1]
    timer.start()
    timers.run()
    assert calls == [1, 1]


def test_cancelled_timer_does_not_call_and_may_start_again() -> None:
    timers, calls = FakeTimers(), []
    timer = BatchTimer(gap_s=1, flush=lambda: calls.append(1), call_later=timers.call_later)
    timer.cancel()
    timer.start()
    timer.cancel()
    timers.run()
    assert calls == []
    timer.start()
    timers.run()
    assert calls == [1]
