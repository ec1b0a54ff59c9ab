"""Stage instances: one a channel, gone with it, and part of a guild's snapshot."""

import msgspec

from core.domain.guilds.stage_instance import StageInstance
from core.store.interfaces import Store
from tests.contract.builders import add_guild, flake, new_channel


async def test_stage_is_put_changed_removed_and_part_of_the_snapshot(store: Store) -> None:
    guild, other = await add_guild(store, 10), await add_guild(store, 11)
    stage = StageInstance(id=flake(50), guild_id=guild.id, channel_id=flake(30), topic="Ünï", privacy_level=2)
    async with store.write(guilds=[guild.id]) as tx:
        for number in (30, 31):
            await tx.channels.create(new_channel(number, guild.id))
        await tx.stage_instances.put(stage)
        await tx.stage_instances.put(msgspec.structs.replace(stage, channel_id=flake(31)))
    assert await store.stage_instances.find(flake(30)) == stage
    changed = msgspec.structs.replace(stage, topic="another")
    async with store.write(guilds=[guild.id]) as tx:
        await tx.stage_instances.put(changed)
        assert await tx.stage_instances.remove(flake(31)) is not None
        assert await tx.stage_instances.remove(flake(31)) is None
    snapshots = await store.guilds.load_snapshots([guild.id, other.id])
    assert [snapshots[each].stages for each in (guild.id, other.id)] == [(changed,), ()]
    async with store.write(guilds=[guild.id]) as tx:
        await tx.channels.delete(flake(30))
    assert await store.stage_instances.find(flake(30)) is None
