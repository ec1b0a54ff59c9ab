"""The sessions of this worker that are guests at others, and the guilds in which they are seated there.

Seats are kept by the shards of their guilds and by homes, so all seats at a home are lost without a walk over them
(`gateway.far.lost_seats`), and a change of the map concerns those of its shards alone. A session has one seat in a
guild, at a home or among those that are lost.

Owns the tables, and the numbers that sessions have in frames.
"""

from collections.abc import Callable, Collection, Iterator

from core.domain.ids import shard_of
from gateway.far.far_session import FarSession
from gateway.far.far_stay import FarStay
from gateway.far.frames import Seated, Unseated
from gateway.far.lost_seats import LostSeats, iterate_seats
from gateway.sessions.far_guild import FarGuild
from gateway.sessions.seat import Seat
from gateway.sessions.session import Session


class FarSessions:
    """`on_dispatch` takes the name of each event for many sessions, and the number of those that got it."""

    __slots__ = (
        "_asked", "_guests", "_last_number", "_lost", "_num_shards", "_numbers", "_on_dispatch", "_seats", "_sessions",
    )  # fmt: skip

    def __init__(self, *, on_dispatch: Callable[[str, int], None], num_shards: int) -> None:
        self._on_dispatch = on_dispatch
        self._asked: dict[str, dict[FarStay, None]] = {}
        """The ways into guilds for which each worker was asked, until they have come to an end."""
        self._guests: dict[str, dict[int, FarSession]] = {}
        """The sessions that each worker knows, by their numbers."""
        self._last_number = 0
        self._lost: dict[int, list[LostSeats]] = {}
        """The seats that are lost, by shard."""
        self._num_shards = num_shards
        self._numbers: dict[str, int] = {}
        """The numbers of the sessions, by session id."""
        self._seats: dict[int, dict[str, dict[int, FarGuild]]] = {}
        """The guilds in which sessions are seated: by shard, by the worker at which that is, by guild id."""
        self._sessions: dict[int, FarSession] = {}

    def __contains__(self, far: FarSession) -> bool:
        return self._sessions.get(far.number) is far

    def find(self, session: Seat) -> FarSession | None:
        """Find a session."""
        number = self._numbers.get(session.id)
        return None if number is None else self._sessions[number]

    def find_or_make(self, session: Session, *, is_live: bool) -> FarSession:
        """Find a session, or begin to know it."""
        far = self.find(session)
        if far is None:
            self._last_number += 1
            far = FarSession(self._last_number, session, is_live=is_live)
            self._sessions[far.number] = far
            self._numbers[session.id] = far.number
        return far

    # -- guests

    def note_asked(self, peer: str, far: FarSession, stay: FarStay) -> None:
        """Note that a worker is asked to let a session in, which it knows from now on."""
        self._asked.setdefault(peer, {})[stay] = None
        self._guests.setdefault(peer, {})[far.number] = far

    def note_answered(self, stay: FarStay) -> None:
        """Note that a way into a guild has come to its end."""
        self._asked.get(stay.home, {}).pop(stay, None)

    def find_guest(self, peer: str, number: int) -> FarSession | None:
        """Find the session that a worker knows by a number."""
        return self._guests.get(peer, {}).get(number)

    def hosts_of(self, far: FarSession) -> list[str]:
        """Return the workers that know a session."""
        return [peer for peer, guests in self._guests.items() if far.number in guests]

    def forget_guests(self, peer: str) -> Collection[FarStay]:
        """Note that a worker knows none of the sessions any more. Return the ways for which it was asked."""
        self._guests.pop(peer, None)
        return self._asked.pop(peer, {})

    # -- seats

    def find_guild(self, peer: str, guild_id: int) -> FarGuild | None:
        """Find a guild in which sessions are seated at this worker."""
        return self._seats.get(self._shard(guild_id), {}).get(peer, {}).get(guild_id)

    def shards_at(self, peer: str) -> list[int]:
        """Return the shards with guilds in which sessions are seated at this worker."""
        return [shard for shard, homes in self._seats.items() if peer in homes]

    def homes_of(self, shard: int) -> list[str]:
        """Return the workers at which sessions are seated in guilds of a shard."""
        return list(self._seats.get(shard, ()))

    def seats_at(self, peer: str, shard: int) -> Iterator[tuple[FarGuild, Session]]:
        """Return who sits in guilds of a shard at this worker. Seats may be taken or lost between the steps."""
        return iterate_seats(self._seats.get(shard, {}).get(peer, {}))

    def seats_of(self, guild_id: int, user_id: int) -> list[FarSession]:
        """Return the sessions of a user that are seated in a guild."""
        guilds = [tables[guild_id] for tables in self._tables(guild_id) if guild_id in tables]
        seated = [self.find(session) for guild in guilds for session in guild.sessions_of(user_id)]
        return [far for far in seated if far is not None]

    def seat(self, peer: str, far: FarSession, frame: Seated) -> None:
        """Seat a session as its home says."""
        guild_id, session = frame.guild_id, far.session
        far.gone.discard(guild_id)
        if guild_id in session.slots:  # from a home that has lost its place since
            self.let_go(far, guild_id)
        guilds = self._seats.setdefault(self._shard(guild_id), {}).setdefault(peer, {})
        guild = guilds.get(guild_id)
        if guild is None:
            guild = guilds[guild_id] = FarGuild(guild_id=guild_id, on_dispatch=self._on_dispatch)
        guild.seat(frame.slot, session, far.track)

    def unseat(self, peer: str, far: FarSession, frame: Unseated) -> None:
        """Take a session's slot away as its home says, unless it has another one already."""
        if self.find_guild(peer, frame.guild_id) is not None and far.session.slots.get(frame.guild_id) == frame.slot:
            self.let_go(far, frame.guild_id)

    def let_go(self, far: FarSession, guild_id: int) -> None:
        """Take a session's slot in a guild elsewhere away, if it has one."""
        far.guilds.pop(guild_id, None)
        far.gone.discard(guild_id)
        for guilds in self._tables(guild_id):
            guild = guilds.get(guild_id)
            if guild is not None and far.session in guild:
                guild.let_go(far.session)
                if not len(guild):
                    del guilds[guild_id]
                    self._tidy(self._shard(guild_id))
                return

    def go_live(self, far: FarSession) -> list[int]:
        """Pass on what was held for a session, and all that comes from now on. Return the guilds in which it sits."""
        far.go_live()
        seated: list[int] = []
        for guild_id in far.session.slots:
            for guilds in self._tables(guild_id):
                guild = guilds.get(guild_id)
                if guild is not None and far.session in guild:
                    guild.follow(far.session, far.track)
                    seated.append(guild_id)
        return seated

    def forget(self, far: FarSession) -> None:
        """Forget a session that has ended."""
        for guild_id in list(far.session.slots):
            self.let_go(far, guild_id)
        for guests in self._guests.values():
            guests.pop(far.number, None)
        del self._sessions[far.number], self._numbers[far.session.id]

    # -- seats that are lost

    def lose_seats(self, peer: str, shard: int, *, position: int, broken: Collection[int]) -> LostSeats:
        """Note that the seats at a worker in the guilds of a shard are lost. The arguments are those of `LostSeats`."""
        guilds = self._seats.get(shard, {}).pop(peer, {})
        self._tidy(shard)
        lost = LostSeats(shard=shard, guilds=dict(guilds), position=position, broken=broken)
        guilds.clear()  # who goes through them just now finds them no more
        self._lost.setdefault(shard, []).append(lost)
        return lost

    def end_lost(self, lost: LostSeats) -> None:
        """Note that the sessions have been taken from all these seats."""
        self._lost[lost.shard].remove(lost)
        if not self._lost[lost.shard]:
            del self._lost[lost.shard]

    def list_lost(self) -> Iterator[LostSeats]:
        """Return all seats that are lost."""
        for lost in self._lost.values():
            yield from lost

    def has_lost_seat(self, session: Session, guild_id: int) -> bool:
        """Return whether a session has yet to be taken from a seat that is lost."""
        lost = self._lost.get(self._shard(guild_id), ())
        return any(guild_id in each.guilds and session in each.guilds[guild_id] for each in lost)

    # --

    def _shard(self, guild_id: int) -> int:
        return shard_of(guild_id, self._num_shards)

    def _tables(self, guild_id: int) -> list[dict[int, FarGuild]]:
        """Return the tables of guilds that a session's seat in this one may be in: those at homes, then lost ones."""
        shard = self._shard(guild_id)
        lost = self._lost.get(shard, ())
        return [*self._seats.get(shard, {}).values(), *(each.guilds for each in lost)]

    def _tidy(self, shard: int) -> None:
        """Forget what is empty."""
        homes = self._seats.get(shard, {})
        for peer in [peer for peer, guilds in homes.items() if not guilds]:
            del homes[peer]
        if not homes:
            self._seats.pop(shard, None)
