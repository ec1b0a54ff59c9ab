"""When sessions are told of each other: once for much, and not often."""

from gateway.session_news import DISPATCHES_PER_S, GAP_S, SessionNews
from tests.fakes.clock import FakeClock
from tests.fakes.timers import FakeTimers


class Bench:
    """News on a clock that stands still."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.timers = FakeTimers(self.clock)
        self.told: list[int] = []
        self.news = SessionNews(tell=self.told.append, call_later=self.timers.call_later)


def test_news_of_a_user_are_told_once_after_the_gap() -> None:
    bench = Bench()
    for _ in range(5):
        bench.news.note(1, 2)
    bench.news.note(2, 2)
    assert bench.told == []
    bench.timers.advance(GAP_S)
    assert bench.told == [1, 2]
    bench.timers.advance(100)
    assert bench.told == [1, 2]


def test_news_after_a_telling_are_told_after_another_gap() -> None:
    bench = Bench()
    for _ in range(3):
        bench.news.note(1, 2)
        bench.timers.advance(GAP_S)
    assert bench.told == [1, 1, 1]


def test_many_sessions_are_told_no_more_than_the_account_may_cause() -> None:
    bench = Bench()
    sessions, seconds = 1000, 60
    for _ in range(seconds * 10):
        bench.news.note(1, sessions)
        bench.timers.advance(0.1)
    assert 0 < len(bench.told) * sessions <= seconds * DISPATCHES_PER_S


def test_user_without_sessions_is_not_told() -> None:
    bench = Bench()
    bench.news.note(1, 2)
    bench.news.forget(1)
    bench.news.forget(2)
    bench.news.note(3, 2)
    bench.news.close()
    bench.timers.run()
    assert bench.told == []
