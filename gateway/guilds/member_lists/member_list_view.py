"""Those who look at the same rows of a member list, and the rows as they were told. Pure.

A batch of changes leads to one list of operations for all of them, whatever happened in between.
"""

from collections.abc import Sequence

import msgspec

from gateway.guilds.member_lists.member_list_bodies import ListHead
from gateway.guilds.member_lists.member_ranges import Ranges, Row, diff_rows, encode_sync, join_ranges
from gateway.payloads.dispatch_body import DispatchBody


class ListView:
    """See the module. `spans` are the ranges with those that touch each other joined; rows are kept by span."""

    __slots__ = ("_rows", "head", "ranges", "slots", "spans", "sync")

    def __init__(self, ranges: Ranges, head: ListHead) -> None:
        self.ranges = ranges
        self.spans = join_ranges(ranges, touching=True)
        self.head = head
        self.slots: dict[int, tuple[int, ...]] = {}
        """Slot → the channels by which it came here."""
        self.sync: DispatchBody | None = None
        """What a session is told that comes now, once somebody has."""
        self._rows: list[Sequence[Row]] = [() for _ in self.spans]

    def set_head(self, head: ListHead) -> None:
        """The counts that they are told now."""
        self.head = head
        self.sync = None

    def change(self, rows: Sequence[Sequence[Row]]) -> list[msgspec.Raw]:
        """The rows of each span as they are; the operations that lead to them from those that were told.

        Operations on one span move the rows of the next. That is right only where they move them by nothing, so all rows are
        told anew when a span grew or shrank before another one that has rows, or begins to have some.
        """
        before, self._rows = self._rows, list(rows)
        spans = list(zip(self.spans, before, self._rows, strict=True))
        for index, (_, old, new) in enumerate(spans):
            is_last = not any(later_old or later_new for _, later_old, later_new in spans[index + 1 :])
            if (new and not old) or (len(old) != len(new) and not is_last):
                return self._told(self.sync_operations())
        operations = [operation for (first, _), old, new in spans for operation in diff_rows(old, new, first)]
        if len(operations) > sum(map(len, rows)):
            operations = self.sync_operations()
        return self._told(operations)

    def sync_operations(self) -> list[msgspec.Raw]:
        """All rows, range by range as they were asked for."""
        items = {
            first + index: item
            for (first, _), span in zip(self.spans, self._rows, strict=True)
            for index, (_, item) in enumerate(span)
        }
        return [
            encode_sync((first, last), [items[row] for row in range(first, last + 1) if row in items])
            for first, last in self.ranges
        ]

    def _told(self, operations: list[msgspec.Raw]) -> list[msgspec.Raw]:
        if operations:
            self.sync = None
        return operations
