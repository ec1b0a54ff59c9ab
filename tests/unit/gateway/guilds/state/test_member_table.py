"""Members in memory stay right while rows and events about them race."""

import sys

import msgspec

from core.domain.guilds.member import Member
from core.domain.people.user import User
from core.wire.objects.guilds.member import render_member
from gateway.guilds.state.member_table import KEEP_ALL_BELOW, MemberTable, RowMark, from_row, parse_member


def row(user_id: int, *role_ids: int, nick: str | None = None) -> Member:
    """A row of the store."""
    return Member(
        guild_id=1, user=User(id=user_id, username=f"user{user_id}"), joined_ms=0, role_ids=role_ids, nick=nick
    )


def hold(table: MemberTable, user_id: int) -> RowMark:
    """Hold a user whose row must be read."""
    mark = table.hold(user_id)
    assert mark is not None
    return mark


def test_row_is_taken_when_nothing_happened_meanwhile() -> None:
    table = MemberTable(count=1000)
    table.settle(hold(table, 5), row(5, 7))
    member = table.find(5)
    assert member is not None
    assert member.role_ids == {7}
    table.release(5)
    assert table.find(5) is None


def test_event_that_came_before_the_row_wins() -> None:
    table = MemberTable(count=1000)
    mark = hold(table, 5)
    table.put(from_row(row(5, nick="new")))
    table.settle(mark, row(5, nick="old"))
    member = table.find(5)
    assert member is not None
    assert msgspec.json.decode(member.raw)["nick"] == "new"


def test_member_that_left_before_its_row_came_is_none() -> None:
    table = MemberTable(count=1000)
    mark = hold(table, 5)
    table.remove(5)
    table.settle(mark, row(5))
    assert table.find(5) is None
    assert table.count == 999


def test_mark_is_kept_by_nobody_once_its_row_is_taken() -> None:
    table = MemberTable(count=1000)
    mark = hold(table, 5)
    kept = sys.getrefcount(mark)
    table.settle(mark, row(5))
    assert sys.getrefcount(mark) == kept - 1


def test_second_read_of_a_mark_is_void_after_a_kick_that_followed_the_first() -> None:
    table = MemberTable(count=1000)
    first, second = hold(table, 5), hold(table, 5)
    assert first is second
    table.settle(first, row(5))
    table.remove(5)
    table.settle(second, row(5))
    assert table.find(5) is None


def test_row_that_was_read_before_a_kick_is_void_though_the_user_was_held_again() -> None:
    table = MemberTable(count=1000)
    before = hold(table, 5)
    table.remove(5)
    after = hold(table, 5)
    table.settle(before, row(5))
    assert table.find(5) is None
    table.settle(after, None)
    assert table.find(5) is None


def test_row_that_was_read_after_a_kick_is_taken_though_an_older_read_was_void() -> None:
    table = MemberTable(count=1000)
    before = hold(table, 5)
    table.remove(5)
    after = hold(table, 5)
    table.settle(before, row(5, nick="old"))
    table.settle(after, row(5, nick="new"))
    member = table.find(5)
    assert member is not None
    assert msgspec.json.decode(member.raw)["nick"] == "new"


def test_second_of_two_reads_changes_nothing() -> None:
    table = MemberTable(count=1000)
    marks = [hold(table, 5), hold(table, 5)]
    for mark, nick in zip(marks, ("first", "second"), strict=True):
        table.settle(mark, row(5, nick=nick))
    member = table.find(5)
    assert member is not None
    assert msgspec.json.decode(member.raw)["nick"] == "first"


def test_row_of_a_user_whom_nobody_holds_any_more_is_not_kept() -> None:
    table = MemberTable(count=1000)
    mark = hold(table, 5)
    table.release(5)
    table.settle(mark, row(5))
    assert table.find(5) is None


def test_role_that_was_deleted_before_the_row_came_is_not_held() -> None:
    table = MemberTable(count=1000)
    mark = hold(table, 5)
    table.drop_role(7)
    table.settle(mark, row(5, 7, 8))
    member = table.find(5)
    assert member is not None
    assert member.role_ids == {8}
    assert msgspec.json.decode(member.raw)["roles"] == ["8"]


def test_users_nobody_holds_are_forgotten_once_the_guild_is_large() -> None:
    table = MemberTable(count=KEEP_ALL_BELOW - 1, rows=[row(user_id) for user_id in range(1, KEEP_ALL_BELOW)])
    assert not table.hold(5)
    assert len(list(table)) == KEEP_ALL_BELOW - 1
    table.add(from_row(row(1000)))
    assert table.count == KEEP_ALL_BELOW
    assert [member.user_id for member in table] == [5]
    table.put(from_row(row(6)))
    assert table.find(6) is None


def test_held_user_stays_until_the_last_one_lets_go() -> None:
    table = MemberTable(count=1000)
    table.settle(hold(table, 5), row(5))
    assert not table.hold(5)
    table.release(5)
    assert table.find(5) is not None
    table.release(5)
    assert table.find(5) is None


def test_member_is_read_from_an_event_with_its_timeout() -> None:
    given = msgspec.structs.replace(row(5, 7), timeout_until_ms=1_750_000_000_000)
    member = parse_member(msgspec.json.encode(render_member(given, with_guild_id=True)))
    assert (member.user_id, member.role_ids, member.timeout_until_ms) == (5, {7}, 1_750_000_000_000)
    assert "guild_id" not in msgspec.json.decode(member.raw)
