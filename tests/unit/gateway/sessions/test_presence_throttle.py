"""Presence updates past their limit: the newest waits until the window ends."""

from gateway.commands.presence_command import PresenceUpdate
from gateway.sessions.presence_throttle import PresenceThrottle
from tests.fakes.clock import FakeClock
from tests.fakes.timers import FakeTimers

WINDOW_S = 20.0


class Throttled:
    """Updates that have passed, at once or later."""

    def __init__(self, limit: int) -> None:
        clock = FakeClock()
        self.timers = FakeTimers(clock)
        self.throttle = PresenceThrottle(limit=limit, window_s=WINDOW_S, clock=clock, call_later=self.timers.call_later)
        self.passed: list[str | None] = []

    def say(self, update: PresenceUpdate) -> None:
        if self.throttle.passes(update, self.say):
            self.passed.append(update.status)


def say_all(throttled: Throttled, *statuses: str) -> None:
    for status in statuses:
        throttled.say(PresenceUpdate(status=status))


def test_updates_within_the_limit_pass_at_once() -> None:
    throttled = Throttled(limit=3)
    say_all(throttled, "online", "idle", "dnd")
    assert throttled.passed == ["online", "idle", "dnd"]


def test_newest_update_past_the_limit_passes_when_the_window_ends() -> None:
    throttled = Throttled(limit=1)
    say_all(throttled, "online", "idle", "dnd")
    throttled.timers.advance(WINDOW_S - 1)
    assert throttled.passed == ["online"]
    throttled.timers.advance(1)
    assert throttled.passed == ["online", "dnd"]


def test_update_that_has_waited_counts_in_the_next_window() -> None:
    throttled = Throttled(limit=1)
    say_all(throttled, "online", "idle")
    throttled.timers.advance(WINDOW_S)
    say_all(throttled, "dnd")
    assert throttled.passed == ["online", "idle"]
    throttled.timers.advance(WINDOW_S)
    assert throttled.passed == ["online", "idle", "dnd"]
