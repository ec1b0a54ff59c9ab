"""The arrivals: sessions on their way into guilds, after their READY.

An arrival ends when its user leaves the guild or the guild is deleted. If READY has named the guild, the session gets
GUILD_DELETE then. A user who joins again begins a new arrival.

Owns the table of arrivals. Who goes in, and how, is its users' to know (`gateway.homes.guild_entrance`,
`gateway.far.far_entrance`).
"""

from core.domain.events import GUILD_DELETE, GUILD_MEMBER_REMOVE
from core.domain.intents import Intent
from core.wire.envelope import Envelope
from gateway.events.event_meter import EventMeter
from gateway.payloads.dispatch_body import DispatchBody
from gateway.sessions.seat import Seat


class Arrival:
    """A session that is on its way into a guild. `is_announced` says that READY has named the guild."""

    __slots__ = ("guild_id", "is_announced", "session")

    def __init__(self, session: Seat, guild_id: int, *, is_announced: bool) -> None:
        self.session = session
        self.guild_id = guild_id
        self.is_announced = is_announced


class Arrivals:
    __slots__ = ("_arrivals", "_meter")

    def __init__(self, *, meter: EventMeter) -> None:
        self._meter = meter
        self._arrivals: dict[int, dict[str, Arrival]] = {}
        """Keyed by guild id and session id."""

    def begin(self, session: Seat, guild_id: int, *, is_announced: bool) -> Arrival:
        """Begin an arrival, in place of the session's earlier one in this guild."""
        arrival = Arrival(session, guild_id, is_announced=is_announced)
        self._arrivals.setdefault(guild_id, {})[session.id] = arrival
        session.note_moved()
        return arrival

    def has(self, session: Seat, guild_id: int) -> bool:
        """Return whether a session is on its way into a guild."""
        return session.id in self._arrivals.get(guild_id, ())

    def is_under_way(self, arrival: Arrival) -> bool:
        """Return whether an arrival has neither ended nor been replaced."""
        return self._arrivals.get(arrival.guild_id, {}).get(arrival.session.id) is arrival

    def list_guilds(self, session: Seat) -> list[int]:
        """Return the guilds that a session is on its way into."""
        return [guild_id for guild_id, arrivals in self._arrivals.items() if session.id in arrivals]

    def end(self, arrival: Arrival) -> None:
        """Take an arrival out of the table. No error when it has ended already."""
        if self.is_under_way(arrival):
            arrivals = self._arrivals[arrival.guild_id]
            del arrivals[arrival.session.id]
            arrival.session.note_moved()
            if not arrivals:
                del self._arrivals[arrival.guild_id]

    def note_gone(self, envelope: Envelope) -> list[Arrival]:
        """End the arrivals whose user has left the guild (GUILD_MEMBER_REMOVE), or all of a guild that is deleted.

        They are returned.
        """
        gone = [
            arrival
            for arrival in self._arrivals.get(envelope.guild_id, {}).values()
            if envelope.event != GUILD_MEMBER_REMOVE or arrival.session.user_id == envelope.user_id
        ]
        for arrival in gone:
            self.end(arrival)
            self.tell_absence(arrival)
        return gone

    def tell_absence(self, arrival: Arrival) -> None:
        """Send GUILD_DELETE of a guild that READY has named, when the session is not in it."""
        session, guild_id = arrival.session, arrival.guild_id
        if not arrival.is_announced or session.is_ended or guild_id in session.slots:
            return
        if session.intents & Intent.GUILDS:
            session.dispatch(DispatchBody(GUILD_DELETE, b'{"id":"%d"}' % guild_id))
            self._meter.count(GUILD_DELETE, 1)
