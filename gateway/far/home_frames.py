"""What the homes of guilds elsewhere say, as it comes to the sessions of this worker.

A home is believed while the map says that it is one, and a seat is taken as long as the session waits for it. What a
home says of a seat that nobody wants any more is passed over, with what it begins with (`FarSession.muted_by`).
"""

from collections.abc import Callable

from gateway.events.event_tracing import EventTracing
from gateway.far.far_presences import FarPresences
from gateway.far.far_session import FarSession
from gateway.far.far_sessions import FarSessions
from gateway.far.frames import (
    Arrived,
    Presences,
    Reached,
    Refused,
    Seated,
    Spread,
    SpreadMessage,
    Subscribe,
    ToHome,
    ToHost,
    Told,
    Unseated,
)
from gateway.far.home_positions import HomePositions
from gateway.far.shown_parts import ShownParts
from gateway.sessions.far_guild import FarGuild
from gateway.sessions.session_guild import SessionGuild


class HomeFrames:
    __slots__ = ("_home_of", "_parts", "_positions", "_presences", "_send", "_sessions", "_tracing")

    def __init__(
        self,
        *,
        sessions: FarSessions,
        positions: HomePositions,
        presences: FarPresences,
        parts: ShownParts,
        home_of: Callable[[int], str],
        send: Callable[[str, ToHome], bool],
        tracing: EventTracing | None = None,
    ) -> None:
        """`home_of` names the worker that has a guild. `send` sends to a worker. `tracing` is None where none is."""
        self._home_of = home_of
        self._parts = parts
        self._positions = positions
        self._presences = presences
        self._send = send
        self._sessions = sessions
        self._tracing = tracing

    def take(self, peer: str, frame: ToHost) -> None:
        """Take what a home says. What concerns a session that has ended, or has moved on, is passed over."""
        match frame:
            case Spread():
                guild = self._find_guild(peer, frame.guild_id)
                if guild is not None:
                    guild.deliver(frame.event, frame.payload, frame.words)
            case SpreadMessage():
                guild = self._find_guild(peer, frame.guild_id)
                if guild is not None and frame.trace is not None and self._tracing is not None:
                    self._tracing.follow(frame.trace, "host", lambda: _deliver_message(guild, frame))
                elif guild is not None:
                    _deliver_message(guild, frame)
            case Presences():
                self._presences.take(frame)
            case Reached():
                self._positions.reach(peer, frame.positions)
            case Seated() | Arrived() | Refused() | Unseated() | Told():
                far = self._sessions.find_guest(peer, frame.session)
                if far is not None:
                    self._follow(peer, far, frame)

    def _find_guild(self, peer: str, guild_id: int) -> FarGuild | None:
        self._positions.touch(peer, guild_id)
        return self._sessions.find_guild(peer, guild_id)

    def _follow(self, peer: str, far: FarSession, frame: Seated | Arrived | Refused | Unseated | Told) -> None:
        match frame:
            case Seated():
                self._positions.touch(peer, frame.guild_id)
                far.muted_by = "" if self._is_wanted(peer, far, frame) else peer
                if not far.muted_by:
                    self._sessions.seat(peer, far, frame)
            case Told():
                if far.muted_by != peer:
                    far.track.push(self._parts.read_body(frame))
            case Arrived():
                self._arrive(peer, far, frame)
            case Refused():
                stay = far.stays.get(frame.guild_id)
                if stay is not None and stay.attempt == frame.attempt:
                    stay.refuse(is_late=frame.is_unavailable)
            case Unseated():
                self._positions.touch(peer, frame.guild_id)
                self._sessions.unseat(peer, far, frame)

    def _is_wanted(self, peer: str, far: FarSession, frame: Seated) -> bool:
        """Return whether a session waits for the seat that it is given, and who gives it is the guild's home."""
        stay = far.stays.get(frame.guild_id)
        is_awaited = stay is not None and stay.attempt == frame.attempt and not stay.is_loaded
        # While others have yet to leave the former home, whose positions count, there is no seat at the next one.
        counts = self._positions.counts(peer, frame.guild_id)
        return is_awaited and counts and self._home_of(frame.guild_id) == peer

    def _arrive(self, peer: str, far: FarSession, frame: Arrived) -> None:
        was_muted = far.muted_by == peer
        if was_muted:
            far.muted_by = ""
        stay, known = far.stays.get(frame.guild_id), far.guilds.get(frame.guild_id)
        if stay is None or stay.attempt != frame.attempt:
            return
        if was_muted:  # it asks the guild's home
            stay.refuse(is_late=True)
            return
        back = stay.purpose.back
        if back is None or known is None:
            far.guilds[frame.guild_id] = SessionGuild(guild_id=frame.guild_id, is_limited=frame.is_limited)
        elif known.subscription is not None and known.subscription != back.subscription:
            self._send(stay.home, Subscribe(far.number, frame.guild_id, known.subscription))
        stay.arrive(frame)


def _deliver_message(guild: FarGuild, frame: SpreadMessage) -> None:
    guild.deliver_message(
        frame.event, frame.payload, frame.words, author_id=frame.author_id, mention_ids=frame.mention_ids
    )
