"""A client's copy of member lists: sparse arrays of rows, changed by operations as Discord's own clients do it."""

from typing import Any

Item = dict[str, Any]


class ListCopy:
    """One list. Rows that were never told, or were invalidated, are None."""

    def __init__(self) -> None:
        self.rows: list[Item | None] = []
        self.groups: list[tuple[str, int]] = []
        self.online_count = 0
        self.member_count = 0

    def apply(self, d: dict[str, Any]) -> None:
        """Take an update in."""
        for op in d["ops"]:
            match op["op"]:
                case "SYNC":
                    for index, item in enumerate(op["items"], op["range"][0]):
                        self._put(index, item)
                case "INSERT":
                    # A list is not filled up when an index is behind its end: what is inserted there comes too early.
                    assert op["index"] <= len(self.rows)
                    self.rows.insert(op["index"], op["item"])
                case "UPDATE":
                    assert self.rows[op["index"]] is not None
                    self._put(op["index"], op["item"])
                case "DELETE":
                    del self.rows[op["index"]]
                case "INVALIDATE":
                    first, last = op["range"]
                    for index in range(first, min(last + 1, len(self.rows))):
                        self.rows[index] = None
        self.groups = [(group["id"], group["count"]) for group in d["groups"]]
        self.online_count, self.member_count = d["online_count"], d["member_count"]
        size = sum(count + 1 for _, count in self.groups)
        self.rows = (self.rows + [None] * size)[:size]

    def _put(self, index: int, item: Item) -> None:
        self.rows += [None] * (index + 1 - len(self.rows))
        self.rows[index] = item

    def seen(self, *ranges: tuple[int, int]) -> list[Item | None]:
        """The rows of the ranges, as far as the list goes."""
        return [row for first, last in ranges for row in self.rows[first : last + 1]]


class Lists:
    """The lists of one client in one guild, by id."""

    def __init__(self) -> None:
        self.by_id: dict[str, ListCopy] = {}

    def apply(self, d: dict[str, Any]) -> None:
        """Take an update in."""
        self.by_id.setdefault(d["id"], ListCopy()).apply(d)


def key_of(item: Item | None) -> str | None:
    """Who stands in a row: a group's id or `u` and a user's."""
    if item is None:
        return None
    return item["group"]["id"] if "group" in item else "u" + item["member"]["user"]["id"]
