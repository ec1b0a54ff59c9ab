"""Calls: one a channel, found when something of them is overdue, gone with their channel."""

import msgspec
import pytest

from core.domain.channels.call import Call, Ring
from core.domain.channels.channel import Channel, ChannelType
from core.domain.channels.peering import Peer, Peering
from core.store.interfaces import Store
from tests.contract.builders import add_users, flake

CHANNELS = (flake(30), flake(31), flake(32))
OWNERS = (flake(1), flake(2))


@pytest.fixture(autouse=True)
async def groups(store: Store) -> None:
    await add_users(store, 1, 2)
    async with store.write(users=OWNERS) as tx:
        for channel_id in CHANNELS:
            await tx.channels.create(
                Channel(id=channel_id, type=ChannelType.GROUP_DM, recipient_ids=OWNERS, owner_id=OWNERS[0])
            )


async def put(store: Store, *calls: Call) -> None:
    async with store.write(users=OWNERS) as tx:
        for call in calls:
            await tx.calls.put(call)


async def test_call_is_put_changed_and_removed(store: Store) -> None:
    full = Call(
        channel_id=CHANNELS[0],
        starter_id=OWNERS[0],
        message_id=flake(40),
        participant_ids=OWNERS,
        rings=(Ring(flake(3), 1 << 41), Ring(flake(4), 5)),
        next_end_ms=5,
        ended_ms=1 << 41,
        region="us-east",
        peering=Peering((Peer(OWNERS[0], "session", is_connected=True), Peer(OWNERS[1], "other")), flake(50), 1 << 41),
    )
    await put(store, full)
    assert await store.calls.find(CHANNELS[0]) == full
    changed = msgspec.structs.replace(full, rings=(), peering=None, next_end_ms=0)
    await put(store, changed)
    async with store.write(users=OWNERS) as tx:
        assert await tx.calls.remove(CHANNELS[0]) == changed
        assert await tx.calls.remove(CHANNELS[0]) is None
    assert await store.calls.find(CHANNELS[0]) is None


async def test_what_is_overdue_is_found_the_longest_first(store: Store) -> None:
    quiet, later, first = (
        Call(channel_id=channel_id, starter_id=OWNERS[0], next_end_ms=end_ms)
        for channel_id, end_ms in zip(CHANNELS, (0, 20, 10), strict=True)
    )
    await put(store, quiet, later, first)
    assert await store.calls.list_overdue(now_ms=9, limit=9) == []
    assert await store.calls.list_overdue(now_ms=10, limit=9) == [first]
    assert await store.calls.list_overdue(now_ms=20, limit=9) == [first, later]
    assert await store.calls.list_overdue(now_ms=20, limit=1) == [first]


async def test_channel_takes_its_call_along(store: Store) -> None:
    await put(store, Call(channel_id=CHANNELS[0], starter_id=OWNERS[0]))
    async with store.write(users=OWNERS) as tx:
        await tx.channels.delete(CHANNELS[0])
    assert await store.calls.find(CHANNELS[0]) is None
