"""The member lists of one guild that sessions watch, and the operations by which the sessions follow them.

```
 subscribe ─→ list of the channel ─→ watched rows, shared by all sessions with these ranges ─→ SYNC, to the new session
 touch, reshape ─→ (LIST_GAP_S) ─→ lists put in order ─→ watched rows: as told and as they are ─→ one body for all
```

`WatchedRows` has the rows as its sessions were told them. So a batch of changes costs a comparison of a few hundred
rows for each of them, however many changes and sessions there are. Where the rows are the same nothing is sent, except
the counts of the groups now and then. A list exists while sessions watch it and some minutes longer: making one costs 3
to 5 µs for each member in it, and the next session mostly comes soon.

Owns the lists and what each session watches. Synchronous; timers are given.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Final, NamedTuple

import msgspec

from gateway.guilds.member_lists.list_contents import ListContents, ListSources, WatchedList
from gateway.guilds.member_lists.member_list_bodies import encode_update
from gateway.guilds.member_lists.member_list_ids import ListKey, key_of
from gateway.guilds.member_lists.member_ranges import Ranges, encode_invalidate, join_ranges
from gateway.guilds.member_lists.watched_rows import WatchedRows
from gateway.payloads.dispatch_body import DispatchBody
from gateway.scheduling.batch_timer import BatchTimer, CallLater

LIST_GAP_S: Final = 0.2
"""The time from a change to its telling: all changes within it are told together."""
COUNTS_GAP_S: Final = 3.0
"""The time between tellings of counts that changed in other parts of the list."""
LINGER_S: Final = 120.0
"""The time that a list without watchers is kept, once to twice."""


class _Watch(NamedTuple):
    """The ranges that a session watches in one list, and the channels by which it came there."""

    key: ListKey
    ranges: Ranges
    channel_ids: tuple[int, ...]


class MemberLists:
    __slots__ = (
        "_contents",
        "_counts_timer",
        "_is_reshaped",
        "_linger_timer",
        "_lists",
        "_sources",
        "_timer",
        "_touched",
        "_wanted",
        "_watches",
    )

    def __init__(self, sources: ListSources, *, call_later: CallLater) -> None:
        self._contents = ListContents(sources)
        self._sources = sources
        self._lists: dict[ListKey, WatchedList] = {}
        self._wanted: dict[int, Mapping[int, Ranges]] = {}
        """The ranges that the client of each slot asked for, keyed by slot and channel id."""
        self._watches: dict[int, dict[str, _Watch]] = {}
        """The lists that each session watches, keyed by slot and list id."""
        self._touched: set[int] = set()
        self._is_reshaped = False
        self._timer = BatchTimer(gap_s=LIST_GAP_S, flush=self.flush, call_later=call_later)
        self._counts_timer = BatchTimer(gap_s=COUNTS_GAP_S, flush=self._tell_counts, call_later=call_later)
        self._linger_timer = BatchTimer(gap_s=LINGER_S, flush=self._drop_left, call_later=call_later)

    @property
    def are_kept(self) -> bool:
        """Whether there are lists, or a session waits for one that it may not view yet."""
        return bool(self._lists or self._wanted)

    # -- what happens in the guild

    def touch(self, user_id: int) -> None:
        """Note that a member came, went or changed, or that its presence did."""
        if not self.are_kept:
            return
        self._touched.add(user_id)
        self._timer.start()
        if self._sources.state.members.find(user_id) is None:
            # A session that subscribes before the flush cannot be shown a member that the table does not have.
            for shown in self._lists.values():
                shown.members.remove(user_id)

    def reshape(self) -> None:
        """Note that groups or views may have changed: with a role, a channel or the owner."""
        self._is_reshaped = True
        self._contents.forget_groups()
        self._timer.start()

    def close(self) -> None:
        """Stop the timers."""
        self._timer.cancel()
        self._counts_timer.cancel()
        self._linger_timer.cancel()

    # -- subscriptions

    def subscribe(self, slot: int, wanted: Mapping[int, Ranges]) -> None:
        """Let the session watch the lists of these channels (channel id → ranges) and no others, and tell it the rows.

        It is told the list of a channel that it may not view as soon as it may.
        """
        if not self.are_kept:
            # Nothing has followed the guild since lists were kept last.
            self._contents.forget_items()
            self._contents.forget_groups()
        if wanted:
            self._wanted[slot] = wanted
        else:
            self._wanted.pop(slot, None)
        self._update(slot, wanted, is_asked=True)

    def leave(self, slot: int) -> None:
        """Forget a session. No error when it watches nothing."""
        self._wanted.pop(slot, None)
        for list_id in list(self._watches.get(slot, ())):
            self._end(slot, list_id)

    def _update(self, slot: int, wanted: Mapping[int, Ranges], *, is_asked: bool) -> None:
        targets = self._resolve(slot, wanted)
        watches = self._watches.get(slot, {})
        for list_id in [each for each in watches if each not in targets]:
            self._end(slot, list_id)
        for list_id, target in targets.items():
            before = watches.get(list_id)
            if before is not None and before[:2] == target[:2]:
                self._find_rows(target).slots[slot] = target.channel_ids
                self._watches[slot][list_id] = target
                if is_asked:
                    self._sync(slot, target, ())
                continue
            if before is not None:
                self._end(slot, list_id)
            self._find_rows(target).slots[slot] = target.channel_ids
            self._watches.setdefault(slot, {})[list_id] = target
            self._sync(slot, target, before.ranges if before else ())

    def _resolve(self, slot: int, wanted: Mapping[int, Ranges]) -> dict[str, _Watch]:
        """Find the lists of the channels that the session views.

        Two channels may have one list. Of two lists with the same id the later one counts.
        """
        found: dict[str, _Watch] = {}
        for channel_id, ranges in wanted.items():
            channel = self._sources.state.channels.get(channel_id)
            if channel is None or not self._sources.can_view(channel_id, slot):
                continue
            key = key_of(self._sources.state, channel)
            known = found.get(key.id)
            if known is not None and known.key == key:
                joined = join_ranges((*known.ranges, *ranges))
                found[key.id] = _Watch(key, joined, (*known.channel_ids, channel_id))
            else:
                found[key.id] = _Watch(key, ranges, (channel_id,))
        return found

    def _find_rows(self, target: _Watch) -> WatchedRows:
        shown = self._lists.get(target.key)
        if shown is None or self._is_outgrown(shown):
            shown = shown or WatchedList(target.key, target.channel_ids[0])
            self._contents.fill(shown)
            self._lists[target.key] = shown
        rows = shown.watched.get(target.ranges)
        if rows is None:
            rows = WatchedRows(target.ranges, shown.head)
            rows.change(self._contents.rows(shown, rows.spans))
            shown.watched[target.ranges] = rows
        return rows

    def _is_outgrown(self, shown: WatchedList) -> bool:
        """Return whether the list still has members of a guild that became too large to be kept whole."""
        return shown.is_whole != self._sources.state.members.keeps_all

    def _end(self, slot: int, list_id: str) -> None:
        watches = self._watches[slot]
        watch = watches.pop(list_id)
        if not watches:
            del self._watches[slot]
        shown = self._lists[watch.key]
        rows = shown.watched[watch.ranges]
        del rows.slots[slot]
        if not rows.slots:
            del shown.watched[watch.ranges]
        if not shown.watched:
            shown.is_leaving = False
            self._linger_timer.start()

    def _drop_left(self) -> None:
        """Drop the lists that nobody has watched since this was called last."""
        left = [shown for shown in self._lists.values() if not shown.watched]
        for shown in left:
            if shown.is_leaving:
                del self._lists[shown.key]
            shown.is_leaving = True
        if not self._lists:
            self._contents.forget_items()
            self._contents.forget_groups()
        elif left:
            self._linger_timer.start()

    def _sync(self, slot: int, target: _Watch, before: Ranges) -> None:
        """Tell one session the rows as the others that watch them were told."""
        rows = self._lists[target.key].watched[target.ranges]
        gone = [encode_invalidate(each) for each in before if each not in target.ranges]
        if gone:
            body = self._encode(rows, target.key, [*gone, *rows.sync_operations()])
        else:
            body = rows.sync = rows.sync or self._encode(rows, target.key, rows.sync_operations())
        self._sources.send(body, (slot,), target.channel_ids[0])

    # -- what changed

    def flush(self) -> None:
        """Put the lists in order and tell the sessions what changed."""
        touched, self._touched = self._touched, set()
        self._contents.forget_members(touched)
        is_reshaped, self._is_reshaped = self._is_reshaped, False
        if is_reshaped:
            self._contents.forget_items()
            self._update_all(self._wanted)
            self._lists = {key: shown for key, shown in self._lists.items() if shown.watched}
            for shown in self._lists.values():
                shown.channel_id = next(iter(next(iter(shown.watched.values())).slots.values()))[0]
        else:
            # A member that changed may view other channels.
            self._update_all(
                slot for user_id in touched for slot in self._sources.slots_of(user_id) if slot in self._wanted
            )
        for shown in list(self._lists.values()):
            if is_reshaped or self._is_outgrown(shown):
                self._contents.fill(shown)
            else:
                self._contents.place(shown, touched)
            for rows in list(shown.watched.values()):
                self._tell(shown, rows)

    def _update_all(self, slots: Iterable[int]) -> None:
        for slot in list(slots):
            self._update(slot, self._wanted[slot], is_asked=False)

    # -- telling

    def _tell(self, shown: WatchedList, rows: WatchedRows) -> None:
        operations = rows.change(self._contents.rows(shown, rows.spans))
        if operations:
            rows.set_head(shown.head)
            self._send(shown, rows, operations, rows.slots)
        elif rows.head != shown.head:
            # The rows are the same: the sessions are told the counts later, all at once.
            self._counts_timer.start()

    def _tell_counts(self) -> None:
        """Tell the counts that have changed. A flush that is due comes first: it ends the watches of lost channels."""
        if self._touched or self._is_reshaped:
            self._timer.cancel()
            self.flush()
        for shown in self._lists.values():
            behind = [rows for rows in shown.watched.values() if rows.head != shown.head]
            for rows in behind:
                rows.set_head(shown.head)
            slots = [slot for rows in behind for slot in rows.slots]
            if slots:
                self._send(shown, behind[0], [], slots)

    def _send(
        self, shown: WatchedList, rows: WatchedRows, operations: list[msgspec.Raw], slots: Collection[int]
    ) -> None:
        self._sources.send(self._encode(rows, shown.key, operations), slots, shown.channel_id)

    def _encode(self, rows: WatchedRows, key: ListKey, operations: list[msgspec.Raw]) -> DispatchBody:
        return encode_update(self._sources.state.guild_id, key.id, rows.head, operations)
