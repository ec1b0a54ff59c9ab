"""The sessions of this worker that are guests at others, and the guilds in which they are seated there.

Owns both tables, and the numbers that sessions have in frames.
"""

from collections.abc import Callable, Iterator

from gateway.far.far_session import FarSession
from gateway.far.frames import Seated, Unseated
from gateway.sessions.far_guild import FarGuild
from gateway.sessions.seat import Seat
from gateway.sessions.session import Session


class FarSessions:
    """`on_dispatch` takes the name of each event for many sessions, and the number of those that got it."""

    __slots__ = ("_guilds", "_homes", "_last_number", "_numbers", "_on_dispatch", "_sessions")

    def __init__(self, *, on_dispatch: Callable[[str, int], None]) -> None:
        self._on_dispatch = on_dispatch
        self._guilds: dict[int, FarGuild] = {}
        self._homes: dict[int, str] = {}
        """The worker at which the seats in each guild are, keyed by guild id."""
        self._last_number = 0
        self._numbers: dict[str, int] = {}
        """The numbers of the sessions, by session id."""
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

    def find_guest(self, peer: str, number: int) -> FarSession | None:
        """Find the session that a worker knows by a number."""
        far = self._sessions.get(number)
        return far if far is not None and peer in far.homes else None

    def guests_of(self, peer: str) -> Iterator[FarSession]:
        """Return the sessions that a worker knows."""
        yield from [far for far in self._sessions.values() if peer in far.homes]

    def find_guild(self, peer: str, guild_id: int) -> FarGuild | None:
        """Find a guild in which sessions are seated at this worker."""
        return self._guilds.get(guild_id) if self._homes.get(guild_id) == peer else None

    def homes(self) -> list[tuple[int, str]]:
        """Return the guilds in which sessions are seated, each with the worker at which that is."""
        return list(self._homes.items())

    def seated_in(self, guild_id: int) -> list[FarSession]:
        """Return the sessions that are seated in a guild."""
        guild = self._guilds.get(guild_id)
        seated = [] if guild is None else [self.find(session) for session in guild.sessions()]
        return [far for far in seated if far is not None]

    def seats_of(self, guild_id: int, user_id: int) -> list[FarSession]:
        """Return the sessions of a user that are seated in a guild."""
        guild = self._guilds.get(guild_id)
        seated = [] if guild is None else [self.find(session) for session in guild.sessions_of(user_id)]
        return [far for far in seated if far is not None]

    def seat(self, peer: str, far: FarSession, frame: Seated) -> None:
        """Seat a session as its home says."""
        guild_id, session = frame.guild_id, far.session
        far.gone.discard(guild_id)
        if guild_id in session.slots:  # from a home that has lost its place since
            self.let_go(far, guild_id)
        if self.find_guild(peer, guild_id) is None:
            self._homes[guild_id] = peer
            self._guilds[guild_id] = FarGuild(guild_id=guild_id, on_dispatch=self._on_dispatch)
        self._guilds[guild_id].seat(frame.slot, session, far.track)

    def unseat(self, peer: str, far: FarSession, frame: Unseated) -> None:
        """Take a session's slot away as its home says, unless it has another one already."""
        if self.find_guild(peer, frame.guild_id) is not None and far.session.slots.get(frame.guild_id) == frame.slot:
            self.let_go(far, frame.guild_id)

    def let_go(self, far: FarSession, guild_id: int) -> None:
        """Take a session's slot in a guild elsewhere away, if it has one."""
        far.guilds.pop(guild_id, None)
        far.gone.discard(guild_id)
        guild = self._guilds.get(guild_id)
        if guild is not None:
            guild.let_go(far.session)
            if not len(guild):
                del self._guilds[guild_id], self._homes[guild_id]

    def go_live(self, far: FarSession) -> list[int]:
        """Pass on what was held for a session, and all that comes from now on. Return the guilds in which it sits."""
        far.go_live()
        seated = [guild_id for guild_id in far.session.slots if guild_id in self._guilds]
        for guild_id in seated:
            self._guilds[guild_id].follow(far.session, far.track)
        return seated

    def forget(self, far: FarSession) -> None:
        """Forget a session that has ended."""
        for guild_id in list(far.session.slots):
            self.let_go(far, guild_id)
        del self._sessions[far.number], self._numbers[far.session.id]
