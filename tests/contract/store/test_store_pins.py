"""Pins: an order without ties, pages, and the end with the channel."""

import asyncio

import pytest

from core.domain.messages.pin import Pin, PinChange
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
    await note(store, guild_id, change_of(1, 11))
    async with store.write(guilds=[guild_id]) as tx:
        await tx.channels.delete(CHANNEL)
    assert await store.pins.count(CHANNEL) == 0
    assert await store.pins.list_changes(before_id=99, limit=9) == []


def change_of(message_id: int, change_id: int) -> PinChange:
    return PinChange(channel_id=CHANNEL, message_id=message_id, change_id=change_id)


async def note(store: Store, guild_id: int, *changes: PinChange) -> None:
    async with store.write(guilds=[guild_id]) as tx:
        for change in changes:
            await tx.pins.note_change(change)


async def end(store: Store, change: PinChange) -> None:
    async with store.write() as tx:
        await tx.pins.end_change(change)


async def test_changes_are_listed_oldest_first_until_they_end(store: Store, guild_id: int) -> None:
    changes = [change_of(message_id, change_id) for message_id, change_id in ((1, 12), (2, 11), (3, 13))]
    await note(store, guild_id, *changes)
    assert await store.pins.list_changes(before_id=13, limit=9) == [changes[1], changes[0]]
    assert await store.pins.list_changes(before_id=99, limit=1) == [changes[1]]
    await end(store, changes[1])
    assert await store.pins.list_changes(before_id=99, limit=9) == [changes[0], changes[2]]


async def test_end_of_a_change_leaves_a_later_one(store: Store, guild_id: int) -> None:
    """Somebody unpins before the message of a pin is changed."""
    await note(store, guild_id, change_of(1, 11))
    await note(store, guild_id, change_of(1, 12))
    await end(store, change_of(1, 11))
    assert await store.pins.list_changes(before_id=99, limit=9) == [change_of(1, 12)]
