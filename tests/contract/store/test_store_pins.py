"""Pins: an order without ties, pages, and the end with the channel."""

import asyncio

import pytest

from core.domain.pin import Pin
from core.store.interfaces import Store
from tests.contract.builders import add_guild, flake, new_channel
from tests.fakes.clock import START_MS

CHANNEL = flake(30)
OTHER = flake(31)


@pytest.fixture
async def guild_id(store: Store) -> int:
    guild = await add_guild(store, 10)
    async with store.write(guilds=[guild.id]) as tx:
        for number in (30, 31):
            await tx.channels.create(new_channel(number, guild.id))
    return guild.id


async def put(store: Store, guild_id: int, message_id: int, *, channel_id: int = CHANNEL, at_ms: int = 0) -> Pin | None:
    async with store.write(guilds=[guild_id]) as tx:
        return await tx.pins.put(channel_id, message_id, now_ms=START_MS + at_ms)


async def listed(store: Store, **bounds: int) -> list[int]:
    return [pin.message_id for pin in await store.pins.list_page(CHANNEL, **bounds)]


async def test_pins_are_listed_newest_first_whatever_their_messages_are(store: Store, guild_id: int) -> None:
    for number, message_id in enumerate((3, 1, 2)):
        pin = await put(store, guild_id, message_id, at_ms=number)
        assert pin == Pin(channel_id=CHANNEL, message_id=message_id, pinned_ms=START_MS + number)
    await put(store, guild_id, 9, channel_id=OTHER)
    assert await listed(store) == [2, 1, 3]
    assert await listed(store, limit=2) == [2, 1]
    assert await listed(store, before_ms=START_MS + 2, limit=1) == [1]
    assert (await store.pins.count(CHANNEL), await store.pins.count(OTHER)) == (3, 1)


async def test_no_two_pins_of_a_channel_have_one_time(store: Store, guild_id: int) -> None:
    """Many come at once, and the clock may have been set back."""
    await asyncio.gather(*(put(store, guild_id, number) for number in range(1, 9)))
    await put(store, guild_id, 9, at_ms=-1000)
    pins = await store.pins.list_page(CHANNEL)
    assert len({pin.pinned_ms for pin in pins}) == 9
    assert pins[0].message_id == 9


async def test_pinned_message_is_not_pinned_again(store: Store, guild_id: int) -> None:
    first = await put(store, guild_id, 1)
    assert await put(store, guild_id, 1, at_ms=5) is None
    assert await store.pins.list_page(CHANNEL) == [first]


async def test_pins_are_found_among_messages_and_removed(store: Store, guild_id: int) -> None:
    for number in (1, 2, 3):
        await put(store, guild_id, number)
    assert sorted(await store.pins.find_among(CHANNEL, [1, 3, 5])) == [1, 3]
    assert await store.pins.find_among(OTHER, [1]) == []
    async with store.write(guilds=[guild_id]) as tx:
        assert await tx.pins.delete(CHANNEL, [1, 3, 5]) == 2
    assert await listed(store) == [2]


async def test_pins_end_with_their_channel(store: Store, guild_id: int) -> None:
    await put(store, guild_id, 1)
    async with store.write(guilds=[guild_id]) as tx:
        await tx.channels.delete(CHANNEL)
    assert await store.pins.count(CHANNEL) == 0
