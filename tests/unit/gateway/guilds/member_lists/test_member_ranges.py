"""Ranges are taken or refused, and operations always lead from one state of the rows to the other."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.guilds.member_lists.member_ranges import Row, diff_rows, encode_sync, join_ranges, parse_ranges
from tests.fakes.gateway.member_list_copy import ListCopy, key_of

row_lists = st.lists(st.integers(0, 30), unique=True, max_size=25)


def rows_of(keys: list[int], version: int = 0) -> list[Row]:
    """Members; every third key is a header."""
    return [
        (str(key), b'{"group":{"id":"%d","count":0}}' % key)
        if key % 3 == 0
        else (key, b'{"member":{"user":{"id":"%d"},"v":%d}}' % (key, version if key % 2 else 0))
        for key in keys
    ]


def copy_of(rows: list[Row], first: int) -> ListCopy:
    copy = ListCopy()
    copy.rows = [None] * first + [msgspec.json.decode(item) for _, item in rows]
    return copy


@given(before=row_lists, now=row_lists, first=st.integers(0, 5))
def test_operations_lead_from_the_rows_before_to_those_now(before: list[int], now: list[int], first: int) -> None:
    old, new = rows_of(before), rows_of(now, version=1)
    copy = copy_of(old, first)
    operations = [msgspec.json.decode(operation) for operation in diff_rows(old, new, first)]
    copy.apply({"ops": operations, "groups": [{"id": "x", "count": first + len(new) - 1}], "online_count": 0, "member_count": 0})  # fmt: skip
    assert copy.rows[first : first + len(new)] == [msgspec.json.decode(item) for _, item in new]


@given(keys=row_lists)
def test_rows_that_stand_as_they_stood_need_no_operation(keys: list[int]) -> None:
    assert diff_rows(rows_of(keys), rows_of(keys), 0) == []


def test_one_that_moved_is_deleted_and_inserted_and_nobody_else_is_touched() -> None:
    operations = diff_rows(rows_of([1, 2, 4, 5, 7]), rows_of([7, 1, 2, 4, 5]), 100)
    assert [bytes(operation)[:30] for operation in operations] == [
        b'{"op":"DELETE","index":104}',
        b'{"op":"INSERT","index":100,"it',
    ]


@pytest.mark.parametrize(
    ("ranges", "parsed"),
    [
        ([[0, 99]], ((0, 99),)),
        ([[100, 199], [0, 99]], ((0, 99), (100, 199))),
        ([[0, 99], [50, 149]], ((0, 149),)),
        ([[5, 5]], ((5, 5),)),
        ([], None),
        ([[0, 100]], None),
        ([[0, 99]] * 6, None),
        ([[0]], None),
        ([[0, 1, 2]], None),
        ([[-1, 5]], None),
        ([[9, 5]], None),
        ([[1 << 40, (1 << 40) + 5]], None),
    ],
)
def test_ranges_are_put_in_order_or_refused(ranges: list[list[int]], parsed: object) -> None:
    assert parse_ranges(ranges) == parsed


def test_ranges_that_touch_are_one_span() -> None:
    assert join_ranges([(100, 199), (0, 99), (300, 399)], touching=True) == ((0, 199), (300, 399))


def test_sync_holds_the_items() -> None:
    copy = ListCopy()
    rows = rows_of([3, 1, 2])
    sync = msgspec.json.decode(encode_sync((0, 99), [item for _, item in rows]))
    copy.apply({"ops": [sync], "groups": [{"id": "3", "count": 2}], "online_count": 2, "member_count": 9})
    assert [key_of(row) for row in copy.rows] == ["3", "u1", "u2"]
