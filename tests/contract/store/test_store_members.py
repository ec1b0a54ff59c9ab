"""Members: joining, roles, pages, search, pruning."""

import msgspec
import pytest

from core.domain.errors import Invalid, UnknownMember, UnknownUser
from core.domain.guilds.member import Member
from core.store.interfaces import Store
from tests.contract.builders import add_guild, add_users, flake, new_account, new_auth_session, new_role
from tests.fakes.clock import START_MS

DAY_MS = 24 * 60 * 60 * 1000


async def add_members(store: Store, *numbers: int, **fields: object) -> None:
    """Add people 10·n… to guild 10."""
    async with store.write() as tx:
        for number in numbers:
            await tx.users.create(new_account(number, **fields))
            await tx.members.add(flake(10), flake(number), joined_ms=START_MS)


async def remove_members(store: Store, *numbers: int) -> None:
    """Remove members in one unit of work."""
    async with store.write() as tx:
        for number in numbers:
            await tx.members.remove(flake(10), flake(number))


async def add_roles(store: Store, *numbers: int) -> None:
    async with store.write() as tx:
        for number in numbers:
            await tx.roles.create(new_role(number, flake(10)))


async def test_added_member_is_returned_and_found(store: Store) -> None:
    await add_guild(store, 10)
    await add_roles(store, 20, 21)
    (user,) = await add_users(store, 2)
    async with store.write() as tx:
        member = await tx.members.add(flake(10), flake(2), joined_ms=5, role_ids=[flake(21), flake(20), flake(21)])
    assert member == Member(guild_id=flake(10), user=user, joined_ms=5, role_ids=(flake(20), flake(21)))
    assert await store.members.find(flake(10), flake(2)) == member
    assert await store.members.find(flake(10), flake(3)) is None
    assert await store.members.find(flake(11), flake(2)) is None


async def test_all_members_of_many_guilds_come_in_order_with_their_roles(store: Store) -> None:
    numbers = range(100, 120)
    await add_users(store, 2, 3)
    for number in numbers:
        await add_guild(store, number)
        role = new_role(1_000 + number, flake(number))
        async with store.write(guilds=[flake(number)]) as tx:
            await tx.roles.create(role)
            await tx.members.add(flake(number), flake(3), joined_ms=START_MS, role_ids=[role.id])
            if number % 2:
                await tx.members.add(flake(number), flake(2), joined_ms=START_MS)
    wanted = [flake(number) for number in (*numbers, 1_000, 100)]
    for count in (0, 1, 2, 5, 16, 17, len(wanted)):
        found = await store.members.list_all(wanted[:count])
        alone = {guild_id: await store.members.list_page(guild_id) for guild_id in wanted[:count]}
        assert found == {guild_id: members for guild_id, members in alone.items() if members}
    assert [len(found[flake(number)]) for number in (100, 101)] == [2, 3]


async def test_add_of_a_member_again_is_none_and_changes_nothing(store: Store) -> None:
    await add_guild(store, 10)
    await add_members(store, 2)
    before = await store.members.find(flake(10), flake(2))
    async with store.write() as tx:
        assert await tx.members.add(flake(10), flake(2), joined_ms=99) is None
    assert await store.members.find(flake(10), flake(2)) == before


async def test_add_of_unknown_user_raises(store: Store) -> None:
    await add_guild(store, 10)
    with pytest.raises(UnknownUser):
        async with store.write() as tx:
            await tx.members.add(flake(10), flake(2), joined_ms=5)


async def test_update_changes_the_named_fields_only(store: Store) -> None:
    await add_guild(store, 10)
    await add_members(store, 2)
    changes = {"nick": "Nick", "avatar": "a", "banner": "b", "bio": "x", "mute": True, "deaf": True}
    changes |= {"pending": True, "flags": 1, "timeout_until_ms": START_MS}
    async with store.write() as tx:
        before = await tx.members.find(flake(10), flake(2))
        updated = await tx.members.update(flake(10), flake(2), changes)
    assert before is not None
    assert updated == msgspec.structs.replace(before, **changes)
    assert await store.members.find(flake(10), flake(2)) == updated


@pytest.mark.parametrize("changes", [{}, {"nick": "x"}, {"role_ids": ()}])
async def test_update_of_unknown_member_raises(store: Store, changes: dict[str, object]) -> None:
    await add_guild(store, 10)
    with pytest.raises(UnknownMember):
        async with store.write() as tx:
            await tx.members.update(flake(10), flake(2), changes)


async def test_update_of_role_ids_replaces_the_set(store: Store) -> None:
    await add_guild(store, 10)
    await add_roles(store, 20, 21, 22)
    await add_members(store, 2)
    async with store.write() as tx:
        await tx.members.update(flake(10), flake(2), {"role_ids": (flake(20), flake(21))})
        updated = await tx.members.update(flake(10), flake(2), {"role_ids": (flake(22), flake(21)), "nick": "n"})
    assert updated.role_ids == (flake(21), flake(22))
    assert updated.nick == "n"
    assert await store.members.find(flake(10), flake(2)) == updated
    async with store.write() as tx:
        assert (await tx.members.update(flake(10), flake(2), {"role_ids": ()})).role_ids == ()


async def test_roles_are_added_and_removed_one_by_one(store: Store) -> None:
    await add_guild(store, 10)
    await add_roles(store, 20, 21)
    await add_members(store, 2)
    async with store.write() as tx:
        await tx.members.add_role(flake(10), flake(2), flake(21))
        await tx.members.add_role(flake(10), flake(2), flake(21))
        added = await tx.members.add_role(flake(10), flake(2), flake(20))
        assert added.role_ids == (flake(20), flake(21))
        removed = await tx.members.remove_role(flake(10), flake(2), flake(21))
        assert removed.role_ids == (flake(20),)
        assert await tx.members.remove_role(flake(10), flake(2), flake(21)) == removed
    assert await store.members.find(flake(10), flake(2)) == removed


async def test_roles_of_unknown_member_raise(store: Store) -> None:
    await add_guild(store, 10)
    await add_roles(store, 20)
    for change in ("add_role", "remove_role"):
        with pytest.raises(UnknownMember):
            async with store.write() as tx:
                await getattr(tx.members, change)(flake(10), flake(2), flake(20))


async def test_member_who_left_timed_out_comes_back_timed_out_until_that_is_over(store: Store) -> None:
    await add_guild(store, 10)
    await add_members(store, 2)
    until_ms = START_MS + DAY_MS
    for joined_ms, expected in ((START_MS + 1, until_ms), (until_ms - 1, until_ms), (until_ms, 0), (until_ms + 1, 0)):
        async with store.write() as tx:
            if expected:
                await tx.members.update(flake(10), flake(2), {"timeout_until_ms": until_ms})
            await tx.members.remove(flake(10), flake(2))
            member = await tx.members.add(flake(10), flake(2), joined_ms=joined_ms)
        assert member is not None
        assert member.timeout_until_ms == expected
        assert await store.members.find(flake(10), flake(2)) == member


async def test_removed_member_is_returned_and_gone(store: Store) -> None:
    await add_guild(store, 10)
    await add_roles(store, 20)
    await add_members(store, 2)
    async with store.write() as tx:
        member = await tx.members.add_role(flake(10), flake(2), flake(20))
        assert await tx.members.remove(flake(10), flake(2)) == member
    assert await store.members.find(flake(10), flake(2)) is None
    assert await store.members.count_by_role(flake(10)) == {}
    with pytest.raises(UnknownMember):
        async with store.write() as tx:
            await tx.members.remove(flake(10), flake(2))


async def test_rejoining_member_has_no_old_roles(store: Store) -> None:
    await add_guild(store, 10)
    await add_roles(store, 20)
    await add_members(store, 2)
    async with store.write() as tx:
        await tx.members.add_role(flake(10), flake(2), flake(20))
        await tx.members.remove(flake(10), flake(2))
        member = await tx.members.add(flake(10), flake(2), joined_ms=START_MS)
    assert member is not None
    assert member.role_ids == ()


async def test_list_page_is_by_ascending_user_id(store: Store) -> None:
    await add_guild(store, 10)
    await add_guild(store, 11)
    await add_members(store, 5, 3, 4, 2)

    async def ids(**bounds: int) -> list[int]:
        return [member.user.id - flake(0) for member in await store.members.list_page(flake(10), **bounds)]

    assert await ids() == [1, 2, 3, 4, 5]
    assert await ids(limit=2) == [1, 2]
    assert await ids(after=flake(2), limit=2) == [3, 4]
    assert await ids(after=flake(5)) == []


async def test_find_many_returns_those_who_are_members(store: Store) -> None:
    await add_guild(store, 10)
    await add_members(store, 2, 3)
    await add_users(store, 4)
    found = await store.members.find_many(flake(10), [flake(3), flake(4), flake(2), flake(99)])
    assert [member.user.id for member in found] == [flake(2), flake(3)]
    assert await store.members.find_many(flake(10), []) == []


async def test_search_matches_the_start_of_any_name_without_case(store: Store) -> None:
    await add_guild(store, 10, owner=9)
    await add_members(store, 2, username="Ännchen")
    await add_members(store, 3, username="zz", global_name="äNNi")
    await add_members(store, 4, username="xx", global_name="yy")
    await add_members(store, 5, username="männ")
    async with store.write() as tx:
        await tx.members.update(flake(10), flake(4), {"nick": "ÄNN"})

    async def ids(prefix: str, limit: int = 100) -> list[int]:
        return [member.user.id - flake(0) for member in await store.members.search(flake(10), prefix, limit)]

    assert await ids("änn") == [2, 3, 4]
    assert await ids("ÄNN", limit=2) == [2, 3]
    assert await ids("yy") == [4]
    assert await ids("nothing") == []
    assert await ids("") == [2, 3, 4, 5, 9]


@pytest.mark.parametrize("prefix", ["%", "_", "/", "\\", "a%"])
async def test_search_takes_wildcards_as_letters(store: Store, prefix: str) -> None:
    await add_guild(store, 10)
    await add_members(store, 2, username="a", global_name=f"{prefix}x")
    assert [member.user.id for member in await store.members.search(flake(10), prefix, 10)] == [flake(2)]


async def test_search_follows_changed_names(store: Store) -> None:
    await add_guild(store, 10)
    await add_members(store, 2)
    async with store.write() as tx:
        await tx.users.update(flake(2), {"global_name": "Neu", "username": "fresh"})
        assert len(await tx.members.search(flake(10), "neu", 10)) == 1
        assert len(await tx.members.search(flake(10), "fre", 10)) == 1
        await tx.users.update(flake(2), {"global_name": None})
        assert await tx.members.search(flake(10), "neu", 10) == []


async def test_counts(store: Store) -> None:
    await add_guild(store, 10)
    await add_roles(store, 20, 21)
    await add_members(store, 2, 3)
    async with store.write() as tx:
        await tx.members.add_role(flake(10), flake(2), flake(20))
        await tx.members.add_role(flake(10), flake(3), flake(20))
        await tx.members.add_role(flake(10), flake(3), flake(21))
    assert await store.members.count(flake(10)) == 3
    assert await store.members.count(flake(11)) == 0
    assert await store.members.count_by_role(flake(10)) == {flake(20): 2, flake(21): 1}
    ids = await store.members.list_ids_of_role(flake(10), flake(20), limit=5)
    assert (len(ids), ids) == (2, sorted(ids))
    assert await store.members.list_ids_of_role(flake(10), flake(20), limit=1) == ids[:1]
    assert await store.members.list_ids_of_role(flake(10), flake(21), limit=5) == [flake(3)]
    assert await store.members.list_ids_of_role(flake(11), flake(20), limit=5) == []


async def test_list_prunable_spares_owner_bots_roles_and_the_active(store: Store) -> None:
    await add_guild(store, 10)
    await add_roles(store, 20, 21)
    await add_members(store, 2, 3, 4, 5, 7)
    await add_members(store, 6, bot=True)
    now_ms = START_MS + 10 * DAY_MS
    async with store.write() as tx:
        await tx.members.add_role(flake(10), flake(3), flake(20))
        await tx.members.add_role(flake(10), flake(4), flake(21))
        await tx.users.add_auth_session(new_auth_session(50, flake(5), last_used_ms=now_ms))
        await tx.users.add_auth_session(new_auth_session(51, flake(7), last_used_ms=START_MS))
        await tx.users.create(new_account(8))
        await tx.members.add(flake(10), flake(8), joined_ms=now_ms)

    async def prunable(*role_numbers: int) -> list[int]:
        role_ids = [flake(number) for number in role_numbers]
        since_ms = now_ms - 7 * DAY_MS
        found = await store.members.list_prunable(flake(10), inactive_since_ms=since_ms, role_ids=role_ids)
        return [user_id - flake(0) for user_id in found]

    assert await prunable() == [2, 7]
    assert await prunable(20) == [2, 3, 7]
    assert await prunable(20, 21) == [2, 3, 4, 7]


async def test_list_temporary_is_of_the_users_temporary_memberships_without_roles(store: Store) -> None:
    for number in (10, 11, 12, 13):
        await add_guild(store, number)
    await add_roles(store, 20)
    await add_users(store, 2, 3)
    async with store.write() as tx:
        for number in (12, 10, 13):
            added = await tx.members.add(flake(number), flake(2), joined_ms=START_MS, is_temporary=True)
            assert added is not None
            assert added.is_temporary
            assert await tx.members.find(flake(number), flake(2)) == added
        await tx.members.add(flake(11), flake(2), joined_ms=START_MS)
        await tx.members.add(flake(11), flake(3), joined_ms=START_MS, is_temporary=True)
        await tx.guilds.update(flake(13), {"owner_id": flake(2)})
    assert await store.members.list_temporary(flake(2)) == [flake(10), flake(12)]
    assert await store.members.list_temporary(flake(1)) == []
    async with store.write() as tx:
        await tx.members.add_role(flake(10), flake(2), flake(20))
        assert await tx.members.list_temporary(flake(2)) == [flake(12)]
        await tx.members.remove(flake(12), flake(2))
        await tx.members.add(flake(12), flake(2), joined_ms=START_MS)
    assert await store.members.list_temporary(flake(2)) == []


async def test_search_of_a_large_guild_goes_by_the_indexes_and_finds_the_same(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.store.sql.aggregates.guilds.members.SCANNED_MEMBERS", 0)
    await test_search_matches_the_start_of_any_name_without_case(store)


@pytest.mark.parametrize("prefix", ["%", "_", "/", "\\", "a%"])
async def test_search_of_a_large_guild_takes_wildcards_as_letters(
    store: Store, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.store.sql.aggregates.guilds.members.SCANNED_MEMBERS", 0)
    await test_search_takes_wildcards_as_letters(store, prefix)


async def test_search_of_a_large_guild_leaves_others_guilds_members_out(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.store.sql.aggregates.guilds.members.SCANNED_MEMBERS", 0)
    await add_guild(store, 10)
    await add_guild(store, 11, owner=9)
    await add_members(store, 2, username="anna")
    async with store.write() as tx:
        await tx.users.create(new_account(3, username="annika"))
        await tx.members.add(flake(11), flake(3), joined_ms=START_MS)
        await tx.members.update(flake(11), flake(9), {"nick": "anni"})
    assert [member.user.id for member in await store.members.search(flake(10), "ann", 10)] == [flake(2)]
    assert [member.user.id for member in await store.members.search(flake(11), "ann", 10)] == [flake(3), flake(9)]
    assert len(await store.members.search(flake(11), "ann", 1)) == 1


async def test_members_added_in_bulk_are_found_counted_and_have_their_roles(store: Store) -> None:
    await add_guild(store, 10)
    await add_roles(store, 20, 21)
    accounts = [new_account(number) for number in (2, 3)]
    added = [
        Member(guild_id=flake(10), user=accounts[0].user, joined_ms=5, nick="Än", role_ids=(flake(20), flake(21))),
        Member(guild_id=flake(10), user=accounts[1].user, joined_ms=6, is_temporary=True),
    ]
    async with store.write() as tx:
        await tx.users.create_many(accounts)
        await tx.members.add_many(added)
        await tx.users.add_auth_sessions([new_auth_session(50, flake(2)), new_auth_session(51, flake(3))])
        await tx.users.create_many([])
        await tx.members.add_many([])
        await tx.users.add_auth_sessions([])
    assert await store.members.find_many(flake(10), [flake(2), flake(3)]) == added
    assert [member.user.id for member in await store.members.search(flake(10), "än", 5)] == [flake(2)]
    assert await store.members.count(flake(10)) == 3
    assert len(await store.users.list_auth_sessions(flake(3))) == 1
    found = await store.users.find_by_username("user3")
    assert found == accounts[1].user


async def test_accounts_in_bulk_with_a_taken_name_are_refused_and_none_is_made(store: Store) -> None:
    with pytest.raises(Invalid):
        async with store.write() as tx:
            await tx.users.create_many([new_account(2), new_account(3, username="USER2")])
    assert await store.users.find(flake(2)) is None


async def test_count_follows_coming_and_going_and_units_that_fail(store: Store) -> None:
    await add_guild(store, 10)
    await add_members(store, 2, 3)
    async with store.write() as tx:
        await tx.members.remove(flake(10), flake(2))
        assert await tx.members.count(flake(10)) == 2
    with pytest.raises(UnknownMember):
        await remove_members(store, 3, 2)
    assert await store.members.count(flake(10)) == 2
    snapshot = await store.guilds.load_snapshot(flake(10))
    assert snapshot is not None
    assert snapshot.member_count == 2
