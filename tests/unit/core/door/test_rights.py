"""Which changes of rights are remembered, and what a forgotten one means."""

import pytest

from core.domain.events import CHANNEL_UPDATE, GUILD_MEMBER_REMOVE, PRIVATE_RIGHTS_EVENTS, RELATIONSHIP_ADD
from core.door import rights
from core.door.interfaces import Opening
from core.door.rights import RightsChanges
from tests.contract.builders import new_envelope
from tests.fakes.memory_bus import MemoryBus

GUILD, USER = 10, 1


def opening(guild_id: int, author_id: int, mark: int) -> Opening:
    return Opening(channel_id=30, guild_id=guild_id, author_id=author_id, mark=mark)


def private(author_id: int, other_id: int, *, mark: int | None) -> Opening:
    return Opening(channel_id=30, guild_id=0, author_id=author_id, recipient_ids=(author_id, other_id), mark=mark)


@pytest.fixture
def bus() -> MemoryBus:
    return MemoryBus(num_shards=2)


@pytest.fixture
def changes(bus: MemoryBus) -> RightsChanges:
    return RightsChanges(bus=bus)


async def test_change_of_one_member_is_no_other_members(bus: MemoryBus, changes: RightsChanges) -> None:
    await bus.publish([new_envelope(1, GUILD, GUILD_MEMBER_REMOVE, user_id=USER)])
    assert changes.mark == 1
    assert changes.are_stale(opening(GUILD, USER, 0))
    assert not changes.are_stale(opening(GUILD, USER + 1, 0))
    assert not changes.are_stale(opening(GUILD, USER, 1))


async def test_later_change_of_a_channel_counts_beside_an_earlier_one_of_the_member(
    bus: MemoryBus, changes: RightsChanges
) -> None:
    await bus.publish([new_envelope(1, GUILD, GUILD_MEMBER_REMOVE, user_id=USER)])
    await bus.publish([new_envelope(2, GUILD, CHANNEL_UPDATE, channel_id=5), new_envelope(3, 11, CHANNEL_UPDATE)])
    assert changes.are_stale(opening(GUILD, USER, 1))
    assert not changes.are_stale(opening(GUILD, USER, 2))


async def test_mark_from_before_a_forgotten_change_is_stale_everywhere(
    bus: MemoryBus, changes: RightsChanges, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rights, "MAX_REMEMBERED", 3)
    for guild_id in (1, 2, 3, 1, 4, 5):
        await bus.publish([new_envelope(1, guild_id, CHANNEL_UPDATE)])
    # The last changes of the guilds 2 and 3 were the second and the third.
    assert [mark for mark in range(6) if changes.are_stale(opening(99, USER, mark))] == [0, 1, 2]
    assert [mark for mark in range(7) if changes.are_stale(opening(2, USER, mark))] == [0, 1, 2]
    assert [mark for mark in range(7) if changes.are_stale(opening(1, USER, mark))] == [0, 1, 2, 3]
    assert [mark for mark in range(7) if changes.are_stale(opening(5, USER, mark))] == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("event", sorted(PRIVATE_RIGHTS_EVENTS))
async def test_change_that_a_recipient_is_told_of_is_stale_in_that_ones_private_channels_alone(
    bus: MemoryBus, changes: RightsChanges, event: str
) -> None:
    await bus.publish([new_envelope(1, event=event, user_id=USER)])
    assert changes.are_stale(private(USER, 2, mark=0))
    assert changes.are_stale(private(2, USER, mark=0))
    assert not changes.are_stale(private(2, 3, mark=0))
    assert not changes.are_stale(private(USER, 2, mark=1))
    assert not changes.are_stale(opening(GUILD, USER, 0))


async def test_system_message_needs_no_rights(bus: MemoryBus, changes: RightsChanges) -> None:
    await bus.publish([new_envelope(1, event=RELATIONSHIP_ADD, user_id=USER)])
    assert not changes.are_stale(private(USER, 2, mark=None))
