"""An allowance counts uses in windows."""

from gateway.sessions.allowance import Allowance


def test_take_is_refused_at_the_limit_and_allowed_in_the_next_window() -> None:
    allowance = Allowance()
    assert [allowance.take(now_s, 2, 10.0) for now_s in (0.0, 1.0, 2.0, 9.9, 10.0, 11.0, 12.0)] == [
        True,
        True,
        False,
        False,
        True,
        True,
        False,
    ]


def test_window_begins_with_its_first_use() -> None:
    allowance = Allowance()
    assert allowance.take(100.0, 1, 10.0)
    assert allowance.remaining_s(104.0) == 6.0
    assert allowance.remaining_s(200.0) == 0.0


def test_unused_allowance_waits_for_nothing() -> None:
    assert Allowance().remaining_s(5.0) == 0.0
