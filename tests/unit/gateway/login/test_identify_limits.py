"""The limits of bots' identifies."""

from core.live.memory import MemorySessionStarts
from gateway.login.identify_limits import IdentifyLimits
from tests.fakes.clock import FakeClock


def limits(*, concurrency: int = 2, window_s: float = 5.0, per_day: int = 1000) -> IdentifyLimits:
    """Some limits."""
    starts = MemorySessionStarts(clock=FakeClock(), per_day=per_day)
    return IdentifyLimits(concurrency=concurrency, window_s=window_s, starts=starts)


def test_shards_with_different_keys_start_side_by_side_and_the_next_ones_wait() -> None:
    some = limits()
    assert [some.take(1, shard_id, 100.0) for shard_id in range(4)] == [True, True, False, False]
    assert not some.take(1, 2, 104.9)
    assert [some.take(1, shard_id, 105.0) for shard_id in (2, 3)] == [True, True]


def test_bots_do_not_hinder_each_other() -> None:
    some = limits()
    assert some.take(1, 0, 100.0)
    assert some.take(2, 0, 100.0)


def test_refused_start_counts_for_nothing() -> None:
    some = limits(concurrency=1, per_day=2)
    assert some.take(1, 0, 100.0)
    assert not some.take(1, 0, 104.0)
    assert some.take(1, 0, 105.0)


def test_window_tells_how_long_it_still_lasts() -> None:
    some = limits(concurrency=2)
    assert some.remaining_s(1, 0, 100.0) == 0
    assert some.take(1, 0, 100.0)
    assert [some.remaining_s(1, 2, now_s) for now_s in (100.0, 104.0, 105.0, 200.0)] == [5.0, 1.0, 0, 0]
    assert some.remaining_s(1, 1, 100.0) == 0


def test_no_more_starts_than_a_day_has() -> None:
    some = limits(window_s=0.0, per_day=2)
    assert [some.take(1, 0, 100.0) for _ in range(3)] == [True, True, False]
    assert some.take(2, 0, 100.0)
