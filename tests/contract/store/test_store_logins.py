"""Logins as the gateway reads them: with account, application, memberships and direct channels, many at once."""

import asyncio

from core.bus.interfaces import Bus
from core.domain.application import Application
from core.domain.guilds.member import Member
from core.domain.people.relationship import Relationship, RelationshipType
from core.store.interfaces import Store
from tests.contract.builders import (
    flake,
    new_account,
    new_auth_session,
    new_direct_channel,
    new_envelope,
    new_guild,
    new_role,
)


async def test_login_has_account_memberships_and_direct_channels(store: Store) -> None:
    account, friend, gone = new_account(1, email="a@example.org"), new_account(2), flake(3)
    auth = new_auth_session(10, account.user.id, user_agent="agent")
    guilds = [new_guild(21), new_guild(20)]
    role = new_role(30, guilds[0].id)
    channel = new_direct_channel(40, account.user.id, friend.user.id)
    alone = new_direct_channel(41, account.user.id, gone)
    async with store.write() as tx:
        for each in (account, friend):
            await tx.users.create(each)
        await tx.users.add_auth_session(auth)
        for guild in guilds:
            await tx.guilds.create(guild)
        await tx.roles.create(role)
        await tx.members.add(guilds[0].id, account.user.id, joined_ms=5, role_ids=(role.id,))
        await tx.members.update(guilds[0].id, account.user.id, {"nick": "Nick"})
        await tx.members.add(guilds[1].id, account.user.id, joined_ms=6)
        await tx.members.add(guilds[1].id, friend.user.id, joined_ms=7)
        for direct in (alone, channel):
            await tx.channels.create(direct)
    (login,) = (await store.logins.find_many([auth.token_hash])).values()
    assert (login.auth, login.account, login.application) == (auth, account, None)
    assert login.memberships == (
        Member(guild_id=guilds[1].id, user=account.user, joined_ms=6),
        Member(guild_id=guilds[0].id, user=account.user, joined_ms=5, role_ids=(role.id,), nick="Nick"),
    )
    assert login.memberships[0] == await store.members.find(guilds[1].id, account.user.id)
    assert login.memberships[1] == await store.members.find(guilds[0].id, account.user.id)
    assert [each.id for each in login.direct_channels] == [channel.id, alone.id]
    assert login.direct_channels[0].recipient_ids == channel.recipient_ids
    assert login.direct_users == {friend.user.id: friend.user}


async def test_login_of_a_bot_has_its_application(store: Store) -> None:
    owner, bot = new_account(1), new_account(2, bot=True)
    auth = new_auth_session(10, bot.user.id)
    application = Application(id=bot.user.id, owner_id=owner.user.id, name="app", bot_id=bot.user.id, flags=1 << 18)
    async with store.write() as tx:
        for each in (owner, bot):
            await tx.users.create(each)
        await tx.users.add_auth_session(auth)
        await tx.applications.create(application)
    (login,) = (await store.logins.find_many([auth.token_hash])).values()
    assert (login.account, login.application) == (bot, application)


async def test_login_of_a_bot_has_no_direct_channels(store: Store) -> None:
    owner, bot = new_account(1), new_account(2, bot=True)
    auths = [new_auth_session(10 + place, each.user.id) for place, each in enumerate((owner, bot))]
    channel = new_direct_channel(40, owner.user.id, bot.user.id)
    async with store.write(users=[owner.user.id, bot.user.id]) as tx:
        for account in (owner, bot):
            await tx.users.create(account)
        await tx.channels.create(channel)
        for auth in auths:
            await tx.users.add_auth_session(auth)
    found = await store.logins.find_many([auth.token_hash for auth in auths])
    directs = [[each.id for each in found[auth.token_hash].direct_channels] for auth in auths]
    assert directs == [[channel.id], []]


async def test_unknown_tokens_are_absent_and_all_others_are_found(store: Store) -> None:
    guild = new_guild(5000)
    accounts = [new_account(number) for number in range(1, 131)]
    auths = [new_auth_session(1000 + number, account.user.id) for number, account in enumerate(accounts)]
    async with store.write() as tx:
        await tx.guilds.create(guild)
        for account, auth in zip(accounts, auths, strict=True):
            await tx.users.create(account)
            await tx.users.add_auth_session(auth)
            await tx.members.add(guild.id, account.user.id, joined_ms=account.user.id)
    for count in (0, 1, 2, 9, 64, 65, 130):
        asked = [auth.token_hash for auth in auths[:count]]
        found = await store.logins.find_many([*asked, *asked[:3], b"\0" * 32, b""])
        assert found.keys() == set(asked)
        for account, auth in zip(accounts[:count], auths, strict=False):
            login = found[auth.token_hash]
            assert (login.auth, login.account) == (auth, account)
            assert [member.joined_ms for member in login.memberships] == [account.user.id]


async def test_two_logins_of_a_user_share_what_is_the_users(store: Store) -> None:
    account, guild = new_account(1), new_guild(20)
    auths = [new_auth_session(number, account.user.id) for number in (10, 11)]
    async with store.write() as tx:
        await tx.users.create(account)
        await tx.guilds.create(guild)
        await tx.members.add(guild.id, account.user.id, joined_ms=5)
        for auth in auths:
            await tx.users.add_auth_session(auth)
    found = await store.logins.find_many([auth.token_hash for auth in auths])
    assert [found[auth.token_hash].auth.id for auth in auths] == [auth.id for auth in auths]
    assert all(len(login.memberships) == 1 for login in found.values())


async def test_ended_login_is_absent(store: Store) -> None:
    account = new_account(1)
    auth = new_auth_session(10, account.user.id)
    async with store.write() as tx:
        await tx.users.create(account)
        await tx.users.add_auth_session(auth)
    async with store.write() as tx:
        await tx.users.delete_auth_session(auth.id, account.user.id)
    assert await store.logins.find_many([auth.token_hash]) == {}


async def test_revisions_are_as_new_as_what_was_read_before(store: Store, bus: Bus) -> None:
    """Whoever waits for them has heard of every unit whose rows it has seen."""
    heard: list[int] = []
    bus.subscribe(lambda delivery: heard.append(delivery.envelope.id))
    guild = new_guild(1)

    async def make() -> None:
        async with store.write(guilds=[guild.id]) as tx:
            await tx.guilds.create(guild)
            tx.announce(new_envelope(7, guild.id))

    making = asyncio.create_task(make())
    while await store.guilds.find(guild.id) is None:  # noqa: ASYNC110 - a row tells nobody that it is there
        await asyncio.sleep(0)
    await bus.wait_for_revisions(await store.logins.fetch_revisions())
    assert heard == [7]
    await making


async def test_login_has_relationships_with_their_users(store: Store) -> None:
    account, friend, blocked = new_account(1), new_account(2), new_account(3)
    auth = new_auth_session(10, account.user.id)
    sides = tuple(
        Relationship(user_id=account.user.id, other_id=other.user.id, type=kind, nickname=nickname, since_ms=5)
        for other, kind, nickname in (
            (friend, RelationshipType.FRIEND, "Fay"),
            (blocked, RelationshipType.BLOCKED, None),
        )
    )
    async with store.write(users=[account.user.id]) as tx:
        await tx.users.create_many([account, friend, blocked])
        await tx.users.add_auth_session(auth)
        for side in reversed(sides):
            await tx.relationships.put(side)
        await tx.relationships.put(Relationship(user_id=friend.user.id, other_id=account.user.id, type=1))
    (login,) = (await store.logins.find_many([auth.token_hash])).values()
    assert login.relationships == sides
    assert login.related_users == {each.user.id: each.user for each in (friend, blocked)}
