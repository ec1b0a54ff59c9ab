"""Webhooks: read by channel and guild, changed, and gone with their channel, but not with their source."""

import pytest

from core.domain.errors import UnknownChannel, UnknownWebhook
from core.store.interfaces import Store
from tests.contract.builders import add_guild, flake, new_channel, new_webhook

CHANNEL, OTHER, NEWS = flake(30), flake(31), flake(32)


@pytest.fixture
async def guild_id(store: Store) -> int:
    guild = await add_guild(store, 10)
    async with store.write(guilds=[guild.id]) as tx:
        for number in (30, 31, 32):
            await tx.channels.create(new_channel(number, guild.id))
    return guild.id


async def test_webhooks_are_found_by_id_channel_and_guild(store: Store, guild_id: int) -> None:
    full = new_webhook(41, guild_id, CHANNEL, name="Ünï 🐙", avatar="a_1")
    others = [new_webhook(40, guild_id, CHANNEL), new_webhook(42, guild_id, OTHER)]
    async with store.write(guilds=[guild_id]) as tx:
        for webhook in (full, *others):
            await tx.webhooks.create(webhook)
        assert await tx.webhooks.find(full.id) == full
    assert await store.webhooks.find(full.id) == full
    assert await store.webhooks.find(flake(43)) is None
    assert await store.webhooks.list_of_channel(CHANNEL) == [others[0], full]
    assert await store.webhooks.list_of_guild(guild_id) == [others[0], full, others[1]]
    assert await store.webhooks.list_of_guild(flake(11)) == []


async def test_webhook_is_changed_and_deleted(store: Store, guild_id: int) -> None:
    webhook = new_webhook(40, guild_id, CHANNEL)
    async with store.write(guilds=[guild_id]) as tx:
        await tx.webhooks.create(webhook)
        changed = await tx.webhooks.update(webhook.id, {"name": "other", "channel_id": OTHER, "avatar": "x"})
    assert (changed.name, changed.channel_id, changed.avatar) == ("other", OTHER, "x")
    assert await store.webhooks.list_of_channel(OTHER) == [changed]
    async with store.write(guilds=[guild_id]) as tx:
        assert await tx.webhooks.delete(webhook.id)
        assert not await tx.webhooks.delete(webhook.id)
        with pytest.raises(UnknownWebhook):
            await tx.webhooks.update(webhook.id, {"name": "again"})
    assert await store.webhooks.find(webhook.id) is None


async def test_webhook_needs_a_channel_and_goes_with_it(store: Store, guild_id: int) -> None:
    async with store.write(guilds=[guild_id]) as tx:
        with pytest.raises(UnknownChannel):
            await tx.webhooks.create(new_webhook(40, guild_id, flake(99)))
        await tx.webhooks.create(new_webhook(41, guild_id, CHANNEL))
        await tx.channels.delete(CHANNEL)
    assert await store.webhooks.find(flake(41)) is None


async def test_webhook_whose_source_is_gone_is_an_orphan(store: Store, guild_id: int) -> None:
    webhooks = [
        new_webhook(40, guild_id, CHANNEL, source_channel_id=NEWS),
        new_webhook(41, guild_id, CHANNEL, source_channel_id=OTHER),
        new_webhook(42, guild_id, OTHER, source_channel_id=NEWS),
    ]
    async with store.write(guilds=[guild_id]) as tx:
        for webhook in webhooks:
            await tx.webhooks.create(webhook)
    assert await store.webhooks.list_orphans(limit=9) == []
    async with store.write(guilds=[guild_id]) as tx:
        await tx.channels.delete(NEWS)
    assert await store.webhooks.list_orphans(limit=9) == [webhooks[0], webhooks[2]]
    assert await store.webhooks.list_orphans(limit=1) == [webhooks[0]]
