"""Bans and invites."""

import msgspec
import pytest

from core.domain.errors import UnknownBan, UnknownInvite, UnknownUser
from core.domain.guilds.member import Ban
from core.store.interfaces import Store
from tests.contract.builders import add_guild, add_users, flake, new_channel, new_invite


async def test_ban_is_new_once_and_keeps_the_last_reason(store: Store) -> None:
    await add_guild(store, 10)
    (user,) = await add_users(store, 2)
    async with store.write() as tx:
        assert await tx.bans.put(flake(10), flake(2), "one") is True
        assert await tx.bans.put(flake(10), flake(2), "two") is False
    assert await store.bans.find(flake(10), flake(2)) == Ban(guild_id=flake(10), user=user, reason="two")
    assert await store.bans.find(flake(10), flake(1)) is None


async def test_ban_of_unknown_user_raises(store: Store) -> None:
    await add_guild(store, 10)
    with pytest.raises(UnknownUser):
        async with store.write() as tx:
            await tx.bans.put(flake(10), flake(2), None)


async def test_deleted_ban_is_gone(store: Store) -> None:
    await add_guild(store, 10)
    await add_users(store, 2)
    async with store.write() as tx:
        await tx.bans.put(flake(10), flake(2), None)
        await tx.bans.delete(flake(10), flake(2))
    assert await store.bans.find(flake(10), flake(2)) is None
    with pytest.raises(UnknownBan):
        async with store.write() as tx:
            await tx.bans.delete(flake(10), flake(2))


async def test_bans_page_by_ascending_user_id(store: Store) -> None:
    await add_guild(store, 10)
    await add_users(store, 2, 3, 4, 5)
    async with store.write() as tx:
        for number in (5, 3, 2, 4):
            await tx.bans.put(flake(10), flake(number), str(number))

    async def ids(**bounds: int) -> list[str | None]:
        return [ban.reason for ban in await store.bans.list_page(flake(10), **bounds)]

    assert await ids() == ["2", "3", "4", "5"]
    assert await ids(limit=2) == ["2", "3"]
    assert await ids(after=flake(3)) == ["4", "5"]
    assert await ids(before=flake(5), limit=2) == ["3", "4"]
    assert await store.bans.list_page(flake(11)) == []


async def test_created_invite_is_found_with_every_field(store: Store) -> None:
    await add_guild(store, 10)
    invite = new_invite(
        "aBc",
        flake(10),
        flake(30),
        inviter_id=flake(1),
        max_age_s=5,
        max_uses=3,
        uses=1,
        temporary=True,
        role_ids=(flake(7),),
    )
    async with store.write() as tx:
        await tx.channels.create(new_channel(30, flake(10)))
        await tx.invites.create(invite)
    assert await store.invites.find("aBc") == invite
    assert await store.invites.find("abc") is None


async def test_invites_are_listed_by_guild_and_channel(store: Store) -> None:
    await add_guild(store, 10)
    await add_guild(store, 11)
    places = {"a": (10, 30), "b": (10, 31), "c": (11, 32)}
    async with store.write() as tx:
        for code, (guild, channel) in places.items():
            await tx.channels.create(new_channel(channel, flake(guild)))
            await tx.invites.create(new_invite(code, flake(guild), flake(channel)))
    assert [invite.code for invite in await store.invites.list_of_guild(flake(10))] == ["a", "b"]
    assert [invite.code for invite in await store.invites.list_of_channel(flake(31))] == ["b"]
    async with store.write() as tx:
        await tx.channels.delete(flake(31))
    assert [invite.code for invite in await store.invites.list_of_guild(flake(10))] == ["a"]


async def test_use_is_counted(store: Store) -> None:
    await add_guild(store, 10)
    invite = new_invite("x", flake(10), flake(30))
    async with store.write() as tx:
        await tx.channels.create(new_channel(30, flake(10)))
        await tx.invites.create(invite)
        await tx.invites.count_use("x")
        assert await tx.invites.count_use("x") == msgspec.structs.replace(invite, uses=2)
    assert await store.invites.find("x") == msgspec.structs.replace(invite, uses=2)


async def test_deleted_invite_is_returned_and_gone(store: Store) -> None:
    await add_guild(store, 10)
    invite = new_invite("x", flake(10), flake(30))
    async with store.write() as tx:
        await tx.channels.create(new_channel(30, flake(10)))
        await tx.invites.create(invite)
        assert await tx.invites.delete("x") == invite
    assert await store.invites.find("x") is None


async def test_unknown_invite_raises(store: Store) -> None:
    for change in ("count_use", "delete"):
        with pytest.raises(UnknownInvite):
            async with store.write() as tx:
                await getattr(tx.invites, change)("x")
