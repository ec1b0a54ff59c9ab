"""Crossposts: asked for by follower, settled by change, so that a change that comes meanwhile is not lost."""

import pytest

from core.domain.messages.crosspost import Crosspost
from core.store.interfaces import Store
from tests.contract.builders import add_guild, flake, new_channel, new_webhook

NEWS, CHANNEL, OTHER = flake(32), flake(30), flake(31)
FIRST, SECOND = flake(51), flake(52)
LAST = flake(10_000)


@pytest.fixture
async def guild_id(store: Store) -> int:
    guild = await add_guild(store, 10)
    async with store.write(guilds=[guild.id]) as tx:
        for number in (30, 31, 32):
            await tx.channels.create(new_channel(number, guild.id))
        await tx.webhooks.create(new_webhook(40, guild.id, CHANNEL, source_channel_id=NEWS))
        await tx.webhooks.create(new_webhook(41, guild.id, OTHER, source_channel_id=NEWS))
        await tx.webhooks.create(new_webhook(42, guild.id, OTHER, source_channel_id=CHANNEL))
    return guild.id


async def begin(store: Store, message_id: int, *, change_id: int) -> int:
    async with store.write() as tx:
        return await tx.crossposts.begin(NEWS, message_id, change_id=change_id)


async def due(store: Store, *, before_id: int = LAST, limit: int = 99) -> list[tuple[int, int, int]]:
    found = await store.crossposts.list_due(before_id=before_id, limit=limit)
    return [(each.source_message_id, each.webhook_id, each.change_id) for each in found]


async def test_each_follower_is_asked_for_a_copy(store: Store, guild_id: int) -> None:
    assert guild_id
    assert await begin(store, FIRST, change_id=flake(101)) == 2
    assert await begin(store, SECOND, change_id=flake(100)) == 2
    found = await store.crossposts.list_due_of(FIRST, after=0, limit=9)
    assert found == [
        Crosspost(
            source_message_id=FIRST,
            source_channel_id=NEWS,
            webhook_id=flake(number),
            channel_id=channel_id,
            change_id=flake(101),
        )
        for number, channel_id in ((40, CHANNEL), (41, OTHER))
    ]
    assert await store.crossposts.list_due_of(FIRST, after=flake(40), limit=9) == found[1:]
    assert await store.crossposts.list_due_of(FIRST, after=0, limit=1) == found[:1]
    assert [row[0] for row in await due(store)] == [SECOND, SECOND, FIRST, FIRST]
    assert [row[0] for row in await due(store, limit=1)] == [SECOND]
    assert {row[0] for row in await due(store, before_id=flake(101))} == {SECOND}
    assert await store.crossposts.find_published([FIRST, SECOND, flake(53)]) == [FIRST, SECOND]


async def test_settled_crosspost_has_its_copy_and_is_not_due(store: Store, guild_id: int) -> None:
    assert guild_id
    await begin(store, FIRST, change_id=flake(100))
    [first, second] = await store.crossposts.list_due_of(FIRST, after=0, limit=9)
    async with store.write() as tx:
        assert await tx.crossposts.settle(first, channel_id=OTHER, copy_id=flake(60))
    assert await due(store) == [(FIRST, second.webhook_id, flake(100))]
    async with store.write() as tx:
        await tx.crossposts.note([FIRST, SECOND], change_id=flake(101))
    noted = (await store.crossposts.list_due_of(FIRST, after=0, limit=9))[0]
    assert (noted.copy_id, noted.channel_id, noted.change_id) == (flake(60), OTHER, flake(101))


async def test_change_that_comes_meanwhile_stays_noted(store: Store, guild_id: int) -> None:
    assert guild_id
    await begin(store, FIRST, change_id=flake(100))
    [first, second] = await store.crossposts.list_due_of(FIRST, after=0, limit=9)
    async with store.write() as tx:
        await tx.crossposts.note([FIRST], change_id=flake(101))
        await tx.crossposts.settle(first, channel_id=CHANNEL, copy_id=flake(60))
        await tx.crossposts.drop(second)
        await tx.crossposts.postpone(second, change_id=flake(200))
    assert {row[2] for row in await due(store)} == {flake(101)}
    found = await store.crossposts.list_due_of(FIRST, after=0, limit=9)
    assert [each.copy_id for each in found] == [flake(60), 0]
    async with store.write() as tx:
        await tx.crossposts.postpone(found[0], change_id=flake(200))
        await tx.crossposts.drop(found[1])
    assert await due(store) == [(FIRST, first.webhook_id, flake(200))]
    assert await begin(store, FIRST, change_id=flake(300)) == 2
    found = await store.crossposts.list_due_of(FIRST, after=0, limit=9)
    assert [(each.copy_id, each.change_id) for each in found] == [(flake(60), flake(300)), (0, flake(300))]
    async with store.write() as tx:
        await tx.crossposts.drop(found[1])
        assert not await tx.crossposts.settle(found[1], channel_id=CHANNEL, copy_id=flake(61))


async def test_crossposts_go_with_their_webhook(store: Store, guild_id: int) -> None:
    await begin(store, FIRST, change_id=flake(100))
    async with store.write(guilds=[guild_id]) as tx:
        await tx.webhooks.delete(flake(40))
        await tx.channels.delete(OTHER)
    assert await due(store) == []
    assert await store.crossposts.find_published([FIRST]) == []
