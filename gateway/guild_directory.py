"""The guilds in memory: loads their actors, hands them their events, and lets idle ones go.

```
          visit / watch                    loaded                      no session, no visit for guild_idle_s
 absent ───────────────→ loading (events are held) ─────────→ live ─────────────────────────→ absent
```

A guild is loaded at a position of its shard's log. Events that come while it is being loaded are held and applied then, save
those that the snapshot has in it already; so nothing is missed and nothing is applied twice, whatever the timing.

Owns the table of actors. Sessions enter through a visit: it keeps the guild in memory and its user's membership up to date
from the moment when the membership is read until the session is attached.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

import msgspec

from core.bus.interfaces import Delivery
from core.domain.errors import Unavailable
from core.domain.member import Member
from core.runtime.clock import Clock
from core.store.interfaces import Store
from core.wire.envelope import Envelope
from gateway.batch_timer import CallLater, Handle
from gateway.event_meter import EventMeter
from gateway.guild_actor import GuildActor
from gateway.guild_state import GuildState
from gateway.member_table import KEEP_ALL_BELOW
from gateway.passive_sessions import LargeGuilds
from gateway.presence_batches import PresencePace
from gateway.sending import Sending
from gateway.session import Session
from gateway.tasks import Tasks

logger = logging.getLogger(__name__)

MAX_HELD: Final = 100_000
"""Events that a guild may have while it is loaded (milliseconds): past it the store must be stuck, and loading fails."""


class _Entry:
    """One guild: the actor once it is loaded, else what waits for it."""

    __slots__ = ("actor", "error", "guild_id", "held", "idle_timer", "is_loaded", "visits", "watchers")

    def __init__(self, guild_id: int) -> None:
        self.guild_id = guild_id
        self.actor: GuildActor | None = None
        self.error: Exception | None = None
        self.is_loaded = asyncio.Event()
        self.held: list[Delivery] = []
        self.visits = 0
        self.watchers: list[list[Envelope]] = []
        self.idle_timer: Handle | None = None


class GuildVisit:
    """A user's stay at a guild's actor: from before its membership is read until its session is attached, or not."""

    __slots__ = ("_end", "_is_held", "_is_open", "actor", "user_id")

    def __init__(self, *, actor: GuildActor, user_id: int, end: Callable[[], None]) -> None:
        self._end = end
        self._is_open = True
        self._is_held = True
        self.actor = actor
        self.user_id = user_id

    @property
    def is_member(self) -> bool:
        """Whether the user is a member, as of now."""
        return self.actor.state.members.find(self.user_id) is not None

    def attach(self, session: Session, *, presence: msgspec.Raw | None, is_new: bool) -> bool:
        """Attach the session, as `GuildActor.attach`; the membership is then held for the session."""
        if not self.actor.attach(session, presence=presence, is_new=is_new):
            return False
        self._is_held = False
        return True

    def close(self) -> None:
        """End the visit. Safe to call twice."""
        if not self._is_open:
            return
        self._is_open = False
        if self._is_held:
            self.actor.state.members.release(self.user_id)
        self._end()


class GuildDirectory:
    """See the module."""

    __slots__ = (
        "_call_later",
        "_clock",
        "_entries",
        "_idle_s",
        "_large",
        "_meter",
        "_on_online",
        "_pace",
        "_sending",
        "_store",
        "_tasks",
    )

    def __init__(  # noqa: PLR0913 - it is given what its actors need
        self,
        *,
        store: Store,
        clock: Clock,
        call_later: CallLater,
        tasks: Tasks,
        idle_s: float,
        meter: EventMeter | None = None,
        on_online: Callable[[int, int], None] | None = None,
        sending: Sending | None = None,
        large: LargeGuilds | None = None,
    ) -> None:
        self._store = store
        self._call_later = call_later
        self._clock = clock
        self._tasks = tasks
        self._idle_s = idle_s
        self._large = large
        self._meter = meter
        self._on_online = on_online
        self._pace = PresencePace(clock=clock, call_later=call_later)
        self._sending = sending
        self._entries: dict[int, _Entry] = {}

    def find(self, guild_id: int) -> GuildActor | None:
        """The guild's actor, when it is live."""
        entry = self._entries.get(guild_id)
        return None if entry is None else entry.actor

    def deliver(self, delivery: Delivery) -> None:
        """Hand an event to its guild's actor. Guilds that nobody is attached to are not in memory and need none."""
        entry = self._entries.get(delivery.envelope.guild_id)
        if entry is None:
            return
        for watcher in entry.watchers:
            watcher.append(delivery.envelope)
        if entry.actor is None:
            self._hold(entry, delivery)
            return
        is_timed = self._sending is not None and self._sending.begin()
        _apply(entry.actor, delivery)
        if self._sending is not None and is_timed:
            self._sending.end()
        self._rest(entry)

    async def visit(self, guild_id: int, user_id: int) -> GuildVisit | None:
        """Load the guild if need be and read the user's membership; None when the guild does not exist.

        Raises:
            Unavailable: when the store cannot be read.
        """
        entry = self._enter(guild_id)
        try:
            actor = await _wait_loaded(entry)
            if actor is not None:
                await self._hold_member(actor, user_id)
                return GuildVisit(actor=actor, user_id=user_id, end=lambda: self._end_visit(entry))
        except BaseException:
            self._end_visit(entry)
            raise
        self._end_visit(entry)
        return None

    def visit_now(self, member: Member) -> GuildVisit | None:
        """The same with a membership that was just read, when the guild is live. No event about it was applied since."""
        entry = self._entries.get(member.guild_id)
        if entry is None or entry.actor is None:
            return None
        self._enter(member.guild_id)
        members, user_id = entry.actor.state.members, member.user.id
        if members.hold(user_id):
            members.settle(user_id, member)
        return GuildVisit(actor=entry.actor, user_id=user_id, end=lambda: self._end_visit(entry))

    async def stay(self, guild_id: int) -> Callable[[], None]:
        """Load the guild if need be, and keep it until what comes back is called (once). No error when it does not exist.

        Raises:
            Unavailable: when the store cannot be read.
        """
        entry = self._enter(guild_id)
        try:
            await _wait_loaded(entry)
        except BaseException:
            self._end_visit(entry)
            raise
        return lambda: self._end_visit(entry)

    def watch(self, guild_id: int) -> list[Envelope]:
        """Collect the guild's events from now on, until `unwatch`. A watched guild is kept in memory."""
        entry = self._enter(guild_id)
        watcher: list[Envelope] = []
        entry.watchers.append(watcher)
        return watcher

    def unwatch(self, guild_id: int, watcher: list[Envelope]) -> None:
        """The inverse of `watch`."""
        entry = self._entries.get(guild_id)
        if entry is None:
            return
        kept = [each for each in entry.watchers if each is not watcher]
        if len(kept) < len(entry.watchers):
            entry.watchers = kept
            self._end_visit(entry)

    def leave(self, session: Session, guild_id: int) -> None:
        """Detach a session."""
        entry = self._entries.get(guild_id)
        if entry is not None and entry.actor is not None:
            entry.actor.detach(session)
            self._rest(entry)

    def close(self) -> None:
        """Stop the timers."""
        for entry in self._entries.values():
            if entry.idle_timer is not None:
                entry.idle_timer.cancel()
            if entry.actor is not None:
                entry.actor.close()

    def _enter(self, guild_id: int) -> _Entry:
        entry = self._entries.get(guild_id)
        if entry is None:
            entry = self._entries[guild_id] = _Entry(guild_id)
            self._tasks.spawn(self._load(entry))
        entry.visits += 1
        if entry.idle_timer is not None:
            entry.idle_timer.cancel()
            entry.idle_timer = None
        return entry

    def _end_visit(self, entry: _Entry) -> None:
        entry.visits -= 1
        self._rest(entry)

    async def _hold_member(self, actor: GuildActor, user_id: int) -> None:
        members = actor.state.members
        if not members.hold(user_id):
            return
        try:
            members.settle(user_id, await self._store.members.find(actor.guild_id, user_id))
        except BaseException:
            members.release(user_id)
            raise

    def _hold(self, entry: _Entry, delivery: Delivery) -> None:
        if entry.error is None and not entry.is_loaded.is_set():
            entry.held.append(delivery)
            if len(entry.held) > MAX_HELD:
                self._fail(entry, Unavailable("a guild takes too long to load"))

    async def _load(self, entry: _Entry) -> None:
        try:
            actor = await self._read(entry.guild_id)
        except Exception as error:  # whatever it is: those who wait must be told
            self._fail(entry, error)
            return
        if entry.error is not None:
            return
        if actor is None:
            self._drop(entry)
        else:
            for delivery in entry.held:
                _apply(actor, delivery)
            entry.actor = actor
        entry.held.clear()
        entry.is_loaded.set()
        self._rest(entry)

    async def _read(self, guild_id: int) -> GuildActor | None:
        snapshot = await self._store.guilds.load_snapshot(guild_id)
        if snapshot is None:
            return None
        members = None
        if snapshot.member_count < KEEP_ALL_BELOW:
            members = await self._store.members.list_page(guild_id, limit=2 * KEEP_ALL_BELOW)
        last_ids = await self._store.messages.last_ids([channel.id for channel in snapshot.channels])
        on_dispatch = None if self._meter is None else self._meter.count
        state = GuildState(snapshot, members=members, last_message_ids=last_ids)
        return GuildActor(
            state,
            position=snapshot.position,
            clock=self._clock,
            call_later=self._call_later,
            on_dispatch=on_dispatch,
            on_online=self._on_online,
            large=self._large,
            pace=self._pace,
        )

    def _fail(self, entry: _Entry, error: Exception) -> None:
        entry.error = error
        entry.held.clear()
        self._drop(entry)
        entry.is_loaded.set()

    def _rest(self, entry: _Entry) -> None:
        """Let go of a guild that nobody needs, after a while."""
        actor = entry.actor
        if actor is None or entry.visits or len(actor.sessions) or entry.idle_timer is not None:
            return
        if actor.is_gone:
            self._drop(entry)
            return
        entry.idle_timer = self._call_later(self._idle_s, lambda: self._drop(entry))

    def _drop(self, entry: _Entry) -> None:
        if self._entries.get(entry.guild_id) is entry:
            del self._entries[entry.guild_id]
            if entry.actor is not None:
                entry.actor.close()


async def _wait_loaded(entry: _Entry) -> GuildActor | None:
    await entry.is_loaded.wait()
    if entry.error is not None:
        raise Unavailable from entry.error
    return entry.actor


def _apply(actor: GuildActor, delivery: Delivery) -> None:
    """A payload that cannot be read is skipped and told of: it must not keep the guild's other events back."""
    try:
        actor.apply(delivery)
    except msgspec.MsgspecError:
        event, guild_id = delivery.envelope.event, delivery.envelope.guild_id
        logger.exception("an event has an unreadable payload", extra={"event": event, "guild_id": guild_id})
