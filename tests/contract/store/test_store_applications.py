"""Applications and their bots."""

import msgspec
import pytest

from core.domain.application import Application
from core.domain.errors import UnknownApplication
from core.store.interfaces import Store
from tests.contract.builders import add_guild, add_users, flake, new_account
from tests.fakes.clock import START_MS


async def add_application(store: Store) -> Application:
    await add_users(store, 1)
    application = Application(
        id=flake(10), owner_id=flake(1), name="app", description="d", icon="i", verify_key="k", tags=("a", "b")
    )
    async with store.write() as tx:
        await tx.applications.create(application)
    return application


async def test_created_application_is_found_with_every_field(store: Store) -> None:
    application = await add_application(store)
    assert await store.applications.find(application.id) == application
    assert await store.applications.find(flake(99)) is None


async def test_bot_leads_to_its_application(store: Store) -> None:
    application = await add_application(store)
    async with store.write() as tx:
        await tx.users.create(new_account(10, bot=True))
        updated = await tx.applications.update(application.id, {"bot_id": flake(10), "flags": 0})
    assert updated == msgspec.structs.replace(application, bot_id=flake(10), flags=0)
    assert await store.applications.find_by_bot(flake(10)) == updated
    assert await store.applications.find_by_bot(flake(1)) is None


async def test_list_by_owner_is_ordered_and_only_the_owners(store: Store) -> None:
    application = await add_application(store)
    await add_users(store, 2)
    other = msgspec.structs.replace(application, id=flake(9))
    async with store.write() as tx:
        await tx.applications.create(other)
        await tx.applications.create(msgspec.structs.replace(application, id=flake(8), owner_id=flake(2)))
    assert await store.applications.list_by_owner(flake(1)) == [other, application]


async def test_count_guilds_counts_the_bots_memberships(store: Store) -> None:
    for number in (20, 21):
        await add_guild(store, number)
    async with store.write() as tx:
        await tx.users.create(new_account(10, bot=True))
        for number in (20, 21):
            await tx.members.add(flake(number), flake(10), joined_ms=START_MS)
    assert await store.applications.count_guilds(flake(10)) == 2
    assert await store.applications.count_guilds(flake(99)) == 0


@pytest.mark.parametrize("changes", [{}, {"name": "x"}])
async def test_update_of_unknown_application_raises(store: Store, changes: dict[str, str]) -> None:
    with pytest.raises(UnknownApplication):
        async with store.write() as tx:
            await tx.applications.update(flake(1), changes)


async def test_update_with_no_changes_returns_the_application(store: Store) -> None:
    application = await add_application(store)
    async with store.write() as tx:
        assert await tx.applications.update(application.id, {}) == application


async def test_list_in_guild_holds_those_whose_bots_are_members(store: Store) -> None:
    application = await add_application(store)
    await add_guild(store, 20)
    assert await store.applications.list_in_guild(flake(20)) == []
    async with store.write() as tx:
        await tx.users.create(new_account(10, bot=True))
        updated = await tx.applications.update(application.id, {"bot_id": flake(10)})
        await tx.members.add(flake(20), flake(10), joined_ms=START_MS)
    assert await store.applications.list_in_guild(flake(20)) == [updated]
    assert await store.applications.list_in_guild(flake(21)) == []
