"""Cached guilds, members, channels and users are never older than the last commit."""

import asyncio

import pytest

from core.domain.errors import Forbidden, MissingAccess, UnknownChannel, UnknownGuild, UnknownUser
from core.domain.guilds.permissions import Permission
from tests.integration.api.accounts.test_users import make_guild
from tests.support.embedded_api import Actor, ApiUnderTest


async def join(api: ApiUnderTest, guild_id: str, actor: Actor, owner: Actor) -> None:
    channels = (await owner.get(f"/guilds/{guild_id}/channels")).json()
    text = next(channel["id"] for channel in channels if channel["type"] == 0)
    invite = await owner.post(f"/channels/{text}/invites", {"max_age": 0})
    assert (await actor.post(f"/invites/{invite.json()['code']}")).status_code == 200


async def test_guild_shows_roles_and_channels_as_they_change(api: ApiUnderTest) -> None:
    alice = await api.register()
    guild_id = int(await make_guild(alice))
    entities = api.built.entities
    assert len((await entities.guild(guild_id)).roles) == 1
    role = (await alice.post(f"/guilds/{guild_id}/roles", {"name": "x"})).json()
    channel = (await alice.post(f"/guilds/{guild_id}/channels", {"name": "x"})).json()
    entry = await entities.guild(guild_id)
    assert int(role["id"]) in entry.roles
    assert (await entities.channel(int(channel["id"]))).name == "x"
    await alice.patch(f"/channels/{channel['id']}", {"name": "y"})
    assert (await entities.channel(int(channel["id"]))).name == "y"
    await alice.delete(f"/channels/{channel['id']}")
    with pytest.raises(UnknownChannel):
        await entities.channel(int(channel["id"]))


async def test_members_come_and_go(api: ApiUnderTest) -> None:
    alice, bob = await api.register(), await api.register()
    guild_id = await make_guild(alice)
    entities = api.built.entities
    assert await entities.member(int(guild_id), int(bob.id)) is None
    assert (await entities.guild(int(guild_id))).member_count == 1
    with pytest.raises(UnknownGuild):
        await entities.access(int(bob.id), int(guild_id))
    await join(api, guild_id, bob, alice)
    assert await entities.member(int(guild_id), int(bob.id)) is not None
    assert (await entities.guild(int(guild_id))).member_count == 2
    await alice.delete(f"/guilds/{guild_id}/members/{bob.id}")
    assert await entities.member(int(guild_id), int(bob.id)) is None
    assert (await entities.guild(int(guild_id))).member_count == 1


async def test_deleted_role_leaves_cached_members(api: ApiUnderTest) -> None:
    alice = await api.register()
    guild_id = await make_guild(alice)
    role = (await alice.post(f"/guilds/{guild_id}/roles", {"name": "x"})).json()
    await alice.put(f"/guilds/{guild_id}/members/{alice.id}/roles/{role['id']}")
    entities = api.built.entities
    member = await entities.member(int(guild_id), int(alice.id))
    assert member is not None
    assert member.role_ids == (int(role["id"]),)
    await alice.delete(f"/guilds/{guild_id}/roles/{role['id']}")
    member = await entities.member(int(guild_id), int(alice.id))
    assert member is not None
    assert member.role_ids == ()


async def test_deleted_guild_is_unknown_with_all_that_was_in_it(api: ApiUnderTest) -> None:
    alice = await api.register()
    guild_id = await make_guild(alice)
    entities = api.built.entities
    entry = await entities.guild(int(guild_id))
    channel_id = next(iter(entry.channels))
    assert await entities.channel(channel_id)
    await alice.delete(f"/guilds/{guild_id}")
    with pytest.raises(UnknownGuild):
        await entities.access(int(alice.id), int(guild_id))
    with pytest.raises(UnknownChannel):
        await entities.channel(channel_id)
    assert await entities.member(int(guild_id), int(alice.id)) is None


async def test_users_are_found_together_and_unknown_ones_left_out(api: ApiUnderTest) -> None:
    alice, bob = await api.register(), await api.register()
    entities = api.built.entities
    found = await entities.users([int(alice.id), int(bob.id), 1])
    assert set(found) == {int(alice.id), int(bob.id)}
    await bob.patch("/users/@me", {"global_name": "Bob"})
    assert (await entities.users([int(bob.id)]))[int(bob.id)].global_name == "Bob"
    with pytest.raises(UnknownUser):
        await entities.user(1)


async def test_rights_change_with_role_overwrite_and_timeout(api: ApiUnderTest) -> None:
    alice, bob = await api.register(), await api.register()
    guild_id = await make_guild(alice)
    await join(api, guild_id, bob, alice)
    channel = (await alice.post(f"/guilds/{guild_id}/channels", {"name": "x"})).json()
    entities, bob_id, channel_id = api.built.entities, int(bob.id), int(channel["id"])
    access = await entities.channel_access(bob_id, channel_id)
    access.require(Permission.SEND_MESSAGES)
    assert not access.has(Permission.MANAGE_MESSAGES)
    with pytest.raises(Forbidden):
        access.require(Permission.MANAGE_MESSAGES)

    path = f"/channels/{channel_id}/permissions/{bob.id}"
    await alice.put(path, {"type": 1, "deny": str(int(Permission.SEND_MESSAGES)), "allow": "0"})
    assert not (await entities.channel_access(bob_id, channel_id)).has(Permission.SEND_MESSAGES)
    await alice.put(path, {"type": 1, "deny": str(int(Permission.VIEW_CHANNEL)), "allow": "0"})
    with pytest.raises(MissingAccess):
        await entities.channel_access(bob_id, channel_id)
    assert not (await entities.access(bob_id, int(guild_id))).can_view(
        (await entities.guild(int(guild_id))).channels[channel_id]
    )

    role = (await alice.post(f"/guilds/{guild_id}/roles", {"name": "x", "permissions": "8"})).json()
    await alice.put(f"/guilds/{guild_id}/members/{bob.id}/roles/{role['id']}")
    (await entities.channel_access(bob_id, channel_id)).require(Permission.MANAGE_MESSAGES)


async def test_hierarchy_goes_by_position_and_the_owner_is_above_all(api: ApiUnderTest) -> None:
    alice, bob = await api.register(), await api.register()
    guild_id = await make_guild(alice)
    await join(api, guild_id, bob, alice)
    low = (await alice.post(f"/guilds/{guild_id}/roles", {"name": "low"})).json()
    high = (await alice.post(f"/guilds/{guild_id}/roles", {"name": "high"})).json()
    moves = [{"id": low["id"], "position": 1}, {"id": high["id"], "position": 2}]
    assert (await alice.patch(f"/guilds/{guild_id}/roles", moves)).status_code == 200
    await alice.put(f"/guilds/{guild_id}/members/{bob.id}/roles/{low['id']}")
    entities = api.built.entities
    roles = (await entities.guild(int(guild_id))).roles
    owner = await entities.access(int(alice.id), int(guild_id))
    member = await entities.access(int(bob.id), int(guild_id))
    assert owner.outranks(roles[int(high["id"])])
    assert owner.outranks(member.member)
    assert not member.outranks(owner.member)
    assert not member.outranks(roles[int(low["id"])])
    assert not member.outranks(roles[int(high["id"])])
    assert member.outranks(roles[int(guild_id)])
    assert member.top_rank[0] == 1
    with pytest.raises(Forbidden):
        member.require_outranks(roles[int(high["id"])])


async def test_channel_of_two_is_for_these_two(api: ApiUnderTest) -> None:
    alice, bob, eve = await api.register(), await api.register(), await api.register()
    opened = await alice.post("/users/@me/channels", {"recipient_id": bob.id})
    assert opened.status_code == 200
    channel_id = int(opened.json()["id"])
    entities = api.built.entities
    access = await entities.channel_access(int(bob.id), channel_id)
    access.require(Permission.SEND_MESSAGES)
    assert access.guild is None
    with pytest.raises(MissingAccess):
        await entities.channel_access(int(eve.id), channel_id)


async def test_many_at_once_see_the_same(api: ApiUnderTest) -> None:
    alice = await api.register()
    guild_id = int(await make_guild(alice))
    entries = await asyncio.gather(*(api.built.entities.guild(guild_id) for _ in range(20)))
    assert all(entry is entries[0] for entry in entries)
