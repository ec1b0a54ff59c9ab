"""The estimate of what the way to one browser carries."""

from hypothesis import given
from hypothesis import strategies as st

from voice.video.downlink import UNLIMITED, Downlink

SENT = 1_000_000.0


def test_nothing_limits_who_has_told_nothing() -> None:
    assert Downlink().update(SENT, 0) == UNLIMITED


def test_low_estimate_of_little_that_is_sent_says_nothing() -> None:
    downlink = Downlink()
    for bps in (150_000, 160_000, 170_000):
        downlink.note_estimate(bps)
        assert downlink.update(SENT, 0) == UNLIMITED


def test_estimate_that_sinks_below_what_is_sent_limits() -> None:
    downlink = Downlink()
    downlink.note_estimate(2_000_000)
    downlink.update(SENT, 0)
    downlink.note_estimate(1_500_000)
    assert downlink.update(SENT, 1) == UNLIMITED, "it is still more than is sent"
    downlink.note_estimate(600_000)
    assert downlink.update(SENT, 2) == 600_000


def test_some_loss_is_borne_and_more_of_it_limits() -> None:
    downlink = Downlink()
    downlink.note_loss(0.09)
    assert downlink.update(SENT, 0) == UNLIMITED
    downlink.note_loss(0.4)
    downlink.note_loss(0.1)
    assert downlink.update(SENT, 1) == 600_000


def test_limit_grows_after_a_wait_that_is_doubled_when_it_was_too_early() -> None:
    downlink, now_s = Downlink(), 0.0

    def count_held() -> int:
        nonlocal now_s
        downlink.note_loss(0.5)
        limit, held = downlink.update(SENT, now_s), 0
        while downlink.limit_bps == limit:
            now_s += 1
            downlink.update(SENT, now_s)
            held += 1
        now_s += 1
        return held

    assert [count_held() for _ in range(6)] == [4, 8, 16, 32, 60, 60]
    now_s += 200
    assert count_held() == 4


def test_limit_ends_when_everything_fits() -> None:
    downlink = Downlink()
    downlink.note_loss(0.5)
    downlink.update(SENT, 0)
    now_s = 4.0
    while downlink.update(SENT, now_s) != UNLIMITED:
        now_s += 1
        assert now_s < 60


def test_what_is_told_just_after_a_limit_is_of_before_it() -> None:
    downlink = Downlink()
    downlink.note_loss(0.4)
    downlink.update(SENT, 0)
    downlink.note_loss(0.9)
    assert downlink.update(SENT / 2, 1) == 600_000
    downlink.note_loss(0.5)
    assert downlink.update(SENT, 2) == 500_000


def test_who_still_gets_too_much_after_some_seconds_is_overrun() -> None:
    downlink = Downlink()
    for now_s in range(4):
        assert not downlink.is_overrun
        downlink.note_loss(0.5)
        downlink.update(SENT, now_s)
    assert downlink.is_overrun
    downlink.update(SENT, 5)
    assert not downlink.is_overrun


seconds = st.lists(
    st.tuples(st.floats(0, 1), st.none() | st.floats(0, 1e9), st.floats(0, 1e8), st.floats(0, 30)), max_size=40
)


@given(seconds)
def test_limit_is_never_nothing(seconds: list[tuple[float, float | None, float, float]]) -> None:
    downlink, now_s = Downlink(), 0.0
    for loss, estimate, sent, passed_s in seconds:
        now_s += passed_s
        downlink.note_loss(loss)
        if estimate is not None:
            downlink.note_estimate(estimate)
        assert downlink.update(sent, now_s) >= 50_000
