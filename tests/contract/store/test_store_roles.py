"""Roles: fields, and the rows that a deleted role leaves."""

import msgspec
import pytest

from core.domain.channels.channel import Overwrite
from core.domain.errors import UnknownRole
from core.domain.guilds.role import Role
from core.store.interfaces import Store
from tests.contract.builders import add_guild, add_users, flake, new_channel, new_role
from tests.fakes.clock import START_MS

FULL = Role(
    id=flake(20),
    guild_id=flake(10),
    name="Full",
    permissions=(1 << 53) | 8,
    position=3,
    color=0xABCDEF,
    secondary_color=1,
    tertiary_color=2,
    hoist=True,
    managed=True,
    mentionable=True,
    icon="i",
    unicode_emoji="🦊",
    bot_id=flake(5),
    flags=1,
)


async def test_created_role_is_found_with_every_field(store: Store) -> None:
    await add_guild(store, 10)
    async with store.write() as tx:
        await tx.roles.create(FULL)
        assert await tx.roles.find(FULL.id) == FULL
        assert await tx.roles.find(flake(99)) is None


async def test_roles_of_a_guild_are_listed_by_id(store: Store) -> None:
    await add_guild(store, 10)
    await add_guild(store, 11)
    async with store.write() as tx:
        for number in (22, 21):
            await tx.roles.create(new_role(number, flake(10)))
        listed = await tx.roles.list_of_guild(flake(10))
    assert [role.id for role in listed] == [flake(10), flake(21), flake(22)]


async def test_update_changes_the_named_fields_only(store: Store) -> None:
    await add_guild(store, 10)
    async with store.write() as tx:
        await tx.roles.create(FULL)
        updated = await tx.roles.update(FULL.id, {"permissions": 0, "hoist": False, "icon": None})
        assert updated == msgspec.structs.replace(FULL, permissions=0, hoist=False, icon=None)
        assert await tx.roles.find(FULL.id) == updated
        assert await tx.roles.update(FULL.id, {}) == updated


@pytest.mark.parametrize("changes", [{}, {"name": "x"}])
async def test_update_of_unknown_role_raises(store: Store, changes: dict[str, str]) -> None:
    with pytest.raises(UnknownRole):
        async with store.write() as tx:
            await tx.roles.update(flake(1), changes)


async def test_deleted_role_leaves_members_and_overwrites(store: Store) -> None:
    await add_guild(store, 10)
    await add_users(store, 2)
    kept = Overwrite(flake(2), 1, 4, 0)
    async with store.write() as tx:
        for number in (20, 21):
            await tx.roles.create(new_role(number, flake(10)))
        await tx.members.add(flake(10), flake(2), joined_ms=START_MS, role_ids=[flake(20), flake(21)])
        await tx.channels.create(new_channel(30, flake(10), overwrites=(Overwrite(flake(20), 0, 1, 2), kept)))
        await tx.channels.create(new_channel(31, flake(10), overwrites=(kept,)))
    async with store.write() as tx:
        await tx.roles.delete(flake(20))
        assert await tx.roles.find(flake(20)) is None
    member = await store.members.find(flake(10), flake(2))
    assert member is not None
    assert member.role_ids == (flake(21),)
    for number in (30, 31):
        channel = await store.channels.find(flake(number))
        assert channel is not None
        assert channel.overwrites == (kept,)


async def test_delete_of_unknown_role_raises(store: Store) -> None:
    with pytest.raises(UnknownRole):
        async with store.write() as tx:
            await tx.roles.delete(flake(1))
