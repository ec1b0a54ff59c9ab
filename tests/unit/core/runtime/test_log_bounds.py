"""A kind of line that comes too often."""

import logging
from types import TracebackType

import pytest

from core.runtime.log_bounds import LogBounds

ErrorInfo = tuple[type[BaseException], BaseException, TracebackType | None]


class Log:
    """Return the lines that pass the bounds."""

    def __init__(self) -> None:
        self._bounds = LogBounds(lines=3, window_s=60)
        self.now_s = 1_000_000.0
        self.passed: list[logging.LogRecord] = []

    def write(
        self, text: str = "refused", *, name: str = "api", level: int = logging.WARNING, error: ErrorInfo | None = None
    ) -> bool:
        record = logging.LogRecord(name, level, "file.py", 1, text, (), error)
        record.created = self.now_s
        passes = bool(self._bounds.filter(record))
        if passes:
            self.passed.append(record)
        return passes


@pytest.fixture
def log() -> Log:
    return Log()


def test_first_lines_of_a_minute_are_kept_and_the_last_says_so(log: Log) -> None:
    assert [log.write() for _ in range(5)] == [True, True, True, False, False]
    assert [getattr(record, "more_are_left_out_for_s", None) for record in log.passed] == [None, None, 60]


def test_first_line_of_a_later_minute_says_how_many_were_left_out(log: Log) -> None:
    for _ in range(10):
        log.write()
    log.now_s += 60
    assert log.write()
    assert log.passed[-1].__dict__["left_out"] == 7
    assert [log.write() for _ in range(3)] == [True, True, False]


def test_kinds_do_not_count_against_each_other(log: Log) -> None:
    for _ in range(4):
        log.write()
    assert log.write("another text")
    assert log.write(name="gateway")
    assert log.write(error=(KeyError, KeyError(), None))


def test_clock_that_is_set_back_begins_anew(log: Log) -> None:
    for _ in range(4):
        log.write()
    log.now_s -= 3600
    assert log.write()


def test_debug_is_not_bounded(log: Log) -> None:
    assert all(log.write(level=logging.DEBUG) for _ in range(100))


def test_texts_without_end_are_bounded_together(log: Log) -> None:
    written = sum(log.write(f"text {number}") for number in range(5000))
    assert written == 1003
