"""The throttle of one guild's presences: they go out in batches, so that a crowd that comes online is no flood.

```
 change ─→ idle? ─ yes ─→ told at once ─┐
             └ no ─→ waits; a later change of the same user takes its place ─→ told with the next batch
                                        └─→ the next batch is due GAP_S later
```

A batch has up to BATCH presences, fewer when MAX_DELIVERIES is reached before. It goes out in slices, one in each turn
of the loop, so that messages and heartbeats pass in between. So one guild tells nobody more than 1,000 presences a
second. A user in several guilds with crowds could get more than USER_PER_S. The surplus is owed to that user alone and
follows as soon as it may, the newest state only.

A session that comes back has missed what was told since it was here last (`owe_recent`). Its user is owed the newest
`RECENT` presences of the last `RECENT_S`.

Owns the presences that wait. Time and timers are given. The guild's actor decides who may see a presence when it is
told.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Final, Protocol

from core.runtime.clock import Clock
from core.wire.envelope import Envelope
from gateway.events.recent import remember
from gateway.guilds.state.guild_changes import (
    ChannelDeleted,
    ChannelPut,
    GuildChanged,
    MemberAdded,
    MemberChanged,
    MemberReleased,
    MemberRemoved,
    MessageAdded,
    PresenceChanged,
    Reactions,
    RoleDeleted,
    RolePut,
    VoiceChanged,
)
from gateway.scheduling.batch_timer import CallLater, Handle

BATCH: Final = 100
GAP_S: Final = 0.1
USER_PER_S: Final = 1000
"""The presences that a user is told in a second, of all guilds together."""
MAX_DELIVERIES: Final = 100_000
"""The deliveries of one batch: at a third of a microsecond each they take a third of the gap."""
PAID_AT_ONCE: Final = 1000
"""The owed presences that are told with one batch. Each is found by itself, so they take about as long as a slice."""
RECENT: Final = 100
"""The presences that a user who comes back is owed at most. When a worker dies, many come back at once."""
RECENT_S: Final = 60.0
"""The time for which a presence that was told is kept for them: longer than a move or a usual reconnect takes."""
SLICE_DELIVERIES: Final = 20_000
"""The deliveries of one slice, which take about 5 ms."""
_REMEMBERED_GONE: Final = 1024
"""The number of members remembered who left. Presences wait behind all other events, so one may come after its member
left."""
_WINDOW_S: Final = 1.0


class PresencePace:
    """The part that the batches of all guilds share: timers, and the counts of this second."""

    __slots__ = ("_clock", "_ends_s", "_extra", "_most_extra", "_told", "_total", "call_later")

    def __init__(self, *, clock: Clock, call_later: CallLater) -> None:
        self.call_later = call_later
        self._clock = clock
        self._ends_s = 0.0
        self._total = 0
        self._told: dict[int, int] = {}
        """The presences told in this second, keyed by guild id."""
        self._extra: dict[int, int] = {}
        """The owed presences told in this second, keyed by user id."""
        self._most_extra = 0
        """The most that any user has in `_extra`."""

    def now_s(self) -> float:
        """Return the time on a clock that never goes back."""
        return self._clock.monotonic_s()

    def note(self, guild_id: int, count: int) -> None:
        """Count presences that a guild has told."""
        self._told[guild_id] = self._told.get(guild_id, 0) + count
        self._total += count

    def note_owed(self, user_id: int, count: int) -> None:
        """Count owed presences that a user was told."""
        extra = self._extra[user_id] = self._extra.get(user_id, 0) + count
        self._most_extra = max(self._most_extra, extra)

    def has_room_for_all(self, count: int) -> bool:
        """Return whether so many are allowed for every user, in whatever guilds: the usual case, and a cheap test."""
        now_s = self._clock.monotonic_s()
        if now_s >= self._ends_s:
            self._ends_s = now_s + _WINDOW_S
            self._told.clear()
            self._extra.clear()
            self._total = self._most_extra = 0
        return self._total + self._most_extra + count <= USER_PER_S

    def room_of(self, user_id: int, guild_ids: Iterable[int]) -> int:
        """Return how many presences a user in these guilds may still be told in this second, at least."""
        told = sum(self._told.get(guild_id, 0) for guild_id in guild_ids)
        return max(USER_PER_S - told - self._extra.get(user_id, 0), 0)


class Viewers(Protocol):
    """The part that tells presences: the guild's actor."""

    @property
    def guild_id(self) -> int:
        """The guild."""

    def tell_presence(self, envelope: Envelope, without: Collection[int]) -> int:
        """Dispatch a presence to all who may see it, except these users. Return how many sessions got it."""

    def tell_presence_to(self, envelope: Envelope, user_id: int) -> None:
        """Dispatch a presence to this user's sessions, if they may see it."""

    def guilds_of_users(self) -> Mapping[int, Collection[int]]:
        """Return the users with a session here, each with the guilds that its sessions are attached to."""

    def guilds_of(self, user_id: int) -> Collection[int]:
        """Return the guilds that a user's sessions are attached to, none when it has no session here."""


class PresenceBatches:
    """The presences of one guild that wait."""

    __slots__ = (
        "_deliveries",
        "_forgetting",
        "_gone",
        "_left",
        "_newest",
        "_owed",
        "_pace",
        "_recent",
        "_timer",
        "_viewers",
        "_waiting",
    )

    def __init__(self, *, viewers: Viewers, pace: PresencePace) -> None:
        self._viewers = viewers
        self._pace = pace
        self._waiting: dict[int, Envelope] = {}
        """The newest presence of each user, in the order in which the users began to wait."""
        self._owed: dict[int, dict[int, Envelope]] = {}
        """The presences that a user is owed, keyed by receiver and by the user that they are about."""
        self._newest: dict[int, Envelope | None] = {}
        """What has come while anything was owed, by the user that it is about; None for who has left. What is owed and
        older is out of date. It is found when it would be told, as many may be owed it."""
        self._gone: dict[int, None] = {}
        self._recent: dict[int, tuple[float, Envelope]] = {}
        """The presences that were told last, and when, by the user that they are about; the oldest first."""
        self._forgetting: Handle | None = None
        self._timer: Handle | None = None
        self._left = 0
        """The number of presences that this batch may still tell."""
        self._deliveries = 0

    def put(self, envelope: Envelope) -> None:
        """Take a member's presence that has changed."""
        user_id = envelope.user_id
        self._waiting[user_id] = envelope
        self._outdate(user_id, envelope)
        if self._timer is None:
            self._begin()

    def owe_recent(self, user_id: int) -> None:
        """Tell a user whose session has come back what was told lately. It follows in a later turn of the loop."""
        self._forget_until(self._pace.now_s() - RECENT_S)
        known = self._waiting.keys() | {user_id}
        owed = {about_id: told for about_id, (_, told) in self._recent.items() if about_id not in known}
        if owed:
            self._owed.setdefault(user_id, {}).update(owed)
            if self._timer is None:
                self._timer = self._pace.call_later(0, self._begin)

    def _keep_recent(self, envelope: Envelope) -> None:
        self._recent.pop(envelope.user_id, None)
        self._recent[envelope.user_id] = self._pace.now_s(), envelope
        self._forget_until(self._pace.now_s() - RECENT_S)
        if self._forgetting is None:
            self._forget_later()

    def _forget_later(self) -> None:
        """Forget in time what is told until now, so that a guild that has become quiet keeps nothing."""
        now_s = self._pace.now_s()
        self._forgetting = self._pace.call_later(RECENT_S, lambda: self._forget_told(now_s))

    def _forget_told(self, until_s: float) -> None:
        self._forgetting = None
        self._forget_until(until_s)
        if self._recent:
            self._forget_later()

    def _forget_until(self, until_s: float) -> None:
        while self._recent:
            oldest = next(iter(self._recent))
            if len(self._recent) <= RECENT and self._recent[oldest][0] > until_s:
                return
            del self._recent[oldest]

    def is_gone(self, user_id: int) -> bool:
        """Whether the user has left lately and is not back."""
        return user_id in self._gone

    def drop(self, change: MemberRemoved) -> None:
        """Forget a user who is no member any more: nobody is told of it."""
        user_id = change.user_id
        remember(self._gone, user_id, None, most=_REMEMBERED_GONE)
        self._waiting.pop(user_id, None)
        self._owed.pop(user_id, None)
        self._recent.pop(user_id, None)
        self._outdate(user_id, None)

    def welcome(self, change: MemberAdded) -> None:
        """Note that the user is a member, again or for the first time."""
        self._gone.pop(change.user_id, None)

    def close(self) -> None:
        """Stop the timers."""
        for timer in (self._timer, self._forgetting):
            if timer is not None:
                timer.cancel()
        self._timer = self._forgetting = None

    def _begin(self) -> None:
        """Begin a batch, when anything waits."""
        self._timer = None
        if self._waiting or self._owed:
            self._left, self._deliveries = BATCH, 0
            self._go_on()

    def _go_on(self) -> None:
        """Tell the next slice of a batch."""
        count = min(len(self._waiting), self._left)
        full = () if self._pace.has_room_for_all(count) else self._find_full(count)
        slice_end = self._deliveries + SLICE_DELIVERIES
        while self._has_more and self._deliveries < slice_end:
            self._tell_next(full)
        self._timer = self._pace.call_later(0, self._go_on) if self._has_more else self._end()

    @property
    def _has_more(self) -> bool:
        """Whether the batch goes on."""
        return bool(self._waiting) and self._left > 0 and self._deliveries < MAX_DELIVERIES

    def _tell_next(self, full: Collection[int]) -> None:
        user_id = next(iter(self._waiting))
        envelope = self._waiting.pop(user_id)
        self._keep_recent(envelope)
        self._left -= 1
        self._deliveries += self._viewers.tell_presence(envelope, full) + len(full)
        self._pace.note(self._viewers.guild_id, 1)
        for receiver_id in full:
            if receiver_id != user_id:
                self._owed.setdefault(receiver_id, {})[user_id] = envelope

    def _end(self) -> Handle:
        """End a batch and set the timer of the next one."""
        if self._owed:
            self._pay()
        return self._pace.call_later(GAP_S, self._begin)

    # -- users that have had enough

    def _find_full(self, count: int) -> Collection[int]:
        """Find the users who may not be told so many more. Users that are owed presences get those first."""
        rooms = {
            user_id: self._pace.room_of(user_id, guild_ids)
            for user_id, guild_ids in self._viewers.guilds_of_users().items()
        }
        return {user_id for user_id, room in rooms.items() if room < count} | self._owed.keys()

    def _pay(self) -> None:
        """Tell presences that are owed, as far as the limit allows."""
        left = PAID_AT_ONCE
        for user_id in list(self._owed):
            if left <= 0:
                break
            owed, guild_ids = self._owed[user_id], self._viewers.guilds_of(user_id)
            room = min(self._pace.room_of(user_id, guild_ids), BATCH, left) if guild_ids else 0
            paid = self._take_owed(owed, room)
            for envelope in paid:
                self._viewers.tell_presence_to(envelope, user_id)
            left -= len(paid)
            self._pace.note_owed(user_id, len(paid))
            if not owed or not guild_ids:
                del self._owed[user_id]
        if not self._owed:
            self._newest.clear()

    def _take_owed(self, owed: dict[int, Envelope], room: int) -> list[Envelope]:
        """Take what there is room for, and what is out of date, out of what is owed. Return what is to be told."""
        taken: list[Envelope] = []
        for about_id in list(owed):
            if len(taken) == room:
                break
            envelope = owed.pop(about_id)
            if self._newest.get(about_id, envelope) is envelope:
                taken.append(envelope)
        return taken

    def _outdate(self, about_id: int, envelope: Envelope | None) -> None:
        """Note that what is owed of a user is out of date."""
        if self._owed:
            self._newest[about_id] = envelope


REACTIONS: Final[Reactions[PresenceBatches]] = {
    MemberAdded: PresenceBatches.welcome,
    MemberRemoved: PresenceBatches.drop,
    # Presences come with their envelopes (`put`), and who may see them is found when they are told.
    PresenceChanged: None,
    MemberChanged: None,
    MemberReleased: None,
    MessageAdded: None,
    GuildChanged: None,
    RolePut: None,
    RoleDeleted: None,
    ChannelPut: None,
    ChannelDeleted: None,
    VoiceChanged: None,
}
