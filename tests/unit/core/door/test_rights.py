"""Which changes of rights are remembered, and what a forgotten one means."""

import pytest

from core.domain.events import CHANNEL_RECIPIENT_REMOVE, CHANNEL_UPDATE, GUILD_MEMBER_REMOVE, RELATIONSHIP_ADD
from core.door import rights
from core.door.rights import RightsChanges
from tests.contract.builders import new_envelope
from tests.fakes.memory_bus import MemoryBus

GUILD, USER = 10, 1


@pytest.fixture
def bus() -> MemoryBus:
    return MemoryBus(num_shards=2)


@pytest.fixture
def changes(bus: MemoryBus) -> RightsChanges:
    return RightsChanges(bus=bus)


async def test_change_of_one_member_is_no_other_members(bus: MemoryBus, changes: RightsChanges) -> None:
    await bus.publish([new_envelope(1, GUILD, GUILD_MEMBER_REMOVE, user_id=USER)])
    assert changes.mark == 1
    assert changes.are_stale(GUILD, USER, 0)
    assert not changes.are_stale(GUILD, USER + 1, 0)
    assert not changes.are_stale(GUILD, USER, 1)


async def test_later_change_of_a_channel_counts_beside_an_earlier_one_of_the_member(
    bus: MemoryBus, changes: RightsChanges
) -> None:
    await bus.publish([new_envelope(1, GUILD, GUILD_MEMBER_REMOVE, user_id=USER)])
    await bus.publish([new_envelope(2, GUILD, CHANNEL_UPDATE, channel_id=5), new_envelope(3, 11, CHANNEL_UPDATE)])
    assert changes.are_stale(GUILD, USER, 1)
    assert not changes.are_stale(GUILD, USER, 2)


async def test_mark_from_before_a_forgotten_change_is_stale_everywhere(
    bus: MemoryBus, changes: RightsChanges, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rights, "MAX_REMEMBERED", 3)
    for guild_id in (1, 2, 3, 1, 4, 5):
        await bus.publish([new_envelope(1, guild_id, CHANNEL_UPDATE)])
    # The last changes of the guilds 2 and 3 were the second and the third.
    assert [mark for mark in range(6) if changes.are_stale(99, USER, mark)] == [0, 1, 2]
    assert [mark for mark in range(7) if changes.are_stale(2, USER, mark)] == [0, 1, 2]
    assert [mark for mark in range(7) if changes.are_stale(1, USER, mark)] == [0, 1, 2, 3]
    assert [mark for mark in range(7) if changes.are_stale(5, USER, mark)] == [0, 1, 2, 3, 4, 5]


async def test_change_of_a_private_channel_is_no_other_channels(bus: MemoryBus, changes: RightsChanges) -> None:
    await bus.publish([new_envelope(1, event=CHANNEL_RECIPIENT_REMOVE, user_id=USER, channel_id=5)])
    assert changes.are_stale_in_private(5, 0)
    assert not changes.are_stale_in_private(6, 0)
    assert not changes.are_stale_in_private(5, 1)
    assert not changes.are_stale(GUILD, USER, 0)


async def test_change_of_a_relationship_makes_checks_in_all_private_channels_stale(
    bus: MemoryBus, changes: RightsChanges
) -> None:
    await bus.publish([new_envelope(1, event=RELATIONSHIP_ADD, user_id=USER)])
    assert changes.are_stale_in_private(5, 0)
    assert not changes.are_stale_in_private(5, 1)
    assert not changes.are_stale(GUILD, USER, 0)
