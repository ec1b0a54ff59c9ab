"""The member lists of one guild that somebody looks at, and telling those who look of what changed.

```
 subscribe ─→ list of the channel ─→ view: those who look at the same rows ─→ SYNC, to the one who came
 touch, reshape ─→ (LIST_GAP_S) ─→ lists put in order ─→ each view: rows as told and as they are ─→ one body for all in it
```

A view knows the rows that its sessions were told, so a batch of changes costs a comparison of a few hundred rows a view,
however many changes and sessions there are; where the rows are the same nothing is sent, save the counts of the groups now and
then. Lists exist while somebody looks at them, and for some minutes afterwards: making one costs 3 to 5 µs a member in it, and the
next one who looks is mostly not long in coming. They hold who is online (and everybody of a guild that is kept whole), never all
members of a large guild.

Owns lists, views, and which session looks at what. Synchronous; timers are given.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Final, NamedTuple

import msgspec

from gateway.guilds.member_lists.member_list import OFFLINE, MemberList, choose_group, order_groups
from gateway.guilds.member_lists.member_list_bodies import (
    ListHead,
    encode_group,
    encode_member,
    encode_update,
    fold_name,
)
from gateway.guilds.member_lists.member_list_ids import ListKey, key_of
from gateway.guilds.member_lists.member_list_view import ListView
from gateway.guilds.member_lists.member_ranges import Range, Ranges, Row, encode_invalidate, join_ranges
from gateway.guilds.state.guild_state import GuildState
from gateway.guilds.state.member_table import MemberState
from gateway.payloads.dispatch_body import DispatchBody
from gateway.scheduling.batch_timer import BatchTimer, CallLater

LIST_GAP_S: Final = 0.2
"""Changes within it are told together."""
COUNTS_GAP_S: Final = 3.0
"""Counts of groups that changed somewhere else in the list are told so often."""
LINGER_S: Final = 120.0
"""A list at which nobody looks is kept for once to twice as long."""


class ListSources:
    """What the lists are made from; all of it belongs to the guild's actor."""

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
        send: Callable[[DispatchBody, Collection[int]], None],
    ) -> None:
        """`viewable` are the channels that a member views, `can_view` asks for a channel and a slot, `send` takes slots."""
        self.state = state
        self.list_online = list_online
        self.find_presence = find_presence
        self.viewable = viewable
        self.can_view = can_view
        self.slots_of = slots_of
        self.send = send


class _Wanted(NamedTuple):
    """What a session looks at in one list, and by which channels it came there."""

    key: ListKey
    ranges: Ranges
    channel_ids: tuple[int, ...]


class _List:
    """One list and its views."""

    __slots__ = ("channel_id", "head", "is_leaving", "is_whole", "key", "members", "views")

    def __init__(self, key: ListKey, channel_id: int) -> None:
        self.key = key
        self.channel_id = channel_id
        """One of the channels that have this list."""
        self.members = MemberList(())
        self.is_whole = False
        """Whether those who are offline stand in it."""
        self.is_leaving = False
        """Whether nobody looked when that was looked into last."""
        self.head: ListHead
        self.views: dict[Ranges, ListView] = {}


class MemberLists:
    """See the module."""

    __slots__ = (
        "_counts_timer",
        "_groups",
        "_is_reshaped",
        "_items",
        "_linger_timer",
        "_lists",
        "_seats",
        "_sources",
        "_timer",
        "_touched",
        "_wanted",
    )

    def __init__(self, sources: ListSources, *, call_later: CallLater) -> None:
        self._sources = sources
        self._lists: dict[ListKey, _List] = {}
        self._wanted: dict[int, Mapping[int, Ranges]] = {}
        """Slot → what its client asked for: channel id → ranges."""
        self._seats: dict[int, dict[str, _Wanted]] = {}
        """Slot → list id → where it sits."""
        self._items: dict[int, bytes] = {}
        self._groups: dict[frozenset[int], str] = {}
        """Roles → the group of who has them, until roles change."""
        self._touched: set[int] = set()
        self._is_reshaped = False
        self._timer = BatchTimer(gap_s=LIST_GAP_S, flush=self.flush, call_later=call_later)
        self._counts_timer = BatchTimer(gap_s=COUNTS_GAP_S, flush=self._tell_counts, call_later=call_later)
        self._linger_timer = BatchTimer(gap_s=LINGER_S, flush=self._drop_left, call_later=call_later)

    @property
    def are_kept(self) -> bool:
        """Whether there are lists, or anybody asked for one that is not there."""
        return bool(self._lists or self._wanted)

    # -- what happens in the guild

    def touch(self, user_id: int) -> None:
        """A member came, went, changed, or its presence did."""
        if not self.are_kept:
            return
        self._touched.add(user_id)
        self._timer.start()
        if self._sources.state.members.find(user_id) is None:
            # Whom the table has not cannot be shown to those who come to look before the flush.
            for shown in self._lists.values():
                shown.members.remove(user_id)

    def reshape(self) -> None:
        """Groups or views may be others: a role, a channel, the owner changed."""
        self._is_reshaped = True
        self._groups.clear()
        self._timer.start()

    def close(self) -> None:
        """Stop the timers."""
        self._timer.cancel()
        self._counts_timer.cancel()
        self._linger_timer.cancel()

    # -- who looks

    def subscribe(self, slot: int, wanted: Mapping[int, Ranges]) -> None:
        """The session looks at these channels' lists (channel id → ranges) and no others; it is told the rows.

        Of the channels that it may not view it is told once it may.
        """
        if wanted:
            self._wanted[slot] = wanted
        else:
            self._wanted.pop(slot, None)
        self._seat(slot, wanted, is_asked=True)

    def leave(self, slot: int) -> None:
        """The session is going. No error when it looks at nothing."""
        self._wanted.pop(slot, None)
        for list_id in list(self._seats.get(slot, ())):
            self._unseat(slot, list_id)

    def _seat(self, slot: int, wanted: Mapping[int, Ranges], *, is_asked: bool) -> None:
        targets = self._resolve(slot, wanted)
        seats = self._seats.get(slot, {})
        for list_id in [each for each in seats if each not in targets]:
            self._unseat(slot, list_id)
        for list_id, target in targets.items():
            before = seats.get(list_id)
            if before is not None and before[:2] == target[:2]:
                self._view_of(target).slots[slot] = target.channel_ids
                self._seats[slot][list_id] = target
                if is_asked:
                    self._sync(slot, target, ())
                continue
            if before is not None:
                self._unseat(slot, list_id)
            self._view_of(target).slots[slot] = target.channel_ids
            self._seats.setdefault(slot, {})[list_id] = target
            self._sync(slot, target, before.ranges if before else ())

    def _resolve(self, slot: int, wanted: Mapping[int, Ranges]) -> dict[str, _Wanted]:
        """The lists of those channels that the session views. Two channels may have one; of two lists of one name the later."""
        found: dict[str, _Wanted] = {}
        for channel_id, ranges in wanted.items():
            channel = self._sources.state.channels.get(channel_id)
            if channel is None or not self._sources.can_view(channel_id, slot):
                continue
            key = key_of(self._sources.state, channel)
            known = found.get(key.id)
            if known is not None and known.key == key:
                joined = join_ranges((*known.ranges, *ranges))
                found[key.id] = _Wanted(key, joined, (*known.channel_ids, channel_id))
            else:
                found[key.id] = _Wanted(key, ranges, (channel_id,))
        return found

    def _view_of(self, target: _Wanted) -> ListView:
        shown = self._lists.get(target.key)
        if shown is None:
            shown = self._lists[target.key] = _List(target.key, target.channel_ids[0])
            self._fill(shown)
        view = shown.views.get(target.ranges)
        if view is None:
            view = shown.views[target.ranges] = ListView(target.ranges, shown.head)
            view.change([self._rows(shown, span) for span in view.spans])
        return view

    def _unseat(self, slot: int, list_id: str) -> None:
        seats = self._seats[slot]
        seat = seats.pop(list_id)
        if not seats:
            del self._seats[slot]
        shown = self._lists[seat.key]
        view = shown.views[seat.ranges]
        del view.slots[slot]
        if not view.slots:
            del shown.views[seat.ranges]
        if not shown.views:
            shown.is_leaving = False
            self._linger_timer.start()

    def _drop_left(self) -> None:
        """Drop the lists at which nobody has looked since this was called last."""
        left = [shown for shown in self._lists.values() if not shown.views]
        for shown in left:
            if shown.is_leaving:
                del self._lists[shown.key]
            shown.is_leaving = True
        if not self._lists:
            self._items.clear()
            self._groups.clear()
        elif left:
            self._linger_timer.start()

    def _sync(self, slot: int, target: _Wanted, before: Ranges) -> None:
        """Tell one session its rows as all in its view were told them."""
        view = self._lists[target.key].views[target.ranges]
        gone = [encode_invalidate(each) for each in before if each not in target.ranges]
        if gone:
            self._send(view, target.key, [*gone, *view.sync_operations()], (slot,))
            return
        if view.sync is None:
            view.sync = self._encode(view, target.key, view.sync_operations())
        self._sources.send(view.sync, (slot,))

    # -- what changed

    def flush(self) -> None:
        """Put the lists in order and tell what changed."""
        touched, self._touched = self._touched, set()
        for user_id in touched:
            self._items.pop(user_id, None)
        is_reshaped, self._is_reshaped = self._is_reshaped, False
        if is_reshaped:
            self._items.clear()
            self._reseat(self._wanted)
            self._lists = {key: shown for key, shown in self._lists.items() if shown.views}
            for shown in self._lists.values():
                shown.channel_id = next(iter(next(iter(shown.views.values())).slots.values()))[0]
        else:
            # Whose member changed may view other channels.
            self._reseat(
                slot for user_id in touched for slot in self._sources.slots_of(user_id) if slot in self._wanted
            )
        for shown in list(self._lists.values()):
            if is_reshaped or shown.is_whole != self._sources.state.members.keeps_all:
                self._fill(shown)
            else:
                self._place(shown, touched)
            for view in list(shown.views.values()):
                self._tell(shown, view)

    def _reseat(self, slots: Iterable[int]) -> None:
        for slot in list(slots):
            self._seat(slot, self._wanted[slot], is_asked=False)

    def _fill(self, shown: _List) -> None:
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

    def _place(self, shown: _List, user_ids: Iterable[int]) -> None:
        for user_id in user_ids:
            place = self._place_of(shown, user_id)
            if place is None:
                shown.members.remove(user_id)
            else:
                shown.members.place(user_id, *place)
        shown.head = self._head(shown)

    def _place_of(self, shown: _List, user_id: int) -> tuple[str, str] | None:
        """Group and name of a member that stands in the list."""
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

    def _rows(self, shown: _List, span: Range) -> list[Row]:
        counts = dict(shown.members.counts())
        return [
            (key, self._item(key) if isinstance(key, int) else encode_group(key, counts[key]))
            for key in shown.members.rows(*span)
        ]

    def _item(self, user_id: int) -> bytes:
        item = self._items.get(user_id)
        if item is None:
            member = self._sources.state.members.find(user_id)
            assert member is not None, "who stands in a list is kept"  # noqa: S101 - those who go are touched first
            item = self._items[user_id] = encode_member(member, self._sources.find_presence(user_id))
        return item

    # -- telling

    def _tell(self, shown: _List, view: ListView) -> None:
        operations = view.change([self._rows(shown, span) for span in view.spans])
        if operations:
            view.set_head(shown.head)
            self._send(view, shown.key, operations, view.slots)
        elif view.head != shown.head:
            # The rows stand as they stood: of the counts they hear later, all at once.
            self._counts_timer.start()

    def _tell_counts(self) -> None:
        for shown in self._lists.values():
            behind = [view for view in shown.views.values() if view.head != shown.head]
            for view in behind:
                view.set_head(shown.head)
            slots = [slot for view in behind for slot in view.slots]
            if slots:
                self._send(behind[0], shown.key, [], slots)

    def _send(self, view: ListView, key: ListKey, operations: list[msgspec.Raw], slots: Collection[int]) -> None:
        self._sources.send(self._encode(view, key, operations), slots)

    def _encode(self, view: ListView, key: ListKey, operations: list[msgspec.Raw]) -> DispatchBody:
        return encode_update(self._sources.state.guild_id, key.id, view.head, operations)

    def _head(self, shown: _List) -> ListHead:
        return ListHead(
            member_count=self._sources.state.members.count,
            online_count=shown.members.count_online(),
            groups=tuple(shown.members.counts()),
        )
