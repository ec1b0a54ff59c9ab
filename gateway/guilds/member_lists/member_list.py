"""One member list: its members, group by group, and the rows that they make. Pure.

    row 0      header of the first group that is not empty
    row 1 …    its members, by name without case, then by id
    …          header of the next group, its members, …

Groups are the hoisted roles from the highest down, then `online`, then `offline`. A member stands in one of them.
Placing a member and finding a row take logarithmic time, so a list costs its changes and the rows that are watched.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from sortedcontainers import SortedList

from gateway.guilds.state.guild_state import GuildState

ONLINE: Final = "online"
OFFLINE: Final = "offline"


class MemberList:
    """`groups` are the ids of all possible groups, in their order."""

    __slots__ = ("_groups", "_places")

    def __init__(self, groups: Iterable[str]) -> None:
        self._groups: dict[str, SortedList[tuple[str, int]]] = {group: SortedList() for group in groups}
        self._places: dict[int, tuple[str, str]] = {}

    def __contains__(self, user_id: int) -> bool:
        return user_id in self._places

    def place(self, user_id: int, group: str, name: str) -> None:
        """Put a member into a group, and take it out of the one where it was."""
        place = (group, name)
        before = self._places.get(user_id)
        if before == place:
            return
        if before is not None:
            self._groups[before[0]].remove((before[1], user_id))
        self._places[user_id] = place
        self._groups[group].add((name, user_id))

    def remove(self, user_id: int) -> None:
        """Take a member out. No error when it is not in."""
        before = self._places.pop(user_id, None)
        if before is not None:
            self._groups[before[0]].remove((before[1], user_id))

    def fill(self, members: Mapping[int, tuple[str, str]]) -> None:
        """Replace all members: user id → group and name."""
        self._places = dict(members)
        names: dict[str, list[tuple[str, int]]] = {group: [] for group in self._groups}
        for user_id, (group, name) in members.items():
            names[group].append((name, user_id))
        self._groups = {group: SortedList(found) for group, found in names.items()}

    def counts(self) -> list[tuple[str, int]]:
        """Return the groups that are not empty, each with the number of its members."""
        return [(group, len(members)) for group, members in self._groups.items() if members]

    def count_online(self) -> int:
        """Count the members that are not offline."""
        return len(self._places) - len(self._groups.get(OFFLINE, ()))

    def rows(self, first: int, last: int) -> Iterator[int | str]:
        """Yield a group's id for a header, a user's id for a member. Fewer rows come when the list ends before."""
        start = 0
        for group, members in self._groups.items():
            if not members:
                continue
            if start > last:
                return
            if start + len(members) >= first:
                if start >= first:
                    yield group
                for _, user_id in members.islice(max(first - start - 1, 0), last - start):
                    yield user_id
            start += 1 + len(members)


def order_groups(state: GuildState, *, with_offline: bool) -> list[str]:
    """Return the groups of the guild's lists in their order."""
    hoisted = sorted((role for role in state.roles.values() if role.hoist), key=lambda role: (-role.position, role.id))
    return [*(str(role.id) for role in hoisted), ONLINE, *([OFFLINE] if with_offline else [])]


def choose_group(state: GuildState, role_ids: Iterable[int]) -> str:
    """Return the group of online members with these roles: that of the highest hoisted one."""
    held = [state.roles[role_id] for role_id in role_ids if role_id in state.roles]
    hoisted = [role for role in held if role.hoist]
    if not hoisted:
        return ONLINE
    return str(min(hoisted, key=lambda role: (-role.position, role.id)).id)
