"""Staff, suspensions, invites to register, the instance's log, and the pages of accounts and guilds."""

import asyncio

import msgspec
import pytest

from core.domain.errors import UnknownInvite, UnknownReport, UnknownStaffToken
from core.domain.instance.instance_log import InstanceLogEntry
from core.domain.instance.registration import RegistrationInvite
from core.domain.instance.report import Report
from core.domain.instance.staff import OPERATOR_ID, StaffMember, StaffToken
from core.domain.instance.suspension import Suspension
from core.store.interfaces import Store
from tests.contract.builders import add_guild, add_users, flake


def token(number: int, user: int, *, expires_ms: int = 0) -> StaffToken:
    return StaffToken(
        id=flake(number), user_id=flake(user), token_hash=bytes([number]) * 32, created_ms=1, expires_ms=expires_ms
    )


def entry(number: int, *, actor: int = 1, target: str = "5", reason: str | None = None) -> InstanceLogEntry:
    return InstanceLogEntry(
        id=flake(number),
        at_ms=number,
        actor_id=flake(actor),
        action="user.suspend",
        target=target,
        reason=reason,
        details={"until": "ever"},
    )


async def test_staff_is_found_by_id_and_token_and_keeps_tokens_with_another_role(store: Store) -> None:
    await add_users(store, 1, 2)
    async with store.write(users=[flake(1)]) as tx:
        await tx.staff.put(StaffMember(user_id=flake(1), role="reader", since_ms=5))
        await tx.staff.add_token(token(7, 1))
        await tx.staff.add_token(token(8, 1, expires_ms=9))
    async with store.write(users=[flake(1)]) as tx:
        await tx.staff.put(StaffMember(user_id=flake(1), role="owner", since_ms=50))
    owner = StaffMember(user_id=flake(1), role="owner", since_ms=5)
    assert await store.staff.find(flake(1)) == owner
    assert await store.staff.list_all() == [owner]
    assert await store.staff.find_by_token(bytes([8]) * 32) == (owner, token(8, 1, expires_ms=9))
    assert await store.staff.find_by_token(bytes([9]) * 32) is None
    assert await store.staff.list_tokens(flake(1)) == [token(7, 1), token(8, 1, expires_ms=9)]


async def test_tokens_of_staff_are_deleted_one_by_one_and_with_their_member(store: Store) -> None:
    await add_users(store, 1)
    async with store.write(users=[flake(1)]) as tx:
        await tx.staff.put(StaffMember(user_id=flake(1), role="reader", since_ms=5))
        for number in (7, 8, 9):
            await tx.staff.add_token(token(number, 1))
        await tx.staff.delete_token(flake(7), flake(1))
        with pytest.raises(UnknownStaffToken):
            await tx.staff.delete_token(flake(8), flake(2))
    assert await store.staff.list_tokens(flake(1)) == [token(8, 1), token(9, 1)]
    async with store.write(users=[flake(1)]) as tx:
        await tx.staff.remove(flake(1))
    assert await store.staff.find(flake(1)) is None
    assert await store.staff.find_by_token(bytes([8]) * 32) is None


async def test_suspension_is_found_replaced_and_lifted(store: Store) -> None:
    await add_users(store, 1, 2)
    first = Suspension(user_id=flake(1), actor_id=0, since_ms=5, reason="spam")
    second = Suspension(user_id=flake(1), actor_id=flake(2), since_ms=6)
    for suspension in (first, second):
        async with store.write(users=[flake(1)]) as tx:
            await tx.suspensions.put(suspension)
        assert await store.suspensions.find(flake(1)) == suspension
    assert await store.suspensions.find_many([flake(1), flake(2)]) == {flake(1): second}
    async with store.write(users=[flake(1)]) as tx:
        await tx.suspensions.delete(flake(1))
    assert await store.suspensions.find(flake(1)) is None


async def test_mode_of_registration_is_set_and_given_back_to_the_settings(store: Store) -> None:
    assert await store.registration.find_mode() is None
    for mode in ("closed", "invite", None):
        async with store.write() as tx:
            await tx.registration.set_mode(mode)  # type: ignore[arg-type]
        assert await store.registration.find_mode() == mode


async def test_invite_to_register_is_used_up_by_concurrent_units(store: Store) -> None:
    invite = RegistrationInvite(code="aBc", creator_id=0, created_ms=1, expires_ms=100, max_uses=2)
    async with store.write() as tx:
        await tx.registration.create_invite(invite)

    async def use(now_ms: int = 5) -> bool:
        async with store.write() as tx:
            return await tx.registration.use_invite("aBc", now_ms)

    assert not await use(100)
    assert sorted(await asyncio.gather(*(use() for _ in range(4)))) == [False, False, True, True]
    found = await store.registration.find_invite("aBc")
    assert found is not None
    assert found.uses == 2
    assert await store.registration.find_invite("abc") is None
    assert await store.registration.list_invites() == [found]
    async with store.write() as tx:
        await tx.registration.delete_invite("aBc")
        with pytest.raises(UnknownInvite):
            await tx.registration.delete_invite("aBc")


async def test_log_is_read_newest_first_by_page_actor_and_target(store: Store) -> None:
    entries = [entry(1, reason="a"), entry(2, actor=2), entry(3, target="6"), entry(4)]
    for each in entries:
        async with store.write() as tx:
            await tx.instance_log.append(each)
    log = store.instance_log
    assert await log.list_page(limit=10) == entries[::-1]
    assert await log.list_page(limit=2, before=flake(4)) == [entries[2], entries[1]]
    assert await log.list_page(limit=10, actor_id=flake(2)) == [entries[1]]
    assert await log.list_page(limit=10, target="5") == [entries[3], entries[1], entries[0]]


async def test_accounts_are_listed_in_pages_and_by_the_beginning_of_their_names(store: Store) -> None:
    await add_users(store, 1, 2, 3)
    everybody = await store.users.list_page(limit=10)
    assert [each.user.id for each in everybody] == [flake(1), flake(2), flake(3)]
    assert await store.users.list_page(limit=1, after=flake(1)) == everybody[1:2]
    name = everybody[2].user.username
    assert await store.users.list_page(search=name.upper(), limit=10) == everybody[2:]
    assert await store.users.list_page(search="%", limit=10) == []


async def test_guilds_are_listed_in_pages_by_name_and_by_owner(store: Store) -> None:
    first, second = await add_guild(store, 7, owner=1), await add_guild(store, 8, owner=2)
    assert await store.guilds.list_page(limit=10) == [first, second]
    assert await store.guilds.list_page(limit=10, after=first.id) == [second]
    assert await store.guilds.list_page(search=first.name.upper(), limit=10) == [first]
    assert await store.guilds.list_page(search="_%", limit=10) == []
    assert await store.guilds.list_ids_of_owner(flake(1)) == [first.id]
    assert await store.guilds.list_ids_of_owner(flake(9)) == []


async def test_limits_are_set_replaced_and_given_back_to_the_settings(store: Store) -> None:
    assert await store.limits.find_set() == {}
    for limits in ({"channel_messages": 5, "enabled": False, "typing_interval_s": 0.5}, {"channel_messages": 6}, {}):
        async with store.write(users=[OPERATOR_ID]) as tx:
            await tx.limits.put(limits)
            assert await tx.limits.find_set() == limits
        assert await store.limits.find_set() == limits
    async with store.write(users=[OPERATOR_ID]) as tx:
        await tx.registration.set_mode("closed")
        await tx.limits.put({"group_recipients": 3})
    assert await store.registration.find_mode() == "closed"


def report(number: int, reporter: int, *, user: int = 0, message: int = 0) -> Report:
    return Report(
        id=flake(number),
        kind="message" if message else "user",
        reporter_id=flake(reporter),
        created_ms=number,
        reason="Spam",
        user_id=user and flake(user),
        message_id=message and flake(message),
        content="Buy!" if message else "",
    )


async def test_reports_are_found_while_they_are_open_and_listed_by_their_state(store: Store) -> None:
    await add_users(store, 1, 2)
    first, second, third = report(10, 1, user=2), report(11, 1, user=2, message=5), report(12, 2, user=2)
    for each in (first, second, third):
        async with store.write(users=[each.reporter_id]) as tx:
            await tx.reports.add(each)
    assert await store.reports.list_page(is_open=True, before=None, limit=2) == [third, second]
    assert await store.reports.list_page(is_open=True, before=second.id, limit=2) == [first]
    again = msgspec.structs.replace(first, id=flake(20))
    assert await store.reports.find_open(again) == first
    async with store.write(users=[flake(1)]) as tx:
        await tx.reports.resolve(first.id, resolver_id=flake(2), at_ms=50, resolution="warned")
    resolved = msgspec.structs.replace(first, resolver_id=flake(2), resolved_ms=50, resolution="warned")
    assert await store.reports.find(first.id) == resolved
    assert await store.reports.find_open(again) is None
    assert await store.reports.list_page(is_open=False, before=None, limit=9) == [resolved]
    assert len(await store.reports.list_page(is_open=None, before=None, limit=9)) == 3
    async with store.write(users=[flake(1)]) as tx:
        await tx.reports.reopen(first.id)
        with pytest.raises(UnknownReport):
            await tx.reports.reopen(flake(99))
        with pytest.raises(UnknownReport):
            await tx.reports.resolve(flake(99), resolver_id=0, at_ms=1, resolution=None)
    assert await store.reports.find(first.id) == first
    assert await store.reports.find(flake(99)) is None
