"""What only the door of a single process promises: it never waits between the id and its caller."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from core.domain.errors import RateLimited
from core.door.interfaces import Opening, Permit
from core.door.memory import MemoryDoor
from core.door.rules import find_message_rules
from core.live.limits import MemoryRateLimiter
from core.live.refusals import Refusals
from core.runtime.settings.settings import LimitSettings
from core_ext.ids import SnowflakeGenerator
from tests.fakes.clock import FakeClock
from tests.fakes.memory_bus import MemoryBus


def build(settings: LimitSettings, refusals: Refusals) -> tuple[MemoryDoor, list[int]]:
    """A door, and the ids that it has made."""
    clock = FakeClock()
    generator = SnowflakeGenerator(0, 0, clock.now_ms)
    made: list[int] = []

    def make_id() -> int:
        made.append(generator.next())
        return made[-1]

    door = MemoryDoor(
        make_id=make_id,
        bus=MemoryBus(num_shards=2),
        limiter=MemoryRateLimiter(clock=clock),
        rules=find_message_rules(settings),
        refusals=refusals,
        clock=clock,
    )
    return door, made


def opening(author_id: int = 1, nonce: str | None = None) -> Opening:
    return Opening(channel_id=5, guild_id=9, author_id=author_id, nonce=nonce, mark=0, slow_mode_s=0)


def finish(coroutine: Coroutine[Any, Any, Permit]) -> Permit:
    """Run a coroutine that must not suspend, without any loop."""
    with pytest.raises(StopIteration) as stopped:
        coroutine.send(None)
    permit: Permit = stopped.value.value
    return permit


async def test_door_opens_without_suspending() -> None:
    door, made = build(LimitSettings(), Refusals())
    for nonce in (None, "n"):
        assert finish(door.open(opening(nonce=nonce)).__aenter__()).id == made[-1]


async def test_id_is_made_when_the_wait_for_another_nonce_is_over() -> None:
    door, made = build(LimitSettings(), Refusals())
    first = door.open(opening(nonce="n"))
    await first.__aenter__()
    waiting = asyncio.ensure_future(door.open(opening(nonce="n")).__aenter__())
    await asyncio.sleep(0)
    overtaking = await door.open(opening(author_id=2)).__aenter__()
    await first.__aexit__(ConnectionError, None, None)
    assert (await waiting).id == made[-1] > overtaking.id
    assert len(made) == 3


async def test_refusals_are_told_by_the_name_of_the_limit() -> None:
    refused: list[str] = []
    door, _ = build(LimitSettings(channel_messages=1, messages_per_minute=2), Refusals(count=refused.append))
    for channel_id in (5, 5, 6, 7):
        fields = {"channel_id": channel_id, "guild_id": 9, "author_id": 1, "mark": 0}
        try:
            async with door.open(Opening(**fields)):
                pass
        except RateLimited:
            pass
    assert refused == ["channel-messages", "messages"]
