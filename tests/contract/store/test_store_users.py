"""Users: accounts, uniqueness, logins."""

import asyncio

import msgspec
import pytest

from core.domain.errors import Invalid, UnknownSession, UnknownUser
from core.domain.people.user import Account, User
from core.store.interfaces import Store
from tests.contract.builders import add_users, flake, new_account, new_auth_session

FULL = Account(
    user=User(
        id=flake(7),
        username="Ærø",
        global_name="Ærø Ø",
        avatar="a_1",
        banner="b",
        accent_color=0xFFFFFF,
        bio="line\nline 🐘",
        bot=False,
        flags=1 << 40,
        locale="da",
    ),
    email="Some.One@Example.org",
    password_hash="$argon2id$x",
    birth_date="2000-02-29",
)


def fields_of(error: Invalid) -> list[tuple[tuple[str | int, ...], str]]:
    return [(field.path, field.code) for field in error.fields]


async def test_created_account_is_found_with_every_field(store: Store) -> None:
    async with store.write() as tx:
        await tx.users.create(FULL)
    assert await store.users.find_account(FULL.user.id) == FULL
    assert await store.users.find(FULL.user.id) == FULL.user


async def test_unknown_user_is_none(store: Store) -> None:
    assert await store.users.find(flake(1)) is None
    assert await store.users.find_account(flake(1)) is None
    assert await store.users.find_account_by_email("x@y.z") is None
    assert await store.users.find_by_username("x") is None


async def test_email_is_found_without_case(store: Store) -> None:
    async with store.write() as tx:
        await tx.users.create(FULL)
    assert await store.users.find_account_by_email("sOME.oNE@example.ORG") == FULL


async def test_username_is_found_without_case_beyond_ascii(store: Store) -> None:
    async with store.write() as tx:
        await tx.users.create(FULL)
    assert await store.users.find_by_username("ÆRØ") == FULL.user


async def test_find_many_returns_those_that_exist(store: Store) -> None:
    users = await add_users(store, 1, 2, 3)
    found = await store.users.find_many([users[0].id, users[2].id, flake(99), users[0].id])
    assert found == {users[0].id: users[0], users[2].id: users[2]}
    assert await store.users.find_many([]) == {}


@pytest.mark.parametrize("number", [1_000])
async def test_find_many_takes_long_lists(store: Store, number: int) -> None:
    users = await add_users(store, *range(number))
    assert await store.users.find_many([user.id for user in users]) == {user.id: user for user in users}


async def test_username_taken_without_case_is_invalid(store: Store) -> None:
    await add_users(store, 1)
    with pytest.raises(Invalid) as raised:
        async with store.write() as tx:
            await tx.users.create(new_account(2, username="USER1"))
    assert fields_of(raised.value) == [(("username",), "USERNAME_ALREADY_TAKEN")]
    assert await store.users.find(flake(2)) is None


async def test_email_taken_without_case_is_invalid(store: Store) -> None:
    async with store.write() as tx:
        await tx.users.create(FULL)
    with pytest.raises(Invalid) as raised:
        async with store.write() as tx:
            await tx.users.create(new_account(2, email="SOME.one@example.org"))
    assert fields_of(raised.value) == [(("email",), "EMAIL_ALREADY_REGISTERED")]


async def test_both_taken_are_named_together(store: Store) -> None:
    async with store.write() as tx:
        await tx.users.create(FULL)
    with pytest.raises(Invalid) as raised:
        async with store.write() as tx:
            await tx.users.create(new_account(2, username="ærø", email="some.one@example.org"))
    assert {code for _, code in fields_of(raised.value)} == {"USERNAME_ALREADY_TAKEN", "EMAIL_ALREADY_REGISTERED"}


async def test_taken_field_of_many_accounts_is_named(store: Store) -> None:
    """No check comes before these rows, so the name is that of the database's constraint."""
    await add_users(store, 1)
    for account, code in (
        (new_account(2, username="USER1"), "USERNAME_ALREADY_TAKEN"),
        (new_account(2, username="user2", email="Two@example.org"), "EMAIL_ALREADY_REGISTERED"),
    ):
        with pytest.raises(Invalid) as raised:
            async with store.write() as tx:
                await tx.users.create_many([new_account(3, email="two@example.org"), account])
        assert [found for _, found in fields_of(raised.value)] == [code]
    assert await store.users.find(flake(3)) is None


@pytest.mark.parametrize("times", range(5))
async def test_of_many_who_take_one_name_at_once_one_gets_it(store: Store, times: int) -> None:
    """Their units have no common owner, so where units run beside each other only the constraint decides."""

    async def create(number: int) -> None:
        async with store.write(users=[flake(number)]) as tx:
            await tx.users.create(new_account(number, username="Same" if number % 2 else "sAME"))

    async def rename(number: int) -> None:
        async with store.write(users=[flake(number)]) as tx:
            await tx.users.update(flake(number), {"username": "same"})

    await add_users(store, 30, 31, 32)
    attempts = [*(create(number) for number in range(1, 6)), *(rename(number) for number in (30, 31, 32))]
    results = await asyncio.gather(*attempts, return_exceptions=True)
    refusals = [result for result in results if result is not None]
    assert len(refusals) == len(attempts) - 1
    for refusal in refusals:
        assert isinstance(refusal, Invalid)
        assert fields_of(refusal) == [(("username",), "USERNAME_ALREADY_TAKEN")]


async def test_bots_may_share_names_with_everybody(store: Store) -> None:
    async with store.write() as tx:
        await tx.users.create(new_account(1, username="same"))
        await tx.users.create(new_account(2, username="same", bot=True))
        await tx.users.create(new_account(3, username="same", bot=True))
    found = await store.users.find_by_username("same")
    assert found is not None
    assert found.id == flake(1)


async def test_accounts_without_email_do_not_collide(store: Store) -> None:
    await add_users(store, 1, 2)
    assert await store.users.find_account(flake(2)) == new_account(2)


async def test_update_changes_the_named_fields_only(store: Store) -> None:
    async with store.write() as tx:
        await tx.users.create(FULL)
    async with store.write() as tx:
        updated = await tx.users.update(FULL.user.id, {"bio": "new", "email": "new@x.y", "password_hash": "h"})
    expected = msgspec.structs.replace(
        FULL, user=msgspec.structs.replace(FULL.user, bio="new"), email="new@x.y", password_hash="h"
    )
    assert updated == expected
    assert await store.users.find_account(FULL.user.id) == expected
    assert await store.users.find_account_by_email("NEW@x.y") == expected
    assert await store.users.find_account_by_email("some.one@example.org") is None


async def test_update_of_username_frees_the_old_one(store: Store) -> None:
    await add_users(store, 1)
    async with store.write() as tx:
        await tx.users.update(flake(1), {"username": "other"})
        await tx.users.create(new_account(2, username="user1"))
    found = await store.users.find_by_username("OTHER")
    assert found is not None
    assert found.id == flake(1)


async def test_update_to_own_name_in_other_case_is_allowed(store: Store) -> None:
    await add_users(store, 1)
    async with store.write() as tx:
        updated = await tx.users.update(flake(1), {"username": "USER1"})
    assert updated.user.username == "USER1"


async def test_update_to_a_taken_name_is_invalid(store: Store) -> None:
    await add_users(store, 1, 2)
    with pytest.raises(Invalid):
        async with store.write() as tx:
            await tx.users.update(flake(2), {"username": "User1"})


async def test_update_of_unknown_user_raises(store: Store) -> None:
    with pytest.raises(UnknownUser):
        async with store.write() as tx:
            await tx.users.update(flake(1), {"bio": "x"})


async def test_update_with_no_changes_returns_the_account(store: Store) -> None:
    await add_users(store, 1)
    async with store.write() as tx:
        assert await tx.users.update(flake(1), {}) == new_account(1)


async def test_auth_session_is_found_by_token_hash(store: Store) -> None:
    await add_users(store, 1)
    session = new_auth_session(5, flake(1), user_agent="x", address="::1", last_used_ms=9)
    async with store.write() as tx:
        await tx.users.add_auth_session(session)
    assert await store.users.find_auth_session(session.token_hash) == session
    assert await store.users.find_auth_session(b"\0" * 32) is None


async def test_auth_sessions_are_listed_by_id(store: Store) -> None:
    await add_users(store, 1, 2)
    sessions = [new_auth_session(number, flake(1)) for number in (6, 5)]
    async with store.write() as tx:
        for session in [*sessions, new_auth_session(7, flake(2))]:
            await tx.users.add_auth_session(session)
    assert await store.users.list_auth_sessions(flake(1)) == sessions[::-1]


async def test_deleted_auth_session_is_gone(store: Store) -> None:
    await add_users(store, 1)
    session = new_auth_session(5, flake(1))
    async with store.write() as tx:
        await tx.users.add_auth_session(session)
        await tx.users.delete_auth_session(session.id, flake(1))
    assert await store.users.find_auth_session(session.token_hash) is None


async def test_auth_session_of_somebody_else_cannot_be_deleted(store: Store) -> None:
    await add_users(store, 1, 2)
    async with store.write() as tx:
        await tx.users.add_auth_session(new_auth_session(5, flake(1)))
    with pytest.raises(UnknownSession):
        async with store.write() as tx:
            await tx.users.delete_auth_session(flake(5), flake(2))
    assert len(await store.users.list_auth_sessions(flake(1))) == 1


async def test_all_auth_sessions_of_a_user_are_deleted_together(store: Store) -> None:
    await add_users(store, 1, 2)
    async with store.write() as tx:
        for number, owner in ((5, 1), (6, 1), (7, 2)):
            await tx.users.add_auth_session(new_auth_session(number, flake(owner)))
        assert await tx.users.delete_auth_sessions_of(flake(1)) == [flake(5), flake(6)]
        assert await tx.users.delete_auth_sessions_of(flake(1)) == []
    assert await store.users.list_auth_sessions(flake(1)) == []
    assert len(await store.users.list_auth_sessions(flake(2))) == 1


async def test_touched_auth_sessions_say_when_they_were_used(store: Store) -> None:
    await add_users(store, 1)
    used, idle = new_auth_session(5, flake(1)), new_auth_session(6, flake(1))
    async with store.write() as tx:
        await tx.users.add_auth_session(used)
        await tx.users.add_auth_session(idle)
        await tx.users.touch_auth_sessions([used.id, flake(99)], 1_999)
    assert await store.users.find_auth_session(used.token_hash) == msgspec.structs.replace(used, last_used_ms=1_999)
    assert await store.users.find_auth_session(idle.token_hash) == idle
