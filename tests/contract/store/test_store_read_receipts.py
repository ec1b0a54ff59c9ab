"""Read receipts: who may know how far somebody has read a direct channel, and how far those have."""

import pytest

from core.domain.channels.channel import Channel, ChannelType
from core.domain.messages.read_state import MAX_RECEIPT_RECIPIENTS, Ack, ReadReceipt
from core.domain.people.preferences import UserSettings
from core.domain.people.relationship import Relationship, RelationshipType
from core.store.interfaces import Store
from tests.contract.builders import add_guild, add_users, flake, flake_at, new_channel, new_direct_channel
from tests.fakes.clock import START_MS

ALICE, BOB, CAROL, DORA = (flake(number) for number in range(1, 5))
GROUP_DM = int(ChannelType.GROUP_DM)
GROUP, OTHER, IN_GUILD = flake(30), flake(31), flake(32)


@pytest.fixture(autouse=True)
async def group(store: Store) -> None:
    """A group of Alice, Bob and Carol, who share receipts, and of Dora, who does not; another one of Alice and Bob."""
    await add_users(store, 1, 2, 3, 4)
    await add_guild(store, 10)
    async with store.write(users=[ALICE, BOB, CAROL, DORA], guilds=[flake(10)]) as tx:
        await tx.channels.create(new_direct_channel(30, ALICE, BOB, CAROL, DORA))
        await tx.channels.create(new_direct_channel(31, ALICE, BOB))
        await tx.channels.create(new_channel(32, flake(10)))
    for user_id in (ALICE, BOB, CAROL):
        await share(store, user_id)


async def share(store: Store, user_id: int, *, enabled: bool = True) -> None:
    async with store.write(users=[user_id]) as tx:
        await tx.preferences.put_settings(UserSettings(user_id=user_id, read_receipts=enabled))


async def relate(store: Store, user_id: int, other_id: int, kind: RelationshipType) -> None:
    async with store.write(users=[user_id, other_id]) as tx:
        await tx.relationships.put(Relationship(user_id=user_id, other_id=other_id, type=kind))


async def read(store: Store, user_id: int, number: int, channel_id: int = GROUP) -> None:
    async with store.write(users=[user_id]) as tx:
        ack = Ack(channel_id=channel_id, message_id=flake_at(number), is_manual=True)
        await tx.read_states.ack(user_id, [ack], now_ms=START_MS)


async def peers(store: Store, user_id: int, channel_id: int = GROUP) -> list[int]:
    return (await store.read_states.find_receipt_peers(user_id, [channel_id])).get(channel_id, [])


async def test_those_who_share_know_of_each_other(store: Store) -> None:
    found = await store.read_states.find_receipt_peers(ALICE, [GROUP, OTHER, IN_GUILD, flake(99)])
    assert found == {GROUP: [BOB, CAROL], OTHER: [BOB]}
    assert await peers(store, DORA) == []
    assert await peers(store, CAROL, OTHER) == [], "who is not in a channel knows nothing of it"
    assert await store.read_states.find_receipt_peers(ALICE, []) == {}


async def test_receipts_are_the_places_of_peers(store: Store) -> None:
    for user_id, number in ((ALICE, 9), (BOB, 5), (DORA, 7)):
        await read(store, user_id, number)
    await read(store, CAROL, 8, OTHER)
    assert await store.read_states.list_receipts(ALICE, GROUP) == [ReadReceipt(BOB, flake_at(5))]
    await read(store, CAROL, 6)
    await read(store, BOB, 4)
    shown = [ReadReceipt(BOB, flake_at(4)), ReadReceipt(CAROL, flake_at(6))]
    assert await store.read_states.list_receipts(ALICE, GROUP) == shown
    assert await store.read_states.list_receipts(DORA, GROUP) == []


async def test_who_ends_sharing_is_not_seen_and_sees_nothing(store: Store) -> None:
    await read(store, BOB, 5)
    await read(store, ALICE, 5)
    await share(store, BOB, enabled=False)
    assert await store.read_states.list_receipts(ALICE, GROUP) == []
    assert await store.read_states.list_receipts(BOB, GROUP) == []


@pytest.mark.parametrize(("blocker", "blocked"), [(ALICE, BOB), (BOB, ALICE)])
async def test_block_hides_both_from_each_other(store: Store, blocker: int, blocked: int) -> None:
    await read(store, ALICE, 5)
    await read(store, BOB, 5)
    await relate(store, blocker, blocked, RelationshipType.FRIEND)
    assert await peers(store, ALICE) == [BOB, CAROL]
    await relate(store, blocker, blocked, RelationshipType.BLOCKED)
    assert await peers(store, ALICE) == [CAROL]
    assert await peers(store, BOB) == [CAROL]
    assert await peers(store, CAROL) == [ALICE, BOB]
    assert [each.user_id for each in await store.read_states.list_receipts(CAROL, GROUP)] == [ALICE, BOB]
    assert await store.read_states.list_receipts(BOB, GROUP) == []


async def test_large_groups_have_no_receipts(store: Store) -> None:
    numbers = range(100, 100 + MAX_RECEIPT_RECIPIENTS - 1)
    others = [user.id for user in await add_users(store, *numbers)]
    async with store.write(users=[ALICE]) as tx:
        await tx.channels.create(Channel(id=flake(40), type=GROUP_DM, recipient_ids=(ALICE, *others)))
        await tx.channels.create(Channel(id=flake(41), type=GROUP_DM, recipient_ids=(ALICE, BOB, *others)))
    await share(store, others[0])
    assert await peers(store, ALICE, flake(40)) == [others[0]]
    assert await peers(store, ALICE, flake(41)) == []
