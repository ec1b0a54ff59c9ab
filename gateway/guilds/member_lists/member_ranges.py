"""Ranges of a member list's rows: those that a client may ask for, and the operations that update its rows. Pure.

A client keeps a list as a sparse array of rows: members and, before each group, its header. SYNC writes the rows of a
range, INSERT and DELETE move all rows behind their index, UPDATE replaces one. The rows before and after a change are
compared by their ids. The rows of a longest increasing subsequence stay; all others are deleted (from the end on) and
inserted (from the start on).

Source: the behaviour of Discord's own clients. Discord's documentation says nothing of it.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final, TypeAlias

import msgspec

Range: TypeAlias = tuple[int, int]
"""The first and the last row of the range."""
Ranges: TypeAlias = tuple[Range, ...]
Row: TypeAlias = tuple[int | str, bytes]
"""The id of a user or of a group, and the item as JSON. The count in a header's item is not compared: each update has
the counts of all groups."""

MAX_RANGE_ROWS: Final = 100
MAX_RANGES: Final = 5
"""Ranges of one channel: the rows on a tall screen, and those before and behind it."""
MAX_ROW: Final = 1 << 24
"""The bound of row numbers, larger than any guild needs."""


def parse_ranges(given: Sequence[Sequence[int]]) -> tuple[Range, ...] | None:
    """Return the ranges in their order, overlapping ones joined; None when they are invalid or too many."""
    if not 0 < len(given) <= MAX_RANGES:
        return None
    for each in given:
        if len(each) != 2 or not 0 <= each[0] <= each[1] < MAX_ROW or each[1] - each[0] >= MAX_RANGE_ROWS:
            return None
    return join_ranges((first, last) for first, last in given)


def join_ranges(ranges: Iterable[Range], *, touching: bool = False) -> tuple[Range, ...]:
    """Return the ranges in their order, joined where they overlap, or also where they are adjacent (`touching`)."""
    joined: list[Range] = []
    for first, last in sorted(ranges):
        if joined and first <= joined[-1][1] + touching:
            joined[-1] = (joined[-1][0], max(last, joined[-1][1]))
        else:
            joined.append((first, last))
    return tuple(joined)


def encode_sync(rows: Range, items: Sequence[bytes]) -> msgspec.Raw:
    """Return a SYNC of a range. The items are fewer than its rows when the list ends within it."""
    return msgspec.Raw(b'{"op":"SYNC","range":[%d,%d],"items":[%b]}' % (*rows, b",".join(items)))


def encode_invalidate(rows: Range) -> msgspec.Raw:
    """Return an INVALIDATE: the client is not told of these rows any more."""
    return msgspec.Raw(b'{"op":"INVALIDATE","range":[%d,%d]}' % rows)


def diff_rows(before: Sequence[Row], now: Sequence[Row], first: int) -> list[msgspec.Raw]:
    """Return the operations that lead from one to the other, when the first row's number is `first`."""
    places = {key: place for place, (key, _) in enumerate(before)}
    stays = _longest_increasing([places[key] for key, _ in now if key in places])
    operations = [
        msgspec.Raw(b'{"op":"DELETE","index":%d}' % (first + place))
        for place in range(len(before) - 1, -1, -1)
        if place not in stays
    ]
    for index, (key, item) in enumerate(now, first):
        place = places.get(key, -1)
        if place not in stays:
            operations.append(msgspec.Raw(b'{"op":"INSERT","index":%d,"item":%b}' % (index, item)))
        elif isinstance(key, int) and item != before[place][1]:
            operations.append(msgspec.Raw(b'{"op":"UPDATE","index":%d,"item":%b}' % (index, item)))
    return operations


def _longest_increasing(numbers: Sequence[int]) -> set[int]:
    """Return the numbers of a longest increasing subsequence (patience sorting). All numbers differ."""
    if all(left < right for left, right in pairwise(numbers)):
        return set(numbers)
    ends: list[int] = []
    """The smallest end of an increasing subsequence of each length."""
    previous: dict[int, int | None] = {}
    for number in numbers:
        length = bisect_left(ends, number)
        previous[number] = ends[length - 1] if length else None
        ends[length : length + 1] = [number]
    found: set[int] = set()
    last: int | None = ends[-1]
    while last is not None:
        found.add(last)
        last = previous[last]
    return found
