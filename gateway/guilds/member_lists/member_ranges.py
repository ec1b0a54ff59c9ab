"""Ranges of a member list's rows: which a client may ask for, and what turns the rows that it has into those that are. Pure.

A client keeps a list as a sparse array of rows, which are members and, before each group, its header. SYNC writes the rows of
a range, INSERT and DELETE move all rows behind their index, UPDATE replaces one. The rows before a change and those after it
are compared by who stands there: the longest sequence that kept its order stays, all others are deleted (from the end on)
and inserted (from the start on).

Source: what Discord's own clients send and how they apply what they get; nothing of it is in Discord's documentation.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final, TypeAlias

import msgspec

Range: TypeAlias = tuple[int, int]
"""First and last row, both in it."""
Ranges: TypeAlias = tuple[Range, ...]
Row: TypeAlias = tuple[int | str, bytes]
"""A user's id or a group's, and the item as JSON. The item of a header has a count, which is not compared: each update has
the counts of all groups beside it."""

MAX_RANGE_ROWS: Final = 100
MAX_RANGES: Final = 5
"""Of a channel: what is on a tall screen, and the rows before and behind it."""
MAX_ROW: Final = 1 << 24
"""Larger numbers than any guild has rows make no range."""


def parse_ranges(given: Sequence[Sequence[int]]) -> tuple[Range, ...] | None:
    """The ranges in their order, overlapping ones as one; None when they are nonsense or too much."""
    if not 0 < len(given) <= MAX_RANGES:
        return None
    for each in given:
        if len(each) != 2 or not 0 <= each[0] <= each[1] < MAX_ROW or each[1] - each[0] >= MAX_RANGE_ROWS:
            return None
    return join_ranges((first, last) for first, last in given)


def join_ranges(ranges: Iterable[Range], *, touching: bool = False) -> tuple[Range, ...]:
    """The ranges in their order; those that overlap (or are `touching` each other) are one."""
    joined: list[Range] = []
    for first, last in sorted(ranges):
        if joined and first <= joined[-1][1] + touching:
            joined[-1] = (joined[-1][0], max(last, joined[-1][1]))
        else:
            joined.append((first, last))
    return tuple(joined)


def encode_sync(rows: Range, items: Sequence[bytes]) -> msgspec.Raw:
    """The rows of a range as they are; fewer items than the range has when the list ends there."""
    return msgspec.Raw(b'{"op":"SYNC","range":[%d,%d],"items":[%b]}' % (*rows, b",".join(items)))


def encode_invalidate(rows: Range) -> msgspec.Raw:
    """The client is not told of these rows any more."""
    return msgspec.Raw(b'{"op":"INVALIDATE","range":[%d,%d]}' % rows)


def diff_rows(before: Sequence[Row], now: Sequence[Row], first: int) -> list[msgspec.Raw]:
    """The operations that lead from one to the other, when the first row's number is `first`."""
    places = {key: place for place, (key, _) in enumerate(before)}
    stays = _longest_rising([places[key] for key, _ in now if key in places])
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


def _longest_rising(numbers: Sequence[int]) -> set[int]:
    """The numbers of a longest rising subsequence (patience sorting); all differ."""
    if all(left < right for left, right in pairwise(numbers)):
        return set(numbers)
    ends: list[int] = []
    """The smallest end of a rising subsequence of each length."""
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
