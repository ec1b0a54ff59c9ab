"""How the sessions of this worker lose their places in guilds elsewhere, and are handed out to go on at other homes.

```
 the conversation with a home is over ─→ all its seats are lost in this turn ─┬→ one session after the other is taken
 the map names another home ─────────→ its seats stay until they are taken ───┘  from its seat, and goes on at the next
                                                                                 home (`gateway.far.moves`)
```

A home that is none any more, but in the middle of what it has to say of a turn, keeps the seats until the rest has
come. What is on its way to READY is not handed out: it finds the guilds late, and its login begins anew.

Owns which homes keep their seats for that reason.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import chain
from typing import NamedTuple

from gateway.far.far_session import FarSession
from gateway.far.far_sessions import FarSessions
from gateway.far.far_stay import FarStay
from gateway.far.frames import Leave, ToHome
from gateway.far.home_positions import HomePositions
from gateway.far.lost_seats import LostSeats, iterate_seats
from gateway.sessions.session import Session
from gateway.sessions.session_guild import SessionGuild


class Stranded(NamedTuple):
    """A live session that has lost its place in a guild."""

    far: FarSession
    guild_id: int
    known: SessionGuild | None
    """How it was in the guild, None when it had not quite arrived."""
    after: int
    """The position up to which it was dispatched the guild's events, 0 when that is not known."""


Strandings = Iterator[Stranded | None]
"""Takes one session from its seat at each step; None when that one goes on by itself."""


class Stranding:
    __slots__ = ("_late", "_owner_of", "_positions", "_send", "_sessions")

    def __init__(
        self,
        *,
        sessions: FarSessions,
        positions: HomePositions,
        owner_of: Callable[[int], str],
        send: Callable[[str, ToHome], object],
    ) -> None:
        """`owner_of` names the worker that has a shard, "" when nobody has it now. `send` sends to a worker."""
        self._late: dict[str, set[int]] = {}
        """The shards whose seats each home keeps until it has said the rest."""
        self._owner_of = owner_of
        self._positions = positions
        self._send = send
        self._sessions = sessions

    def lose(self, peer: str) -> Strandings:
        """Note that the conversation with a worker has ended: whoever was its guest sits there no more."""
        broken = frozenset(self._positions.broken(peer))
        lost = [
            self._sessions.lose_seats(peer, shard, position=self._positions.find(shard), broken=broken)
            for shard in self._sessions.shards_at(peer)
        ]
        stays = self._sessions.forget_guests(peer)
        self._positions.forget(peer)
        self._late.pop(peer, None)
        return chain(_refuse(stays), self._strand_lost(lost))

    def leave_old_homes(self, shards: Collection[int]) -> Strandings:
        """Take the sessions away from workers that are not the homes of these shards any more.

        Who sits there yet is told all that happens, and positions count from there. A worker that is in the middle of
        what it has to say keeps the others until the rest has come (`take_late`).
        """
        for shard in shards:
            self._note_left(shard)
        return self._leave(shards)

    def take_late(self, peer: str) -> Collection[int]:
        """Return the shards of which a worker kept the seats until now: it has said the rest of what it had to say."""
        return self._late.pop(peer, ())

    def list_lost(self) -> Iterator[tuple[Session, int, int]]:
        """Return who has yet to be taken from a seat that is lost: session, guild id and `Stranded.after`."""
        for lost in self._sessions.list_lost():
            for guild, session in iterate_seats(lost.guilds):
                yield session, guild.guild_id, lost.after(guild.guild_id)

    def _leave(self, shards: Iterable[int]) -> Strandings:
        for shard in shards:
            for peer in self._sessions.homes_of(shard):
                for guild, session in self._sessions.seats_at(peer, shard):
                    if self._owner_of(shard) in ("", peer) or not self._positions.is_whole(peer):
                        break
                    yield self._leave_seat(peer, shard, guild.guild_id, session)
            for peer in self._note_left(shard):
                if self._owner_of(shard):
                    self._late.setdefault(peer, set()).add(shard)

    def _note_left(self, shard: int) -> list[str]:
        """Return the workers at which sessions sit in a shard, but which are not its home. Their positions count."""
        left = [peer for peer in self._sessions.homes_of(shard) if peer != self._owner_of(shard)]
        self._positions.stay(shard, left[-1] if left else "")
        return left

    def _leave_seat(self, peer: str, shard: int, guild_id: int, session: Session) -> Stranded | None:
        far = self._sessions.find(session)
        if far is None:
            return None
        stranded = self._strand(far, guild_id, self._positions.find(shard))
        self._send(peer, Leave(far.number, guild_id))
        return stranded

    def _strand_lost(self, seats: Iterable[LostSeats]) -> Strandings:
        for lost in seats:
            for guild, session in iterate_seats(lost.guilds):
                far = self._sessions.find(session)
                yield None if far is None else self._strand(far, guild.guild_id, lost.after(guild.guild_id))
            self._sessions.end_lost(lost)

    def _strand(self, far: FarSession, guild_id: int, after: int) -> Stranded | None:
        """Take a session's seat. Who has no READY yet begins its login anew, and is not returned."""
        known, stay = far.guilds.get(guild_id), far.stays.get(guild_id)
        self._sessions.let_go(far, guild_id)
        if far.held is None:
            return Stranded(far, guild_id, known, after)
        if stay is not None and stay.is_loaded:
            stay.is_lost = True
        elif stay is not None:
            stay.refuse(is_late=True)
        return None


def _refuse(stays: Iterable[FarStay]) -> Strandings:
    """Have those go on who wait for an answer of a home that is gone."""
    for stay in stays:
        if not stay.is_loaded:
            stay.refuse(is_late=True)
        yield None
