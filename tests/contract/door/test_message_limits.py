"""The limits of sending, and slow mode."""

import pytest

from core.domain.errors import RateLimited, SlowMode
from core.domain.events import GUILD_UPDATE
from core.door.rules import MessageRules
from core.live.interfaces import Rule
from tests.contract.door.backends import AUTHOR, CHANNEL, GUILD, RULES, DoorBackend, send


async def test_limit_is_by_author_and_channel(limited: DoorBackend) -> None:
    for _ in range(3):
        await send(limited)
    with pytest.raises(RateLimited) as caught:
        await send(limited)
    assert 9 < caught.value.retry_after_s <= 10
    assert not isinstance(caught.value, SlowMode)
    await send(limited, author_id=2)
    await send(limited, channel_id=31)
    await limited.let_pass(10)
    await send(limited)


async def test_limit_over_all_channels_comes_first_and_a_refused_message_counts_nowhere(limited: DoorBackend) -> None:
    for channel_id in (30, 30, 31, 31):
        await send(limited, channel_id=channel_id)
    await send(limited)
    for channel_id in (30, 32):
        with pytest.raises(RateLimited) as caught:
            await send(limited, channel_id=channel_id)
        assert 59 < caught.value.retry_after_s <= 60
    await limited.let_pass(60)
    for _ in range(3):
        await send(limited)


async def test_system_message_is_not_limited_and_needs_no_rights(limited: DoorBackend) -> None:
    await limited.hear(GUILD_UPDATE, GUILD)
    for _ in range(10):
        await send(limited, is_limited=False, mark=None)
    await send(limited)


async def test_standing_is_that_of_the_next_message(limited: DoorBackend) -> None:
    for remaining in (3, 2, 1):
        standing = await limited.door.look(AUTHOR, CHANNEL)
        assert standing is not None
        assert (standing.limit, standing.remaining, standing.retry_after_s) == (3, remaining, 0)
        permit = await send(limited)
        assert permit.standing is not None
        assert (permit.standing.limit, permit.standing.remaining) == (3, remaining - 1)
        assert 9 < permit.standing.reset_after_s <= 10
    used_up = await limited.door.look(AUTHOR, CHANNEL)
    assert used_up is not None
    assert 9 < used_up.retry_after_s <= 10
    for remaining in (2, 0):
        permit = await send(limited, channel_id=31)
        assert permit.standing is not None
        assert permit.standing.remaining == remaining
    overall = await limited.door.look(AUTHOR, 32)
    assert overall is not None
    assert (overall.limit, overall.remaining) == (5, 0)
    assert 59 < overall.retry_after_s <= 60


async def test_repeat_has_the_standing_too_and_a_system_message_has_none(limited: DoorBackend) -> None:
    await send(limited, nonce="n")
    for _ in range(2):
        repeat = await send(limited, nonce="n")
        assert repeat.is_repeat
        assert repeat.standing is not None
        assert (repeat.standing.limit, repeat.standing.remaining) == (3, 2)
    assert (await send(limited, is_limited=False)).standing is None


async def test_rules_that_are_set_hold_from_then_on_and_what_was_counted_stays(limited: DoorBackend) -> None:
    await send(limited)
    await send(limited)
    limited.door.set_rules(MessageRules(channel=Rule("channel-messages", 2, 20.0), overall=RULES.overall))
    with pytest.raises(RateLimited) as caught:
        await send(limited)
    assert 9 < caught.value.retry_after_s <= 10, "a window that has begun ends when it would have"
    limited.door.set_rules(RULES)
    await send(limited)
    limited.door.set_rules(None)
    for _ in range(5):
        await send(limited)
    assert await limited.door.look(AUTHOR, CHANNEL) is None


async def test_nothing_is_limited_when_limits_are_off_but_slow_mode_holds(closed: DoorBackend) -> None:
    await closed.open(None)
    for _ in range(20):
        await send(closed)
    assert await closed.door.look(AUTHOR, CHANNEL) is None
    assert (await send(closed)).standing is None
    await send(closed, slow_mode_s=5)
    with pytest.raises(SlowMode):
        await send(closed, slow_mode_s=5)
    await closed.close()


async def test_slow_mode_is_by_author_and_channel_and_tells_how_long_is_left(backend: DoorBackend) -> None:
    await send(backend, slow_mode_s=30)
    await backend.let_pass(20)
    with pytest.raises(SlowMode) as caught:
        await send(backend, slow_mode_s=30)
    assert 9 < caught.value.retry_after_s <= 10
    await send(backend, slow_mode_s=30, author_id=2)
    await send(backend, slow_mode_s=30, channel_id=31)
    await send(backend)
    await backend.let_pass(10)
    await send(backend, slow_mode_s=30)


async def test_slow_mode_is_not_begun_by_a_message_that_was_too_many(limited: DoorBackend) -> None:
    for _ in range(3):
        await send(limited)
    with pytest.raises(RateLimited) as caught:
        await send(limited, slow_mode_s=30)
    assert not isinstance(caught.value, SlowMode)
    await limited.let_pass(10)
    await send(limited, slow_mode_s=30)


async def test_message_refused_by_slow_mode_counts_against_no_limit(limited: DoorBackend) -> None:
    await send(limited, slow_mode_s=5)
    for _ in range(5):
        with pytest.raises(SlowMode):
            await send(limited, slow_mode_s=5)
    await send(limited)
    await send(limited)
