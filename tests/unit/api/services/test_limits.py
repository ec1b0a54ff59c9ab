"""The counting of takes, and the rules that they count against."""

import contextlib

import pytest

from api.services.limits import Limits, MemoryRateLimiter, Rule, is_loopback
from core.domain.errors import RateLimited
from core.runtime.settings.settings import LimitSettings
from tests.fakes.clock import FakeClock

RULE = Rule("test", 2, 10.0)


async def test_take_counts_down_and_refuses_with_the_time_left() -> None:
    clock = FakeClock()
    limiter = MemoryRateLimiter(clock=clock)
    assert (await limiter.take(RULE, "a")).remaining == 1
    clock.advance(4)
    second = await limiter.take(RULE, "a")
    assert (second.remaining, second.reset_after_s, second.retry_after_s) == (0, 6.0, 0.0)
    third = await limiter.take(RULE, "a")
    assert (third.remaining, third.retry_after_s) == (0, 6.0)
    assert (await limiter.take(RULE, "b")).remaining == 1


async def test_take_begins_a_new_window_when_the_old_one_has_ended() -> None:
    clock = FakeClock()
    limiter = MemoryRateLimiter(clock=clock)
    for _ in range(3):
        await limiter.take(RULE, "a")
    clock.advance(10)
    assert (await limiter.take(RULE, "a")).remaining == 1


async def test_window_survives_the_turn_of_generations() -> None:
    clock = FakeClock()
    limiter = MemoryRateLimiter(clock=clock)
    await limiter.take(RULE, "first")
    clock.advance(9)
    for _ in range(2):
        await limiter.take(RULE, "a")
    clock.advance(2)
    await limiter.take(RULE, "begins a generation")
    assert (await limiter.take(RULE, "a")).retry_after_s == 8.0


async def test_look_counts_nothing() -> None:
    limiter = MemoryRateLimiter(clock=FakeClock())
    for _ in range(5):
        assert (await limiter.look(RULE, "a")).remaining == 2


@pytest.mark.parametrize("keys", [1_000])
async def test_ended_windows_are_forgotten(keys: int) -> None:
    clock = FakeClock()
    limiter = MemoryRateLimiter(clock=clock)
    for key in range(keys):
        await limiter.take(RULE, key)
    for _ in range(3):
        clock.advance(11)
        await limiter.take(RULE, "a")
    counts = limiter._counts["test"]
    assert 0 not in counts._young
    assert 0 not in counts._older


def limits_with(clock: FakeClock, **settings: object) -> Limits:
    return Limits(limiter=MemoryRateLimiter(clock=clock), settings=LimitSettings(**settings))  # type: ignore[arg-type]


async def test_messages_are_limited_per_channel() -> None:
    limits = limits_with(FakeClock(), channel_messages=2)
    await limits.take_message(1, 10)
    await limits.take_message(1, 10)
    with pytest.raises(RateLimited):
        await limits.take_message(1, 10)
    await limits.take_message(1, 11)
    await limits.take_message(2, 10)


async def test_messages_are_limited_per_minute_over_all_channels() -> None:
    clock = FakeClock()
    limits = limits_with(clock, messages_per_minute=3)
    for channel_id in range(3):
        await limits.take_message(1, channel_id)
    with pytest.raises(RateLimited) as caught:
        await limits.take_message(1, 99)
    assert caught.value.retry_after_s == 60.0
    clock.advance(60)
    await limits.take_message(1, 99)


async def test_registrations_from_this_machine_have_a_limit_of_their_own() -> None:
    limits = limits_with(FakeClock(), registrations_per_minute=1, loopback_registrations_per_minute=2)
    await limits.take_registration("192.0.2.1")
    with pytest.raises(RateLimited):
        await limits.take_registration("192.0.2.1")
    for _ in range(2):
        await limits.take_registration("::1")
    with pytest.raises(RateLimited):
        await limits.take_registration("::1")


async def test_limits_that_are_off_refuse_nothing() -> None:
    limits = limits_with(FakeClock(), enabled=False, channel_messages=1, invalid_requests=1, logins_per_minute=1)
    for _ in range(3):
        await limits.take_message(1, 1)
        await limits.take_login("a")
        await limits.count_invalid("a")
    assert await limits.stand_request(1) is None
    assert await limits.find_block("a") == 0.0


@pytest.mark.parametrize(
    ("address", "expected"),
    [("127.0.0.1", True), ("127.8.8.8", True), ("::1", True), ("192.0.2.1", False), ("", False)],
)
def test_is_loopback_knows_this_machine(address: str, *, expected: bool) -> None:
    assert is_loopback(address) is expected


async def test_what_is_given_back_was_not_taken() -> None:
    limiter = MemoryRateLimiter(clock=FakeClock())
    await limiter.give_back(RULE, "a")
    for _ in range(RULE.limit * 2):
        assert not (await limiter.take(RULE, "a")).retry_after_s
        await limiter.give_back(RULE, "a")
    assert (await limiter.look(RULE, "a")).remaining == RULE.limit


async def test_refusals_are_counted_and_told(caplog: pytest.LogCaptureFixture) -> None:
    refused: list[str] = []
    settings = LimitSettings(logins_per_minute=1, requests_per_second=1, invalid_requests=1)
    limits = Limits(limiter=MemoryRateLimiter(clock=FakeClock()), settings=settings, count_refusal=refused.append)
    for _ in range(2):
        await limits.stand_request(7)
        await limits.count_invalid("192.0.2.1")
        with contextlib.suppress(RateLimited):
            await limits.take_login("192.0.2.1")
    assert refused == ["requests", "logins"]
    told = [(record.message, record.__dict__.get("who")) for record in caplog.records]
    assert told == [
        ("address shut out", None), ("refused by a limit", "7"), ("refused by a limit", "192.0.2.1")
    ]  # fmt: skip
