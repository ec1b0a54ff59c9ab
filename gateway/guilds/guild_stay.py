"""A guild in memory or on its way there, and the stays that keep it there.

```
 stay ─→ open (the guild is loaded, the membership is held) ─→ settled (the membership is known) ─→ entered ─→ closed
```

A session enters a guild through a stay, at a login as well as later. From the moment when the stay holds the user's
membership, the guild's events keep it up to date. So a row that was read after that moment can be settled, and an event
that was quicker wins. A row that was read earlier may be settled only if `gateway.events.login_windows` knows that
nothing has happened since.
"""

import asyncio
from collections.abc import Callable, Sequence

import msgspec

from core.bus.interfaces import Delivery
from core.domain.errors import Unavailable
from core.domain.events import GUILD_MEMBER_ADD, MESSAGE_CREATE
from core.domain.guilds.member import Member
from gateway.guilds.guild_actor import STATE_EVENTS, GuildActor
from gateway.guilds.guild_replay import InexactReplayError, Plan, Step, Way, list_seen_then, plan_replay
from gateway.guilds.state.member_table import RowMark
from gateway.scheduling.batch_timer import Handle
from gateway.sessions.seat import Seat
from gateway.sessions.session_guild import SessionGuild
from gateway.sessions.shown_guild import ShownGuild


class GuildEntry:
    """One guild: the actor once it is loaded, else what waits for it.

    Written by `gateway.guilds.guild_directory` alone.
    """

    __slots__ = ("actor", "collecting", "error", "guild_id", "held", "idle_timer", "loaded", "stays")

    def __init__(self, guild_id: int) -> None:
        self.guild_id = guild_id
        self.actor: GuildActor | None = None
        """None before the guild is loaded, and when there is no such guild."""
        self.error: Exception | None = None
        """The reason why loading failed."""
        self.loaded = asyncio.Event()
        """Set when loading has ended, successfully or not."""
        self.held: list[Delivery] = []
        """The events that have come while the guild is loaded."""
        self.stays = 0
        """The number of stays, which keep the guild in memory."""
        self.collecting: dict[GuildStay, None] = {}
        """The stays that collect the guild's events, in the order in which they began."""
        self.idle_timer: Handle | None = None


class GuildStay:
    """One user's stay at one guild.

    Until it is closed it keeps the guild in memory and the user's membership up to date.
    """

    __slots__ = ("_end", "_is_closed", "_mark", "collected", "collects", "entry", "holds_member", "is_new", "user_id")

    def __init__(
        self,
        entry: GuildEntry,
        user_id: int,
        *,
        is_new: bool,
        collects: bool,
        end: Callable[["GuildStay"], None],
    ) -> None:
        """`is_new` says that the user has just joined, `collects` that the guild's events are collected meanwhile.

        Of the collected events, those that GUILD_CREATE does not show follow it.
        """
        self._end = end
        self._is_closed = False
        self._mark: RowMark | None = None
        """The mark for the read of the membership that is awaited."""
        self.collected: list[Delivery] = []
        """The guild's events of the log during the stay, if it collects them."""
        self.collects = collects
        self.entry = entry
        """The guild in its directory."""
        self.holds_member = False
        """Whether the guild's events keep the membership up to date, for this stay."""
        self.is_new = is_new
        self.user_id = user_id

    @property
    def guild_id(self) -> int:
        """The guild's id."""
        return self.entry.guild_id

    @property
    def is_loaded(self) -> bool:
        """Whether loading has ended. If `actor` is None then, there is no such guild."""
        return self.entry.loaded.is_set()

    @property
    def actor(self) -> GuildActor | None:
        """The guild's actor, once it is loaded."""
        return self.entry.actor

    @property
    def awaits_row(self) -> bool:
        """Whether the membership is held but not known: its row must be read and settled."""
        return self._mark is not None

    @property
    def is_member(self) -> bool:
        """Whether the user is a member now. A membership that is not settled yet counts as none."""
        actor = self.entry.actor
        return actor is not None and not actor.is_gone and actor.state.members.find(self.user_id) is not None

    @property
    def has_entered(self) -> bool:
        """Whether the session is in the guild already. Never: it enters a guild of this process with READY."""
        return False

    @property
    def is_late(self) -> bool:
        """Whether the guild is to be entered later. Never: a guild of this process is loaded, or cannot be."""
        return False

    @property
    def is_first(self) -> bool:
        """Whether the user has no session in the guild yet."""
        actor = self.entry.actor
        return actor is None or not actor.sessions.slots_of(self.user_id)

    async def open(self) -> None:
        """Wait until the guild is loaded, and hold the membership. No error when there is no such guild.

        Raises:
            Unavailable: when the guild cannot be loaded.
        """
        await self.entry.loaded.wait()
        if self.entry.error is not None:
            raise Unavailable from self.entry.error
        self.hold()

    def hold(self) -> None:
        """Let events keep the membership up to date from now on, if the guild is loaded. Safe to call twice."""
        actor = self.entry.actor
        if actor is not None and not self.holds_member and not self._is_closed:
            self._mark = actor.state.members.hold(self.user_id)
            self.holds_member = True

    def settle(self, row: Member | None) -> None:
        """Take the row of the membership that is awaited. An event that came after `hold` wins over it."""
        actor, mark, self._mark = self.entry.actor, self._mark, None
        if actor is not None and mark is not None:
            actor.state.members.settle(mark, row)

    def show(self, presence: msgspec.Raw) -> None:
        """Note the presence of the user, who is about to enter, if the user is a member."""
        if self.is_member and self.entry.actor is not None:
            self.entry.actor.attendance.show(self.user_id, presence)

    def enter(self, session: Seat, *, presence: msgspec.Raw | None) -> bool:
        """Attach the session to the actor, for which the membership is then held. Return whether that was possible.

        `presence` is the user's as others see it, None when offline.
        """
        actor = self.entry.actor
        told = [] if actor is None or not self.is_member else list_seen_then(actor, session, self._list_since_join())
        if actor is None or not actor.attendance.attach(session, presence=presence, is_new=self.is_new):
            return False
        self.holds_member = False
        for envelope in told:
            if envelope.event not in STATE_EVENTS:
                actor.replay_to(session, envelope)
        return True

    def _list_since_join(self) -> list[Delivery]:
        """Return what was collected since the user has joined. The user's shard may tell of the join before the guild's
        does, and then what comes from the guild in between was said before it."""
        joins = [
            place
            for place, delivery in enumerate(self.collected)
            if delivery.envelope.event == GUILD_MEMBER_ADD and delivery.envelope.user_id == self.user_id
        ]
        return self.collected[joins[-1] + 1 :] if joins else self.collected

    def enter_shown(self, session: Seat, *, presence: msgspec.Raw | None) -> ShownGuild | None:
        """Attach the session as in `enter`, but return the guild, which READY shows, in place of GUILD_CREATE.

        Nothing may be collected, since READY comes later. None means that entering was not possible.
        """
        actor = self.entry.actor
        shown = None if actor is None else actor.attendance.attach_shown(session, presence=presence)
        if shown is not None:
            self.holds_member = False
        return shown

    def take_back(self, session: Seat, known: SessionGuild, *, presence: msgspec.Raw | None) -> bool:
        """Let the session in again without GUILD_CREATE. Return whether that was possible. The rest is as in `enter`.

        What it has missed follows by `replay`. Presences that it may have missed follow later.
        """
        actor = self.entry.actor
        if actor is None or not actor.attendance.take_back(session, known, presence=presence):
            return False
        actor.presence_batches.owe_recent(session.user_id)
        self.holds_member = False
        return True

    def plan(self, session: Seat, known: SessionGuild, missed: Sequence[Delivery]) -> Plan:
        """Plan the replay to a session that is to be taken back, in this turn, of all that it has missed.

        Raises:
            InexactReplayError: when its user is no member now, or the replay is not exact.
        """
        actor = self.entry.actor
        if actor is None or not self.is_member:
            raise InexactReplayError(Way.LEFT, "")
        return plan_replay(actor, session, known, missed)

    def replay(self, session: Seat, step: Step) -> None:
        """Send the session, which is in the guild again, an event that it has missed."""
        actor, envelope = self.entry.actor, step.delivery.envelope
        if actor is None:
            return
        if step.bodies is None:
            actor.replay_to(session, envelope)
        else:
            for body in step.bodies:
                session.dispatch(body)
        if envelope.event == MESSAGE_CREATE:
            actor.attention.note_unread(envelope.channel_id)

    def close(self) -> None:
        """End the stay. Safe to call twice."""
        if self._is_closed:
            return
        self._is_closed = True
        if self.holds_member and self.entry.actor is not None:
            self.entry.actor.attendance.release(self.user_id)
        self._end(self)
