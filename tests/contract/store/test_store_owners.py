"""Units of common owners run one after another, so what a body has checked is still so when it acts.

Each body is one of the services', without what does not matter here. They say nothing of stores with one writer, which
run alone anyway; a store that lets units run beside each other passes by its locks only.
"""

import asyncio
import json
import random

import msgspec
import pytest

from core.bus.interfaces import Bus, Delivery
from core.domain.channels.channel import Channel, ChannelType
from core.store.interfaces import Store, Transaction
from core.wire.envelope import Envelope
from tests.contract.builders import add_guild, add_users, flake, new_envelope, new_role
from tests.fakes.clock import START_MS

GUILD, USER = flake(10), flake(2)
MAX_ROLES = 5
pytestmark = pytest.mark.timeout(600)


def named(number: int, guild_id: int, username: str) -> Envelope:
    """Make an event of a guild that shows a name."""
    return new_envelope(number, guild_id, payload=msgspec.Raw(json.dumps(username).encode()))


async def test_nobody_is_both_banned_and_a_member(store: Store) -> None:
    await add_guild(store, 10)
    users = await add_users(store, *range(20, 40))

    async def join(user_id: int) -> None:
        async with store.write(users=[user_id], guilds=[GUILD]) as tx:
            if await tx.bans.find(GUILD, user_id) is None:
                await tx.members.add(GUILD, user_id, joined_ms=START_MS)

    async def ban(user_id: int) -> None:
        async with store.write(users=[user_id], guilds=[GUILD]) as tx:
            await tx.bans.put(GUILD, user_id, None)
            if await tx.members.find(GUILD, user_id) is not None:
                await tx.members.remove(GUILD, user_id)

    units = [unit(user.id) for user in users for unit in (join, ban)]
    random.Random(1).shuffle(units)
    await asyncio.gather(*units)
    for user in users:
        assert await store.bans.find(GUILD, user.id) is not None
        assert await store.members.find(GUILD, user.id) is None
    snapshot = await store.guilds.load_snapshot(GUILD)
    assert snapshot is not None
    assert snapshot.member_count == 1


async def test_two_who_open_their_channel_at_once_get_the_same_one(store: Store) -> None:
    await add_users(store, 1, 2)

    async def open_channel(channel_id: int, one: int, other: int) -> int:
        async with store.write(users=[one, other]) as tx:
            found = await tx.channels.find_direct(one, other)
            if found is None:
                found = Channel(id=channel_id, type=ChannelType.DM, recipient_ids=(one, other))
                await tx.channels.create(found)
            return found.id

    sides = [(flake(1), flake(2)), (flake(2), flake(1))]
    opened = await asyncio.gather(*(open_channel(flake(30 + place), *sides[place % 2]) for place in range(10)))
    assert len(set(opened)) == 1


async def test_a_bound_holds_for_those_who_come_at_once(store: Store) -> None:
    await add_guild(store, 10)

    async def create(number: int) -> bool:
        async with store.write(guilds=[GUILD]) as tx:
            if len(await tx.roles.list_of_guild(GUILD)) >= MAX_ROLES:
                return False
            await tx.roles.create(new_role(number, GUILD))
            return True

    made = await asyncio.gather(*(create(number) for number in range(20, 32)))
    assert sum(made) == MAX_ROLES - 1  # @everyone was there


async def _rename(tx: Transaction, username: str) -> None:
    await tx.lock(guilds=await tx.guilds.list_ids_of_user(USER))
    await tx.users.update(USER, {"username": username})
    for guild_id in await tx.guilds.list_ids_of_user(USER):
        tx.announce(named(1, guild_id, username))


@pytest.mark.parametrize("times", range(5))
async def test_the_last_word_about_a_name_is_the_name_in_every_guild(store: Store, bus: Bus, times: int) -> None:
    guilds = [(await add_guild(store, 10 + place)).id for place in range(4)]
    await add_users(store, 2)
    told: dict[int, str] = {}

    def hear(delivery: Delivery) -> None:
        told[delivery.envelope.guild_id] = json.loads(bytes(delivery.envelope.payload))

    bus.subscribe(hear)

    async def join(guild_id: int) -> None:
        async with store.write(users=[USER], guilds=[guild_id]) as tx:
            member = await tx.members.add(guild_id, USER, joined_ms=START_MS)
            assert member is not None
            tx.announce(named(2, guild_id, member.user.username))

    async def change(guild_id: int) -> None:
        """Change the membership, which shows the name too, and names the guild alone."""
        async with store.write(guilds=[guild_id]) as tx:
            if await tx.members.find(guild_id, USER) is not None:
                member = await tx.members.update(guild_id, USER, {"nick": "nick"})
                tx.announce(named(3, guild_id, member.user.username))

    async def rename(username: str) -> None:
        async with store.write(users=[USER]) as tx:
            await _rename(tx, username)

    units = [*map(join, guilds), *map(rename, ("one", "two", "three")), *map(change, guilds * 2)]
    random.Random(times).shuffle(units)
    await asyncio.gather(*units)
    user = await store.users.find(USER)
    assert user is not None
    assert told == dict.fromkeys(guilds, user.username)


async def test_units_that_name_the_same_owners_in_other_orders_all_end(store: Store, bus: Bus) -> None:
    source = random.Random(7)
    users, guilds = [flake(number) for number in range(1, 7)], [flake(number) for number in range(11, 17)]

    async def write(number: int) -> None:
        some_users = source.sample(users, source.randint(1, 4))
        some_guilds = source.sample(guilds, source.randint(1, 4))
        if number % 3:
            async with store.write(users=some_users, guilds=some_guilds) as tx:
                tx.announce(new_envelope(number, some_guilds[0]))
        else:
            async with store.write(users=some_users) as tx:
                await tx.lock(guilds=some_guilds)
                tx.announce(new_envelope(number, some_guilds[0]), new_envelope(1000 + number, user_id=some_users[0]))

    heard: set[int] = set()
    bus.subscribe(lambda delivery: heard.add(delivery.envelope.id))
    await asyncio.gather(*(write(number) for number in range(100)))
    assert {number for number in heard if number < 1000} == set(range(100))
