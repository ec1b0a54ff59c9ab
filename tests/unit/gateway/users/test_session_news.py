"""Sessions are told of each other once for many changes, and not often."""

from gateway.users.session_news import BYTES_PER_S, GAP_S, SessionNews
from tests.fakes.clock import FakeClock
from tests.fakes.timers import FakeTimers


class Bench:
    """News on a clock that stands still. Each telling has so many bytes."""

    def __init__(self, size_bytes: int = 100) -> None:
        self.timers = FakeTimers(FakeClock())
        self.told: list[int] = []
        self.size_bytes = size_bytes
        self.news = SessionNews(tell=self._tell, call_later=self.timers.call_later)

    def _tell(self, user_id: int) -> int:
        self.told.append(user_id)
        return self.size_bytes


def test_news_of_a_user_are_told_once_after_the_gap() -> None:
    bench = Bench()
    for _ in range(5):
        bench.news.note(1)
    bench.news.note(2)
    assert bench.told == []
    bench.timers.advance(GAP_S)
    assert bench.told == [1, 2]
    bench.timers.run()
    assert bench.told == [1, 2]


def test_news_after_a_telling_are_told_after_another_gap() -> None:
    bench = Bench()
    for _ in range(3):
        bench.news.note(1)
        bench.timers.advance(2 * GAP_S)
    assert bench.told == [1, 1, 1]


def test_news_while_the_last_are_made_good_for_wait_and_are_told_then() -> None:
    bench = Bench(size_bytes=10 * BYTES_PER_S)
    bench.news.note(1)
    bench.timers.advance(GAP_S)
    bench.news.note(1)
    bench.timers.advance(10)
    assert bench.told == [1]
    bench.timers.advance(GAP_S)
    assert bench.told == [1, 1]


def test_account_causes_no_more_bytes_than_it_may() -> None:
    seconds, bench = 60, Bench(size_bytes=4 * BYTES_PER_S)
    for _ in range(seconds * 10):
        bench.news.note(1)
        bench.timers.advance(0.1)
    assert 10 < len(bench.told) <= seconds / 4


def test_user_without_sessions_is_not_told() -> None:
    bench = Bench()
    bench.news.note(1)
    bench.news.forget(1)
    bench.news.forget(2)
    bench.news.note(3)
    bench.news.close()
    bench.timers.run()
    assert bench.told == []
