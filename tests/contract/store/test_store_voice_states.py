"""Voice states: one a user and guild, counted by channel, gone with their channel, and part of a guild's snapshot."""

import msgspec
import pytest

from core.domain.guilds.voice_state import InVoice, VoiceState
from core.store.interfaces import Store
from tests.contract.builders import add_guild, add_users, flake, new_channel

CHANNEL, OTHER = flake(30), flake(31)


@pytest.fixture
async def guild_id(store: Store) -> int:
    guild = await add_guild(store, 10)
    async with store.write(guilds=[guild.id]) as tx:
        for number in (30, 31):
            await tx.channels.create(new_channel(number, guild.id))
    return guild.id


def new_state(number: int, guild_id: int, channel_id: int = CHANNEL) -> VoiceState:
    return VoiceState(guild_id=guild_id, user_id=flake(number), channel_id=channel_id, session_id=f"session{number}")


async def put(store: Store, *states: VoiceState) -> None:
    async with store.write(guilds={state.guild_id for state in states}) as tx:
        for state in states:
            await tx.voice_states.put(state)


async def test_state_is_put_changed_and_removed(store: Store, guild_id: int) -> None:
    full = VoiceState(
        guild_id=guild_id,
        user_id=flake(1),
        channel_id=CHANNEL,
        session_id="aé",
        self_mute=True,
        self_deaf=True,
        self_video=True,
        self_stream=True,
        suppress=True,
        request_to_speak_ms=1 << 41,
        was_moved=True,
    )
    await put(store, full)
    assert await store.voice_states.find(guild_id, flake(1)) == full
    moved = msgspec.structs.replace(full, channel_id=OTHER, self_mute=False)
    await put(store, moved)
    assert await store.voice_states.find(guild_id, flake(1)) == moved
    async with store.write(guilds=[guild_id]) as tx:
        assert await tx.voice_states.remove(guild_id, flake(1)) == moved
        assert await tx.voice_states.remove(guild_id, flake(1)) is None
    assert await store.voice_states.find(guild_id, flake(1)) is None


async def test_channel_lists_and_counts_its_own_and_takes_them_along(store: Store, guild_id: int) -> None:
    first, second, elsewhere = (new_state(1, guild_id), new_state(2, guild_id), new_state(3, guild_id, OTHER))
    await put(store, second, first, elsewhere)
    assert await store.voice_states.list_of_channel(CHANNEL) == [first, second]
    assert await store.voice_states.count_in_channel(CHANNEL) == 2
    assert await store.voice_states.count_in_channel(flake(99)) == 0
    async with store.write(guilds=[guild_id]) as tx:
        await tx.channels.delete(CHANNEL)
    assert await store.voice_states.list_page() == [elsewhere]


async def test_pages_go_through_all_guilds(store: Store, guild_id: int) -> None:
    other = await add_guild(store, 20)
    async with store.write(guilds=[other.id]) as tx:
        await tx.channels.create(new_channel(40, other.id))
    states = [new_state(1, guild_id), new_state(2, guild_id), new_state(1, other.id, flake(40))]
    await put(store, *states)
    assert await store.voice_states.list_page(limit=2) == states[:2]
    assert await store.voice_states.list_page(after=(guild_id, flake(2)), limit=2) == states[2:]
    assert await store.voice_states.list_page(after=(other.id, flake(1))) == []


async def test_snapshots_of_guilds_have_who_is_in_voice_with_the_membership(store: Store, guild_id: int) -> None:
    (user,) = await add_users(store, 5)
    async with store.write(users=[user.id], guilds=[guild_id]) as tx:
        member = await tx.members.add(guild_id, user.id, joined_ms=7)
    assert member is not None
    state = new_state(5, guild_id)
    await put(store, state)
    found = await store.guilds.load_snapshots([guild_id])
    assert found[guild_id].in_voice == (InVoice(state, member),)
    alone = await store.guilds.load_snapshot(guild_id)
    assert alone is not None
    assert alone.in_voice == ()
