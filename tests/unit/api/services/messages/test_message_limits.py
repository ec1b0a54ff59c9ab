"""Slow mode, by a clock that the test moves."""

import pytest

from api.services.access import ChannelAccess
from api.services.limits import Limits
from api.services.messages.message_limits import MessageLimits
from core.domain.channel import Channel, ChannelType
from core.domain.errors import RateLimited, SlowMode
from core.domain.permissions import ALL_PERMISSIONS, Permission
from core.domain.user import User
from core.live.limits import MemoryRateLimiter
from core.runtime.settings.settings import LimitSettings
from tests.fakes.clock import FakeClock

ALICE = User(id=1, username="alice")
BOB = User(id=2, username="bob")


def access(slow_s: int, permissions: int = 0, channel_id: int = 5) -> ChannelAccess:
    channel = Channel(id=channel_id, type=ChannelType.TEXT, guild_id=9, rate_limit_per_user=slow_s)
    return ChannelAccess(channel=channel, permissions=permissions, guild=None)


def build(clock: FakeClock, settings: LimitSettings) -> MessageLimits:
    return MessageLimits(limits=Limits(limiter=MemoryRateLimiter(clock=clock), settings=settings), clock=clock)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


async def test_slow_mode_tells_how_long_is_left(clock: FakeClock) -> None:
    limits = build(clock, LimitSettings(enabled=False))
    await limits.take(access(30), ALICE)
    clock.advance(20)
    with pytest.raises(SlowMode) as caught:
        await limits.take(access(30), ALICE)
    assert caught.value.retry_after_s == pytest.approx(10)
    clock.advance(10)
    await limits.take(access(30), ALICE)


async def test_slow_mode_is_by_user_and_channel(clock: FakeClock) -> None:
    limits = build(clock, LimitSettings(enabled=False))
    await limits.take(access(30), ALICE)
    await limits.take(access(30), BOB)
    await limits.take(access(30, channel_id=6), ALICE)


async def test_slow_mode_spares_who_may_bypass_it_and_bots(clock: FakeClock) -> None:
    limits = build(clock, LimitSettings(enabled=False))
    for _ in range(3):
        await limits.take(access(30, int(Permission.BYPASS_SLOWMODE)), ALICE)
        await limits.take(access(30), User(id=3, username="robot", bot=True))


async def test_slow_mode_holds_for_all_others(clock: FakeClock) -> None:
    limits = build(clock, LimitSettings(enabled=False))
    slowed = access(30, ALL_PERMISSIONS & ~int(Permission.BYPASS_SLOWMODE))
    await limits.take(slowed, ALICE)
    with pytest.raises(SlowMode):
        await limits.take(slowed, ALICE)


async def test_slow_mode_is_not_begun_by_a_message_that_was_too_many(clock: FakeClock) -> None:
    limits = build(clock, LimitSettings(channel_messages=1, channel_messages_window_s=5))
    await limits.take(access(0), ALICE)
    with pytest.raises(RateLimited) as caught:
        await limits.take(access(30), ALICE)
    assert not isinstance(caught.value, SlowMode)
    clock.advance(5)
    await limits.take(access(30), ALICE)
