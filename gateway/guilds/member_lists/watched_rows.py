"""The rows of one member list that some sessions watch, and these rows as the sessions were told them. Pure.

Sessions that watch the same ranges share one of these, so a batch of changes leads to one list of operations for all of
them.
"""

from collections.abc import Sequence

import msgspec

from gateway.guilds.member_lists.member_list_bodies import ListHead
from gateway.guilds.member_lists.member_ranges import Ranges, Row, diff_rows, encode_sync, join_ranges
from gateway.payloads.dispatch_body import DispatchBody


class WatchedRows:
    """`spans` are the ranges, where those that touch each other are joined. Rows are kept for each span."""

    __slots__ = ("_rows", "head", "ranges", "slots", "spans", "sync")

    def __init__(self, ranges: Ranges, head: ListHead) -> None:
        self.ranges = ranges
        self.spans = join_ranges(ranges, touching=True)
        self.head = head
        self.slots: dict[int, tuple[int, ...]] = {}
        """The slots of the sessions that watch, each with the channels by which it came here."""
        self.sync: DispatchBody | None = None
        """The body that a new session is sent. The first session makes it, and a change drops it."""
        self._rows: list[Sequence[Row]] = [() for _ in self.spans]

    def set_head(self, head: ListHead) -> None:
        """Set the counts that the sessions are told now."""
        self.head = head
        self.sync = None

    def change(self, rows: Sequence[Sequence[Row]]) -> list[msgspec.Raw]:
        """Take the rows of each span as they are now. Return the operations that lead to them from the rows told last.

        An operation on one span moves the rows of the next span on the client, which is right only where it moves them
        by nothing. So all rows are told anew when a span grew or shrank before another one that has or gets rows.
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
        """Return all rows, one operation for each range that was asked for."""
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
