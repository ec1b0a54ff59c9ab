"""The guilds in memory: their actors are loaded, get their events, and are dropped when they are idle.

```
             stay                      loaded                    no session and no stay for guild_idle_s
 absent ───────────→ loading (events are held) ─────────→ live ──────────────────────────────→ absent
```

A guild is loaded at a revision. Events that come while it is loaded are held and then applied, except those that the
snapshot has already, which their revisions tell. So nothing is missed and nothing is applied twice, whatever the timing
is.

Owns the table of guilds. Sessions enter them through stays (`gateway.guilds.guild_stay`).
"""

import logging
from typing import Final

import msgspec

from core.bus.interfaces import Delivery
from core.domain.errors import Unavailable
from core.domain.ids import shard_of
from gateway.events.login_windows import LoginWindows
from gateway.guilds.guild_actor import GuildActor
from gateway.guilds.guild_loader import GuildLoader
from gateway.guilds.guild_loads import GuildLoads
from gateway.guilds.guild_stay import GuildEntry, GuildStay
from gateway.scheduling.batch_timer import CallLater
from gateway.scheduling.sending import Sending
from gateway.scheduling.tasks import Tasks
from gateway.sessions.seat import Seat

logger = logging.getLogger(__name__)

MAX_HELD: Final = 100_000
"""The number of events that are held for a guild. Loading takes milliseconds, so past it the store is stuck, and
loading fails."""


class GuildDirectory:
    __slots__ = ("_call_later", "_entries", "_idle_s", "_loads", "_sending", "_shards", "_windows")

    def __init__(
        self,
        *,
        loader: GuildLoader,
        windows: LoginWindows,
        tasks: Tasks,
        call_later: CallLater,
        idle_s: float,
        num_shards: int = 1,
        sending: Sending | None = None,
    ) -> None:
        """`windows` hear of guilds that were loaded. `sending` measures the time that events take."""
        self._call_later = call_later
        self._idle_s = idle_s
        self._loads = GuildLoads(loader=loader, tasks=tasks, on_loaded=self._open, on_failed=self._fail)
        self._sending = sending
        self._windows = windows
        self._entries: dict[int, GuildEntry] = {}
        self._shards: list[dict[int, GuildEntry]] = [{} for _ in range(num_shards)]
        """The same ones, by the shards of the guilds."""

    def find(self, guild_id: int) -> GuildActor | None:
        """Return the guild's actor, when it is live."""
        entry = self._entries.get(guild_id)
        return None if entry is None else entry.actor

    def actors(self) -> list[GuildActor]:
        """Return the actors of all guilds that are live."""
        return [entry.actor for entry in self._entries.values() if entry.actor is not None]

    def actors_of(self, shard: int) -> list[GuildActor]:
        """Return the actors of the guilds of a shard that are live."""
        return [entry.actor for entry in self._shards[shard].values() if entry.actor is not None]

    def has_session(self, guild_id: int, user_id: int, session_id: str) -> bool:
        """Return whether this session of the user is in the guild, as far as the guild is live here."""
        return self.find_session(guild_id, user_id, session_id) is not None

    def find_session(self, guild_id: int, user_id: int, session_id: str) -> Seat | None:
        """Return this session of the user, wherever it is, when it is in the guild and the guild is live here."""
        actor = self.find(guild_id)
        return None if actor is None else actor.sessions.find(user_id, session_id)

    def voice_permissions(self, guild_id: int, user_id: int) -> int:
        """Return the permissions of a user in the voice channel that it is in; 0 in a guild that is not live."""
        actor = self.find(guild_id)
        return 0 if actor is None else actor.voice_watch.permissions_of(user_id)

    def stay(self, guild_id: int, user_id: int, *, is_new: bool = False, collects: bool = False) -> GuildStay:
        """Begin a user's stay at a guild, and load the guild if need be. The arguments are those of `GuildStay`."""
        entry = self._entries.get(guild_id)
        if entry is None:
            entry = self._entries[guild_id] = self._shard(guild_id)[guild_id] = GuildEntry(guild_id)
            self._loads.ask(entry)
        entry.stays += 1
        if entry.idle_timer is not None:
            entry.idle_timer.cancel()
            entry.idle_timer = None
        stay = GuildStay(entry, user_id, is_new=is_new, collects=collects, end=self._end_stay)
        if collects:
            entry.collecting[stay] = None
        return stay

    def deliver(self, delivery: Delivery) -> None:
        """Hand an event to its guild's actor. A guild that is not in memory needs no events."""
        entry = self._entries.get(delivery.envelope.guild_id)
        if entry is None:
            return
        if delivery.position:  # what is volatile is told anew, and in a crowd that comes back there is much of it
            for stay in entry.collecting:
                stay.collected.append(delivery)
        if entry.actor is None:
            self._hold(entry, delivery)
            return
        is_timed = self._sending is not None and self._sending.begin()
        _apply(entry.actor, delivery)
        if self._sending is not None and is_timed:
            self._sending.end()
        self._rest(entry)

    def show_block(self, user_id: int, other_id: int, is_blocked: bool) -> None:  # noqa: FBT001 - a listener
        """Tell the ends of a block, in the guilds of both, that the other is offline, or how the other is after it."""
        for entry in self._entries.values():
            if entry.actor is not None:
                entry.actor.show_block(user_id, other_id, is_blocked=is_blocked)

    def leave(self, session: Seat, guild_id: int) -> None:
        """Detach a session."""
        entry = self._entries.get(guild_id)
        if entry is not None and entry.actor is not None:
            entry.actor.attendance.detach(session)
            self._rest(entry)

    def close(self) -> None:
        """Stop the timers."""
        for entry in self._entries.values():
            if entry.idle_timer is not None:
                entry.idle_timer.cancel()
            if entry.actor is not None:
                entry.actor.close()

    def _shard(self, guild_id: int) -> dict[int, GuildEntry]:
        return self._shards[shard_of(guild_id, len(self._shards))]

    def _end_stay(self, stay: GuildStay) -> None:
        entry = stay.entry
        entry.stays -= 1
        if stay.collects:
            del entry.collecting[stay]
        self._rest(entry)

    def _hold(self, entry: GuildEntry, delivery: Delivery) -> None:
        if entry.loaded.is_set():
            return
        entry.held.append(delivery)
        if len(entry.held) > MAX_HELD:
            self._fail(entry, Unavailable("a guild takes too long to load"))

    def _open(self, entry: GuildEntry, actor: GuildActor | None) -> None:
        if entry.error is not None:
            return
        if actor is None:
            self._drop(entry)
        else:
            for delivery in entry.held:
                _apply(actor, delivery)
            entry.actor = actor
            self._windows.note_guild(entry.guild_id)
        entry.held.clear()
        entry.loaded.set()
        self._rest(entry)

    def _fail(self, entry: GuildEntry, error: Exception) -> None:
        entry.error = error
        entry.held.clear()
        self._drop(entry)
        entry.loaded.set()

    def _rest(self, entry: GuildEntry) -> None:
        """Start the idle timer of a guild without sessions and stays."""
        actor = entry.actor
        if actor is None or entry.stays or len(actor.sessions) or entry.idle_timer is not None:
            return
        if actor.is_gone:
            self._drop(entry)
            return
        entry.idle_timer = self._call_later(self._idle_s, lambda: self._drop(entry))

    def _drop(self, entry: GuildEntry) -> None:
        if self._entries.get(entry.guild_id) is entry:
            del self._entries[entry.guild_id], self._shard(entry.guild_id)[entry.guild_id]
            if entry.actor is not None:
                entry.actor.close()


def _apply(actor: GuildActor, delivery: Delivery) -> None:
    """Apply an event. A failure is logged and skipped, so that the guild's other events go on, and its load as well."""
    try:
        actor.apply(delivery)
    except msgspec.MsgspecError:
        logger.exception("an event has an unreadable payload", extra=_describe(delivery))
    except Exception:
        # Whatever the error is, it is a fault of ours.
        logger.exception("an event could not be applied", extra=_describe(delivery))


def _describe(delivery: Delivery) -> dict[str, object]:
    return {"event": delivery.envelope.event, "guild_id": delivery.envelope.guild_id}
