"""The moves of live sessions from one home of a guild to the next: when a shard moves, its worker dies, a link breaks.

```
 the map names another home ─┐
 the conversation is over ───┴─→ the session's seat is taken ─→ it asks the home, again and again ─→ it sits there, and
                                 after = what it has got           (here, or over a link)            was sent the rest
```

A crowd goes on some at a time (`gateway.far.crowd`). Who sits at a former home yet, here or elsewhere, is told all that
happens there until it is taken from its seat.

No home hands anything over. A session knows up to which position it was dispatched the guild's events, and the next
home reads from the log what came after that (`gateway.homes.guild_returns`). So a planned move and a takeover after a
death go the same way, and the client notices nothing but a delay. Meanwhile the session is in the guild, as far as its
record goes, and the cuts of the journal name its own position beside that of all others.

The guilds elsewhere of a session that comes from another process (`gateway.far.session_homes`) go the same way.

A session gets op 9 when that cannot be exact: nobody can tell what it would have been sent, the log does not reach
back, the conversation broke in the middle of what a home had to say of the guild, or no home answers for GIVE_UP_S.

Owns the moves that are under way.
"""

import asyncio
import contextlib
import enum
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Final

from core.domain.errors import Unavailable
from core.domain.ids import shard_of
from core.shards.shard_changes import ShardChanges
from gateway.events.log_progress import LogProgress
from gateway.events.session_positions import UNKNOWN, of_session
from gateway.far.crowd import Crowd
from gateway.far.doorways import Doorways
from gateway.far.far_guilds import FarGuilds
from gateway.far.far_session import FarSession, Move
from gateway.far.far_stay import Purpose
from gateway.far.neighbours import Homes
from gateway.far.seats_here import SeatsHere
from gateway.far.stranding import Stranded, Stranding
from gateway.guilds.guild_directory import GuildDirectory
from gateway.homes.guild_returns import GuildReturns
from gateway.scheduling.tasks import Tasks
from gateway.sessions.session import Session
from gateway.sessions.session_guild import SessionGuild

logger = logging.getLogger(__name__)

GIVE_UP_S: Final = 30.0
"""Ten times what a takeover needs, without the time in a line (`gateway.far.doorways`). Who has waited for longer is
better off with a new session."""
_AGAIN_S: Final = 0.1
"""The pause before a home is asked again that could not let a session in: it is about to hear of the shard."""
_LOOK_S: Final = 1.0
"""The time between looks for a home, where nothing has been heard of one."""


class Outcome(enum.StrEnum):
    """The end of a move; the value is a metric's label."""

    KEPT = "kept"
    """The session sits in the guild again, and has missed nothing."""
    LOST = "lost"
    """The session has to begin anew."""


class Moves:
    """`own` is this worker, and `on_end` takes the outcome of each move."""

    __slots__ = (
        "_changed", "_changes", "_crowd", "_doors", "_ended", "_far", "_here", "_homes", "_moving", "_num_shards",
        "_on_end", "_own", "_seats_here", "_stranding",
    )  # fmt: skip

    def __init__(  # noqa: PLR0913 - a move has two ends
        self,
        *,
        far: FarGuilds,
        stranding: Stranding,
        here: GuildReturns,
        guilds: GuildDirectory,
        homes: Homes,
        own: str,
        progress: LogProgress,
        tasks: Tasks,
        num_shards: int,
        on_end: Callable[[Outcome], None],
    ) -> None:
        self._changed = asyncio.Event()
        """Set when there may be a home where there was none; then replaced."""
        self._changes = ShardChanges(owner_of=homes.owner_of, num_shards=num_shards)
        self._crowd = Crowd(tasks=tasks, on_stranded=self._begin)
        self._doors = Doorways()
        self._ended = asyncio.Event()
        """Set when a move has ended; then replaced."""
        self._far = far
        self._here = here
        self._homes = homes
        self._moving: set[FarSession] = set()
        self._num_shards = num_shards
        self._on_end = on_end
        self._own = own
        self._seats_here = SeatsHere(
            guilds=guilds, homes=homes, progress=progress, num_shards=num_shards, know=far.know
        )
        self._stranding = stranding

    def positions_behind(self) -> dict[int, int]:
        """Return the positions of the sessions of the journal that are behind, by the keys of `of_session`."""
        behind: dict[int, int] = {}
        for session, guild_id, after in self._list_behind():
            if session.place >= 0:
                key = of_session(session.place, shard_of(guild_id, self._num_shards))
                behind[key] = min(after, behind.get(key, after))
        return {key: position or UNKNOWN for key, position in behind.items()}

    def _list_behind(self) -> Iterator[tuple[Session, int, int]]:
        """Return the sessions that are behind, each with the guild and its position."""
        yield from self._stranding.list_lost()
        for far in self._moving:
            for guild_id, move in far.moving.items():
                if guild_id not in far.session.slots:  # else it has what it missed, and its task has yet to hear
                    yield far.session, guild_id, move.after

    def note_home(self) -> None:
        """Note that a worker can be reached that could not."""
        self._changed.set()
        self._changed = asyncio.Event()

    def lose(self, peer: str) -> None:
        """Move all sessions that had their seats at a worker: the conversation with it is over."""
        self._doors.forget(peer)
        self._crowd.take(self._stranding.lose(peer))

    def follow_map(self) -> None:
        """Move all sessions of guilds that have another home now."""
        self._seats_here.follow_map()
        self._crowd.take(self._stranding.leave_old_homes(sorted(self._changes.take())))
        self.sweep()
        self.note_home()

    def sweep(self) -> None:
        """Move all sessions that sit here where their guild's home is no more, in the time after a change."""
        self._crowd.take(self._seats_here.leave())

    async def bring_back(
        self, session: Session, guilds: Iterable[SessionGuild], positions: Mapping[int, int], *, wait_s: float
    ) -> None:
        """Let a session sit in guilds that it was in at another process, up to these positions of their shards.

        Returns when it sits in all of them, has ended, or when `wait_s` is over and some have no home yet.
        """
        far = self._far.know(session)
        for known in guilds:
            after = positions.get(shard_of(known.guild_id, self._num_shards), 0)
            self._begin(Stranded(far, known.guild_id, known, 0 if after == UNKNOWN else after))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                while far.moving and not session.is_ended:
                    await self._ended.wait()

    def note_whole(self, peer: str) -> None:
        """Move the sessions that have waited for the rest of what a home had to say, which has come."""
        late = self._stranding.take_late(peer)
        if late:
            self._crowd.take(self._stranding.leave_old_homes(sorted(late)))

    def _begin(self, stranded: Stranded) -> None:
        far, guild_id, known, after = stranded
        if far.session.is_ended:  # with the move of another of its guilds
            return
        if known is None or not after:
            self._end(far, guild_id, Outcome.LOST)
            return
        far.guilds[guild_id] = known
        move = far.moving[guild_id] = Move(after)
        self._moving.add(far)
        self._crowd.start(partial(self._move, far, guild_id, move))

    async def _move(self, far: FarSession, guild_id: int, move: Move) -> None:
        outcome = Outcome.LOST
        try:
            async with asyncio.timeout(GIVE_UP_S) as limit:
                outcome = await self._find_seat(far, guild_id, move.after, limit)
        except TimeoutError:
            logger.warning("a guild has no home for too long", extra={"guild_id": guild_id})
        except Exception:
            # One session must not stop all others. Whatever the error is, it is a fault of ours.
            logger.exception("a session could not move to another home", extra={"guild_id": guild_id})
        finally:
            # It may have lost its new seat already, and be on the next way.
            if far.moving.get(guild_id) is move:
                del far.moving[guild_id]
            if not far.moving:
                self._moving.discard(far)
        self._end(far, guild_id, outcome)

    def _end(self, far: FarSession, guild_id: int, outcome: Outcome) -> None:
        # Whoever waits for it looks in a later turn.
        self._ended.set()
        self._ended = asyncio.Event()
        if not far.session.is_ended:
            self._on_end(outcome)
            if outcome is Outcome.LOST:
                logger.info("a session begins anew, for it may have missed something", extra={"guild_id": guild_id})
                self._far.drop(far.session)

    async def _find_seat(self, far: FarSession, guild_id: int, after: int, limit: asyncio.Timeout) -> Outcome:
        now_s = asyncio.get_running_loop().time
        while not far.session.is_ended:
            home = self._homes.home_of(guild_id)
            left_s = (limit.when() or 0.0) - now_s()
            limit.reschedule(None)  # a line is no sign that there is no home
            async with self._doors.to(home):
                limit.reschedule(now_s() + left_s)
                answer = await self._ask(home, far, guild_id, after)
            if isinstance(answer, Outcome):
                return answer
            await self._wait(answer)
        return Outcome.LOST

    async def _ask(self, home: str, far: FarSession, guild_id: int, after: int) -> Outcome | float:
        """Ask a home that was chosen before the line. Seconds: it may be asked again after them."""
        if far.session.is_ended or self._homes.home_of(guild_id) != home:
            return 0.0
        return await (self._sit_here if home == self._own else self._sit_there)(far, guild_id, after)

    async def _wait(self, longest_s: float) -> None:
        try:
            async with asyncio.timeout(longest_s):
                await self._changed.wait()
        except TimeoutError:
            return

    async def _sit_here(self, far: FarSession, guild_id: int, after: int) -> Outcome | float:
        """Take a seat here. Seconds: that was not possible yet, and it may be after them."""
        try:
            is_back = await self._here.bring_back(
                far.session,
                guild_id,
                after=after,
                find_known=lambda: None if far.session.is_ended else far.guilds.get(guild_id),
            )
        except Unavailable:
            return _AGAIN_S
        if is_back:
            del far.guilds[guild_id]
        return Outcome.KEPT if is_back else Outcome.LOST

    async def _sit_there(self, far: FarSession, guild_id: int, after: int) -> Outcome | float:
        """Take a seat at another worker. Seconds: that was not possible yet, and it may be after them."""
        purpose = Purpose(after=after, back=far.guilds[guild_id])
        stay = self._far.stay(far.session, guild_id, purpose=purpose, is_live=True)
        try:
            await stay.open()
        finally:
            stay.close()
        if stay.is_late:
            return _AGAIN_S if stay.home else _LOOK_S
        if not stay.is_member:
            return Outcome.LOST
        # What was told meanwhile of the user did not reach this guild.
        self._far.note_moved(far.session, guild_id)
        return Outcome.KEPT
