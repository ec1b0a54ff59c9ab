"""The pauses between attempts."""

from core.redis.backoff import Backoff


def test_pauses_double_up_to_a_second_and_begin_anew_after_a_success() -> None:
    backoff = Backoff(lambda: 0.5)
    assert [backoff.next_s() for _ in range(7)] == [0.05, 0.1, 0.2, 0.4, 0.8, 1.0, 1.0]
    backoff.reset()
    assert backoff.next_s() == 0.05


def test_chance_changes_a_pause_by_half_at_most() -> None:
    assert Backoff(lambda: 0.0).next_s() == 0.025
    assert Backoff(lambda: 1.0).next_s() == 0.07500000000000001
