"""A client's copy of member lists: sparse arrays of rows, which operations change as in Discord's own clients."""

from typing import Any

Item = dict[str, Any]


class ListCopy:
    """The copy of one list. Unknown and invalidated rows are None."""

    def __init__(self) -> None:
        self.rows: list[Item | None] = []
        self.groups: list[tuple[str, int]] = []
        self.online_count = 0
        self.member_count = 0

    def apply(self, d: dict[str, Any]) -> None:
        """Apply an update."""
        for op in d["ops"]:
            match op["op"]:
                case "SYNC":
                    for index, item in enumerate(op["items"], op["range"][0]):
                        self._put(index, item)
                case "INSERT":
                    # An index behind the end of the list does not fill it up: such an insert would come too early.
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
        """Return the rows of the ranges, up to the end of the list."""
        return [row for first, last in ranges for row in self.rows[first : last + 1]]


class Lists:
    """A client's lists in one guild, by list id."""

    def __init__(self) -> None:
        self.by_id: dict[str, ListCopy] = {}

    def apply(self, d: dict[str, Any]) -> None:
        """Apply an update."""
        self.by_id.setdefault(d["id"], ListCopy()).apply(d)


def key_of(item: Item | None) -> str | None:
    """Return the key of a row: a group's id, or `u` and a user's id."""
    if item is None:
        return None
    return item["group"]["id"] if "group" in item else "u" + item["member"]["user"]["id"]
