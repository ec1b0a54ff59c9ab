"""Units of work of several processes at the same time: their owners' locks hold, and their revisions have no gap."""

import asyncio
import random

import pytest

from core.bus.interfaces import Delivery
from core.domain.errors import Conflict
from core.store.sql.postgres.store import PostgresStore
from tests.contract.builders import add_guild, add_users, flake, new_channel, new_envelope, new_guild, new_invite
from tests.fakes.clock import START_MS
from tests.integration.store.conftest import Processes

GUILD = flake(10)


@pytest.fixture
async def stores(processes: Processes) -> list[PostgresStore]:
    """The stores of two processes."""
    return [await processes.open(), await processes.open()]


async def test_order_of_revisions_is_that_of_the_commits(processes: Processes, stores: list[PostgresStore]) -> None:
    heard: list[Delivery] = []
    processes.bus.subscribe(heard.append)
    async with stores[0].write() as tx:
        await tx.guilds.create(new_guild(10, afk_timeout=0))

    async def count(store: PostgresStore) -> None:
        async with store.write(guilds=[GUILD]) as tx:
            guild = await tx.guilds.find(GUILD)
            assert guild is not None
            await tx.guilds.update(GUILD, {"afk_timeout": guild.afk_timeout + 1})
            tx.announce(new_envelope(guild.afk_timeout + 1, GUILD))

    await asyncio.gather(*(count(store) for store in stores * 20))
    assert [delivery.envelope.id for delivery in heard] == list(range(1, 41))
    processes.assert_contiguous()


async def test_revisions_of_many_shards_have_no_gap(processes: Processes, stores: list[PostgresStore]) -> None:
    """Units of several shards, of which some fail, and some name their guilds in their body in any order."""
    order = random.Random(1)

    async def write(store: PostgresStore, number: int) -> None:
        guilds = [flake(each << 22) for each in order.sample(range(1, 9), 3)]
        async with store.write(users=[flake(number)], guilds=() if number % 2 else guilds) as tx:
            if number % 2:
                await tx.lock(guilds=guilds)
            tx.announce(*(new_envelope(number * 10 + place, guild) for place, guild in enumerate(guilds)))
            if number % 5 == 0:
                raise Conflict

    units = [write(store, number) for number, store in enumerate(stores * 20)]
    results = await asyncio.gather(*units, return_exceptions=True)
    assert [number for number, result in enumerate(results) if result is not None] == list(range(0, 40, 5))
    good = [number for number in range(40) if number % 5]
    assert await processes.told() == [number * 10 + place for number in good for place in range(3)]
    processes.assert_contiguous()
    assert sum(await stores[0].outbox.heads()) == len(good) * 3


async def test_user_is_never_banned_and_a_member(stores: list[PostgresStore]) -> None:
    await add_guild(stores[0], 10)  # type: ignore[arg-type]  # messages are not asked for
    await add_users(stores[0], *range(20, 40))  # type: ignore[arg-type]

    async def ban(store: PostgresStore, user_id: int) -> None:
        async with store.write(users=[user_id], guilds=[GUILD]) as tx:
            await tx.bans.put(GUILD, user_id, None)
            if await tx.members.find(GUILD, user_id) is not None:
                await tx.members.remove(GUILD, user_id)

    async def join(store: PostgresStore, user_id: int) -> None:
        async with store.write(users=[user_id], guilds=[GUILD]) as tx:
            if await tx.bans.find(GUILD, user_id) is None:
                await tx.members.add(GUILD, user_id, joined_ms=START_MS)

    users = [flake(number) for number in range(20, 40)]
    units = [unit for user in users for unit in (ban(stores[0], user), join(stores[1], user))]
    await asyncio.gather(*units)
    assert [await stores[0].members.find(GUILD, user) for user in users] == [None] * 20
    assert await stores[0].members.count(GUILD) == 1


async def test_invite_is_used_as_often_as_it_may(stores: list[PostgresStore]) -> None:
    await add_guild(stores[0], 10)  # type: ignore[arg-type]
    await add_users(stores[0], *range(20, 40))  # type: ignore[arg-type]
    async with stores[0].write(guilds=[GUILD]) as tx:
        await tx.channels.create(new_channel(30, GUILD))
        await tx.invites.create(new_invite("code", GUILD, flake(30), max_uses=5))

    async def join(store: PostgresStore, user_id: int) -> None:
        async with store.write(users=[user_id], guilds=[GUILD]) as tx:
            invite = await tx.invites.find("code")
            assert invite is not None
            if invite.uses < invite.max_uses:
                await tx.invites.count_use("code")
                await tx.members.add(GUILD, user_id, joined_ms=START_MS)

    await asyncio.gather(*(join(stores[number % 2], flake(number)) for number in range(20, 40)))
    assert await stores[0].members.count(GUILD) == 1 + 5


async def test_processes_that_open_at_the_same_time_agree(processes: Processes) -> None:
    stores = await asyncio.gather(*(processes.open() for _ in range(4)))
    async with stores[0].write(guilds=[GUILD]) as tx:
        tx.announce(new_envelope(1, GUILD))
    assert sum(await stores[3].outbox.heads()) == 1
