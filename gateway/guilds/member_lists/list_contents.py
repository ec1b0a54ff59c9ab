"""The members that stand in the lists of one guild, and the rows that they make, from the guild's state.

A list holds the members that are online, and all members of a guild that is kept whole, never all members of a large
guild.

Owns two caches: the encoded items of members, and the group of each set of roles. The owner of the lists says when they
are old.
"""

from collections.abc import Callable, Collection, Iterable

import msgspec

from gateway.guilds.member_lists.member_list import OFFLINE, MemberList, choose_group, order_groups
from gateway.guilds.member_lists.member_list_bodies import ListHead, encode_group, encode_member, fold_name
from gateway.guilds.member_lists.member_list_ids import ListKey
from gateway.guilds.member_lists.member_ranges import Range, Ranges, Row
from gateway.guilds.member_lists.watched_rows import WatchedRows
from gateway.guilds.state.guild_state import GuildState
from gateway.guilds.state.member_table import MemberState
from gateway.payloads.dispatch_body import DispatchBody


class ListSources:
    """The parts of the guild's actor that lists are made from."""

    __slots__ = ("can_view", "find_presence", "list_online", "send", "slots_of", "state", "viewable")

    def __init__(
        self,
        *,
        state: GuildState,
        list_online: Callable[[], Iterable[int]],
        find_presence: Callable[[int], msgspec.Raw | None],
        viewable: Callable[[MemberState], Collection[int]],
        can_view: Callable[[int, int], bool],
        slots_of: Callable[[int], Iterable[int]],
        send: Callable[[DispatchBody, Collection[int], int], None],
    ) -> None:
        """`viewable` gives a member's channels, `can_view` takes a channel and a slot.

        `send` takes slots and a channel, and sends to those of the slots that view the channel now.
        """
        self.state = state
        self.list_online = list_online
        self.find_presence = find_presence
        self.viewable = viewable
        self.can_view = can_view
        self.slots_of = slots_of
        self.send = send


class WatchedList:
    """One list, and the rows of it that sessions watch."""

    __slots__ = ("channel_id", "head", "is_leaving", "is_whole", "key", "members", "watched")

    def __init__(self, key: ListKey, channel_id: int) -> None:
        self.key = key
        self.channel_id = channel_id
        """One of the channels that have this list."""
        self.members = MemberList(())
        self.is_whole = False
        """Whether members that are offline stand in it."""
        self.is_leaving = False
        """Whether nobody watched it when unwatched lists were dropped last."""
        self.head: ListHead
        self.watched: dict[Ranges, WatchedRows] = {}


class ListContents:
    __slots__ = ("_groups", "_items", "_sources")

    def __init__(self, sources: ListSources) -> None:
        self._sources = sources
        self._items: dict[int, bytes] = {}
        self._groups: dict[frozenset[int], str] = {}
        """The group of the members who have a set of roles, until roles change."""

    def forget_members(self, user_ids: Iterable[int]) -> None:
        """Drop the items of these members."""
        for user_id in user_ids:
            self._items.pop(user_id, None)

    def forget_items(self) -> None:
        """Drop the items of all members."""
        self._items.clear()

    def forget_groups(self) -> None:
        """Drop the groups: roles have changed."""
        self._groups.clear()

    def fill(self, shown: WatchedList) -> None:
        """Find all members of a list anew."""
        sources = self._sources
        table = sources.state.members
        online = set(sources.list_online())
        user_ids = online if not table.keeps_all else {*online, *(member.user_id for member in table)}
        shown.is_whole = table.keeps_all
        shown.members = MemberList(order_groups(sources.state, with_offline=shown.is_whole))
        places = {}
        for user_id in user_ids:
            place = self._place_of(shown, user_id)
            if place is not None:
                places[user_id] = place
        shown.members.fill(places)
        shown.head = self._head(shown)

    def place(self, shown: WatchedList, user_ids: Iterable[int]) -> None:
        """Find the places of these members in a list anew."""
        for user_id in user_ids:
            place = self._place_of(shown, user_id)
            if place is None:
                shown.members.remove(user_id)
            else:
                shown.members.place(user_id, *place)
        shown.head = self._head(shown)

    def rows(self, shown: WatchedList, spans: Iterable[Range]) -> list[list[Row]]:
        """Return the rows of each span."""
        counts = dict(shown.members.counts())
        return [
            [
                (key, self._item(key) if isinstance(key, int) else encode_group(key, counts[key]))
                for key in shown.members.rows(*span)
            ]
            for span in spans
        ]

    def _place_of(self, shown: WatchedList, user_id: int) -> tuple[str, str] | None:
        """Return group and name of a member that stands in the list."""
        sources = self._sources
        member = sources.state.members.find(user_id)
        if member is None:
            return None
        is_online = sources.find_presence(user_id) is not None
        if not is_online and not shown.is_whole:
            return None
        if shown.channel_id not in sources.viewable(member):
            return None
        return self._group_of(member) if is_online else OFFLINE, fold_name(member)

    def _group_of(self, member: MemberState) -> str:
        group = self._groups.get(member.role_ids)
        if group is None:
            group = self._groups[member.role_ids] = choose_group(self._sources.state, member.role_ids)
        return group

    def _item(self, user_id: int) -> bytes:
        item = self._items.get(user_id)
        if item is None:
            member = self._sources.state.members.find(user_id)
            assert member is not None, "a member in a list is kept"  # noqa: S101 - it is touched before it goes
            presence = self._sources.find_presence(user_id)
            item = self._items[user_id] = encode_member(self._sources.state.guild_id, member, presence)
        return item

    def _head(self, shown: WatchedList) -> ListHead:
        return ListHead(
            member_count=self._sources.state.members.count,
            online_count=shown.members.count_online(),
            groups=tuple(shown.members.counts()),
        )
