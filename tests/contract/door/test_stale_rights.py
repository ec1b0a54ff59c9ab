"""Rights that have changed since they were checked."""

import asyncio

import pytest

from core.domain.errors import StaleRights
from core.domain.events import (
    CHANNEL_CREATE,
    CHANNEL_DELETE,
    CHANNEL_UPDATE,
    GUILD_DELETE,
    GUILD_MEMBER_ADD,
    GUILD_MEMBER_REMOVE,
    GUILD_MEMBER_UPDATE,
    GUILD_ROLE_DELETE,
    GUILD_ROLE_UPDATE,
    GUILD_UPDATE,
    MESSAGE_CREATE,
    RELATIONSHIP_ADD,
    RELATIONSHIP_REMOVE,
    USER_SETTINGS_UPDATE,
)
from tests.contract.door.backends import AUTHOR, GUILD, OTHER, DoorBackend, Held, confirm, send, settle


@pytest.mark.parametrize(
    ("event", "user_id"),
    [
        (GUILD_MEMBER_REMOVE, AUTHOR),
        (GUILD_MEMBER_UPDATE, AUTHOR),
        (GUILD_ROLE_UPDATE, 0),
        (GUILD_ROLE_DELETE, 0),
        (CHANNEL_UPDATE, 0),
        (CHANNEL_DELETE, 0),
        (GUILD_UPDATE, 0),
        (GUILD_DELETE, 0),
    ],
)
async def test_rights_that_were_checked_before_they_changed_are_stale(
    limited: DoorBackend, event: str, user_id: int
) -> None:
    old = limited.door.mark()
    await limited.hear(event, GUILD, user_id)
    for _ in range(5):
        with pytest.raises(StaleRights):
            await send(limited, mark=old, nonce="n")
    for _ in range(3):
        assert not (await send(limited)).is_repeat


@pytest.mark.parametrize(
    ("event", "guild_id"),
    [(GUILD_MEMBER_REMOVE, 11), (GUILD_UPDATE, 11), (GUILD_MEMBER_ADD, GUILD), (CHANNEL_CREATE, GUILD),
     (MESSAGE_CREATE, GUILD)],
)  # fmt: skip
async def test_rights_are_not_stale_by_what_takes_none_of_them_away(
    backend: DoorBackend, event: str, guild_id: int
) -> None:
    old = backend.door.mark()
    await backend.hear(event, guild_id, AUTHOR)
    await send(backend, mark=old)


async def test_direct_channel_has_no_rights_that_change(backend: DoorBackend) -> None:
    old = backend.door.mark()
    await backend.hear(GUILD_UPDATE, GUILD)
    await send(backend, mark=old, guild_id=0)


@pytest.mark.parametrize("event", [RELATIONSHIP_ADD, RELATIONSHIP_REMOVE, CHANNEL_DELETE, USER_SETTINGS_UPDATE])
@pytest.mark.parametrize("user_id", [AUTHOR, OTHER])
async def test_checks_in_a_direct_channel_are_stale_after_changes_of_either_recipient(
    limited: DoorBackend, event: str, user_id: int
) -> None:
    old = limited.door.mark()
    await limited.hear(event, 0, user_id)
    for _ in range(5):
        with pytest.raises(StaleRights):
            await send(limited, mark=old, nonce="n", guild_id=0, recipient_ids=(AUTHOR, OTHER))
    if user_id == OTHER:
        await send(limited, mark=old, guild_id=0, recipient_ids=(AUTHOR, OTHER + 1))
    assert not (await send(limited, guild_id=0, recipient_ids=(AUTHOR, OTHER))).is_repeat


@pytest.mark.parametrize(
    ("event", "user_id"), [(GUILD_MEMBER_REMOVE, AUTHOR), (GUILD_MEMBER_REMOVE, OTHER), (GUILD_DELETE, 0)]
)
async def test_checks_in_a_direct_channel_are_stale_after_the_shared_guild_is_left_by_either_or_deleted(
    limited: DoorBackend, event: str, user_id: int
) -> None:
    old = limited.door.mark()
    await limited.hear(event, GUILD, user_id)
    for _ in range(5):
        with pytest.raises(StaleRights):
            await send(limited, mark=old, guild_id=0, recipient_ids=(AUTHOR, OTHER), shared_guild_id=GUILD)
    await send(limited, mark=old, guild_id=0, recipient_ids=(AUTHOR, OTHER), shared_guild_id=GUILD + 1)
    await send(limited, mark=old, guild_id=0, recipient_ids=(AUTHOR, OTHER))


async def test_departure_of_somebody_else_from_the_shared_guild_takes_no_right_in_a_direct_channel(
    backend: DoorBackend,
) -> None:
    old = backend.door.mark()
    await backend.hear(GUILD_MEMBER_REMOVE, GUILD, OTHER + 1)
    await send(backend, mark=old, guild_id=0, recipient_ids=(AUTHOR, OTHER), shared_guild_id=GUILD)


async def test_repeat_that_is_let_in_after_a_wait_needs_fresh_rights(backend: DoorBackend) -> None:
    first = Held(backend, nonce="n")
    await first.permit
    waiting = asyncio.create_task(send(backend, nonce="n"))
    await settle()
    await backend.hear(GUILD_MEMBER_REMOVE, GUILD, AUTHOR)
    await first.fail()
    with pytest.raises(StaleRights):
        await waiting


@pytest.mark.parametrize(
    ("event", "guild_id", "user_id", "is_stale"),
    [
        (GUILD_MEMBER_UPDATE, GUILD, AUTHOR, True),
        (GUILD_MEMBER_UPDATE, GUILD, OTHER, False),
        (CHANNEL_UPDATE, GUILD, 0, True),
        (CHANNEL_UPDATE, GUILD + 1, 0, False),
        (RELATIONSHIP_ADD, 0, OTHER, True),
        (RELATIONSHIP_ADD, 0, OTHER + 1, False),
        (MESSAGE_CREATE, GUILD, AUTHOR, False),
    ],
)
async def test_claim_in_a_guild_is_stale_after_changes_there_and_after_blocks_of_whom_it_names(
    limited: DoorBackend, event: str, guild_id: int, user_id: int, is_stale: bool
) -> None:
    old = limited.door.mark()
    await limited.hear(event, guild_id, user_id)
    if is_stale:
        with pytest.raises(StaleRights):
            await confirm(limited, mark=old, recipient_ids=(OTHER,))
    else:
        await confirm(limited, mark=old, recipient_ids=(OTHER,))
    await confirm(limited, recipient_ids=(OTHER,))
    for _ in range(3):
        await send(limited)  # nothing was counted


async def test_claim_in_a_direct_channel_is_stale_as_a_message_is(backend: DoorBackend) -> None:
    old = backend.door.mark()
    await backend.hear(GUILD_MEMBER_REMOVE, GUILD, OTHER)
    direct = {"guild_id": 0, "recipient_ids": (AUTHOR, OTHER)}
    await confirm(backend, mark=old, **direct)
    with pytest.raises(StaleRights):
        await confirm(backend, mark=old, **direct, shared_guild_id=GUILD)
    await backend.hear(RELATIONSHIP_ADD, 0, OTHER)
    with pytest.raises(StaleRights):
        await confirm(backend, mark=old, **direct)
    await confirm(backend, **direct)
