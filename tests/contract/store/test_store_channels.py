"""Channels: fields, overwrites, categories, direct messages."""

import msgspec
import pytest

from core.domain.channels.channel import Channel, ChannelType, Overwrite
from core.domain.errors import UnknownChannel, UnknownOverwrite
from core.store.interfaces import Store
from tests.contract.backends import EMBEDDED
from tests.contract.builders import add_guild, add_users, flake, new_channel, new_direct_channel, new_message

FULL = Channel(
    id=flake(30),
    type=int(ChannelType.FORUM),
    guild_id=flake(10),
    name="full",
    position=4,
    parent_id=flake(31),
    topic="t",
    nsfw=True,
    rate_limit_per_user=5,
    bitrate=96_000,
    user_limit=9,
    rtc_region="r",
    video_quality_mode=2,
    default_auto_archive_duration=60,
    default_thread_rate_limit_per_user=7,
    default_sort_order=1,
    default_forum_layout=2,
    flags=16,
    overwrites=(Overwrite(flake(20), 0, 1 << 52, 3), Overwrite(flake(2), 1, 0, 1)),
    owner_id=flake(1),
)


async def test_created_channel_is_found_with_every_field(store: Store) -> None:
    await add_guild(store, 10)
    async with store.write() as tx:
        await tx.channels.create(FULL)
    assert await store.channels.find(FULL.id) == FULL
    assert await store.channels.find(flake(99)) is None


async def test_update_changes_the_named_fields_only(store: Store) -> None:
    await add_guild(store, 10)
    async with store.write() as tx:
        await tx.channels.create(FULL)
        updated = await tx.channels.update(FULL.id, {"name": "n", "overwrites": (), "parent_id": None})
        assert updated == msgspec.structs.replace(FULL, name="n", overwrites=(), parent_id=None)
        assert await tx.channels.update(FULL.id, {}) == updated
    assert await store.channels.find(FULL.id) == updated


@pytest.mark.parametrize("changes", [{}, {"name": "x"}])
async def test_update_of_unknown_channel_raises(store: Store, changes: dict[str, str]) -> None:
    with pytest.raises(UnknownChannel):
        async with store.write() as tx:
            await tx.channels.update(flake(1), changes)


async def test_put_overwrite_adds_and_replaces(store: Store) -> None:
    await add_guild(store, 10)
    async with store.write() as tx:
        await tx.channels.create(new_channel(30, flake(10)))
        await tx.channels.put_overwrite(flake(30), Overwrite(flake(20), 0, 1, 0))
        await tx.channels.put_overwrite(flake(30), Overwrite(flake(21), 0, 2, 0))
        channel = await tx.channels.put_overwrite(flake(30), Overwrite(flake(20), 0, 0, 4))
    assert set(channel.overwrites) == {Overwrite(flake(20), 0, 0, 4), Overwrite(flake(21), 0, 2, 0)}
    assert await store.channels.find(flake(30)) == channel


async def test_put_overwrite_on_unknown_channel_raises(store: Store) -> None:
    with pytest.raises(UnknownChannel):
        async with store.write() as tx:
            await tx.channels.put_overwrite(flake(30), Overwrite(flake(20), 0, 1, 0))


async def test_delete_overwrite_removes_one(store: Store) -> None:
    await add_guild(store, 10)
    async with store.write() as tx:
        await tx.channels.create(FULL)
        channel = await tx.channels.delete_overwrite(FULL.id, flake(20))
    assert channel.overwrites == FULL.overwrites[1:]
    assert await store.channels.find(FULL.id) == channel
    with pytest.raises(UnknownOverwrite):
        async with store.write() as tx:
            await tx.channels.delete_overwrite(FULL.id, flake(20))


async def test_deleted_category_leaves_children_without_parent(store: Store) -> None:
    await add_guild(store, 10)
    async with store.write() as tx:
        await tx.channels.create(new_channel(31, flake(10), type=int(ChannelType.CATEGORY)))
        await tx.channels.create(new_channel(30, flake(10), parent_id=flake(31)))
        await tx.channels.delete(flake(31))
    child = await store.channels.find(flake(30))
    assert child is not None
    assert child.parent_id is None
    assert await store.channels.find(flake(31)) is None


async def test_delete_of_unknown_channel_raises(store: Store) -> None:
    with pytest.raises(UnknownChannel):
        async with store.write() as tx:
            await tx.channels.delete(flake(1))


async def test_direct_channel_is_found_from_both_sides(store: Store) -> None:
    await add_users(store, 1, 2, 3)
    channel = new_direct_channel(30, flake(2), flake(1))
    async with store.write() as tx:
        await tx.channels.create(channel)
    assert await store.channels.find_direct(flake(1), flake(2)) == channel
    assert await store.channels.find_direct(flake(2), flake(1)) == channel
    assert await store.channels.find_direct(flake(1), flake(3)) is None
    assert await store.channels.find(flake(30)) == channel


async def test_direct_channels_of_a_user_are_listed(store: Store) -> None:
    await add_users(store, 1, 2, 3)
    channels = [new_direct_channel(30, flake(1), flake(2)), new_direct_channel(31, flake(3), flake(1))]
    async with store.write() as tx:
        for channel in [*channels, new_direct_channel(32, flake(2), flake(3))]:
            await tx.channels.create(channel)
    assert await store.channels.list_direct(flake(1)) == channels
    async with store.write() as tx:
        await tx.channels.delete(flake(30))
    assert await store.channels.list_direct(flake(1)) == channels[1:]


async def test_closed_channel_is_listed_for_the_other_alone(store: Store) -> None:
    await add_users(store, 1, 2)
    channel = new_direct_channel(30, flake(1), flake(2))
    async with store.write(users=channel.recipient_ids) as tx:
        await tx.channels.create(channel)
        closed = await tx.channels.update(channel.id, {"closed_for": (flake(1),)})
    assert closed.closed_for == (flake(1),)
    assert await store.channels.list_direct(flake(1)) == []
    assert await store.channels.list_direct(flake(2)) == [closed]
    assert await store.channels.find_direct(flake(2), flake(1)) == closed


async def test_group_is_listed_for_its_present_recipients(store: Store) -> None:
    await add_users(store, 1, 2, 3)
    group = Channel(
        id=flake(30),
        type=ChannelType.GROUP_DM,
        name="Three",
        icon="0" * 32,
        owner_id=flake(1),
        recipient_ids=(flake(1), flake(2)),
    )
    async with store.write(users=group.recipient_ids) as tx:
        await tx.channels.create(group)
    assert await store.channels.find(group.id) == group
    assert await store.channels.find_direct(flake(1), flake(2)) is None
    async with store.write(users=group.recipient_ids) as tx:
        changed = await tx.channels.update(group.id, {"recipient_ids": (flake(2), flake(3)), "owner_id": flake(2)})
    assert await store.channels.list_direct(flake(1)) == []
    assert await store.channels.list_direct(flake(3)) == [changed]


async def test_direct_channels_do_not_hold_guild_channels(store: Store) -> None:
    await add_guild(store, 10)
    async with store.write() as tx:
        await tx.channels.create(new_channel(30, flake(10)))
    assert await store.channels.list_direct(flake(1)) == []


@EMBEDDED
async def test_last_message_id_is_no_part_of_the_channel(store: Store) -> None:
    await add_guild(store, 10)
    async with store.write() as tx:
        await tx.channels.create(new_channel(30, flake(10)))
    await store.messages.add(new_message(flake(40), flake(30)), [])
    channel = await store.channels.find(flake(30))
    assert channel is not None
    assert channel.last_message_id is None
    assert await store.messages.last_ids([flake(30)]) == {flake(30): flake(40)}
