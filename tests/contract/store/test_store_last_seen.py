"""When people were last seen, and how many there are."""

import msgspec

from core.domain.people.last_seen import LastSeen, SeenBy
from core.store.aggregates.instance_counts import InstanceCounts
from core.store.interfaces import Store
from tests.contract.builders import add_guild, add_users, flake, new_account


def entry(user: int, *, seen_by: SeenBy = SeenBy.FRIENDS, seen_ms: int | None = None) -> LastSeen:
    return LastSeen(user_id=flake(user), seen_by=seen_by, seen_ms=seen_ms)


async def put(store: Store, *entries: LastSeen) -> None:
    async with store.write(users=[each.user_id for each in entries]) as tx:
        for each in entries:
            await tx.last_seen.put(each)


async def note(store: Store, seen: dict[int, int]) -> None:
    async with store.write() as tx:
        await tx.last_seen.note({flake(user): at_ms for user, at_ms in seen.items()})


async def test_entry_is_found_with_every_field_and_replaced_as_a_whole(store: Store) -> None:
    await add_users(store, 1, 2)
    await put(store, entry(1, seen_ms=5), entry(2, seen_by=SeenBy.ACQUAINTANCES))
    assert await store.last_seen.find(flake(1)) == entry(1, seen_ms=5)
    await put(store, entry(1, seen_by=SeenBy.ACQUAINTANCES))
    assert await store.last_seen.find(flake(1)) == entry(1, seen_by=SeenBy.ACQUAINTANCES)


async def test_time_is_noted_of_those_who_want_it_and_never_goes_back(store: Store) -> None:
    await add_users(store, 1, 2, 3)
    await put(store, entry(1), entry(2, seen_ms=50))
    await note(store, {1: 10, 2: 40, 3: 30})
    await note(store, {1: 20, 2: 60})
    await note(store, {})
    found = await store.last_seen.find_many([flake(user) for user in range(1, 600)])
    assert found == {flake(1): entry(1, seen_ms=20), flake(2): entry(2, seen_ms=60)}


async def test_entry_is_forgotten_and_that_may_be_repeated(store: Store) -> None:
    await add_users(store, 1)
    await put(store, entry(1, seen_ms=5))
    for _ in range(2):
        async with store.write(users=[flake(1)]) as tx:
            await tx.last_seen.delete(flake(1))
    assert await store.last_seen.find(flake(1)) is None
    assert await store.last_seen.find_many([flake(1)]) == {}


async def test_people_guilds_and_memberships_are_counted_without_bots_among_people(store: Store) -> None:
    await add_guild(store, 7, owner=1)
    await add_users(store, 2)
    bot = new_account(9, email=None, password_hash=None)
    async with store.write() as tx:
        await tx.users.create(msgspec.structs.replace(bot, user=msgspec.structs.replace(bot.user, bot=True)))
    assert await store.instance_counts.count_all() == InstanceCounts(people=2, guilds=1, members=1)
