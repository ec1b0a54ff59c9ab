"""Statuses of voice channels: told apart from the same one again, and removed when nobody is left."""

from core.domain.guilds.voice_state import VoiceState
from core.domain.guilds.voice_status import VoiceStatus
from core.store.interfaces import Store
from tests.contract.builders import add_guild, flake, new_channel


async def test_status_is_put_listed_and_removed_with_the_last_who_leaves(store: Store) -> None:
    guild_id = (await add_guild(store, 10)).id
    first, second = (VoiceStatus(guild_id=guild_id, channel_id=flake(each), status="Ünï") for each in (30, 31))
    state = VoiceState(guild_id=guild_id, user_id=flake(1), channel_id=flake(30), session_id="s")
    async with store.write(guilds=[guild_id]) as tx:
        for number in (30, 31):
            await tx.channels.create(new_channel(number, guild_id))
        assert await tx.voice_statuses.put(second)
        assert await tx.voice_statuses.put(VoiceStatus(guild_id=guild_id, channel_id=flake(30), status="other"))
        assert await tx.voice_statuses.put(first)
        assert not await tx.voice_statuses.put(first)
        await tx.voice_states.put(state)
        assert not await tx.voice_statuses.remove_if_left(flake(30))
    assert await store.voice_statuses.list_of_guild(guild_id) == [first, second]
    assert await store.voice_statuses.list_of_guild(flake(11)) == []
    async with store.write(guilds=[guild_id]) as tx:
        await tx.voice_states.remove(guild_id, flake(1))
        assert await tx.voice_statuses.remove_if_left(flake(30))
        assert not await tx.voice_statuses.remove_if_left(flake(30))
        assert await tx.voice_statuses.remove(flake(31))
        assert not await tx.voice_statuses.remove(flake(31))
    assert await store.voice_statuses.list_of_guild(guild_id) == []
