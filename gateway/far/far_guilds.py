"""The guilds whose home is at another worker, as the sessions of this one are in them.

The home has the guild and decides everything; what it decides comes over the link in one order, and is passed on to the
sessions' tracks in that order. A session that is on its way to READY gets what comes for it behind READY
(`gateway.far.far_session`).

When the conversation with a home ends, or a guild has another home, the sessions have lost their places
(`gateway.far.stranding`), and go on elsewhere (`gateway.far.moves`).

The tables are in `gateway.far.far_sessions`. What homes say is taken by `gateway.far.home_frames`, and sessions that
enter after their READY go by `gateway.far.far_entrance`.
"""

from collections.abc import Callable, Collection, Iterable
from typing import Protocol

import msgspec

from core.links.interfaces import Links
from gateway.commands.commands import GuildSubscription, LazyGuilds
from gateway.far.far_presences import FarPresences
from gateway.far.far_session import FarSession
from gateway.far.far_sessions import FarSessions
from gateway.far.far_stay import LOGIN, FarStay, Purpose
from gateway.far.frames import End, Enter, Leave, Subscribe, ToHome, Way, encode_frame
from gateway.far.shown_parts import ShownParts
from gateway.sessions.seat import Seat
from gateway.sessions.session import Session
from gateway.sessions.session_guild import SessionGuild, join_subscriptions
from gateway.sessions.shown_guild import ShownGuild


class FarUsers(Protocol):
    """What is to be known of users, and what becomes of their sessions."""

    def foresee_presence(self, session: Seat) -> msgspec.Raw | None:
        """Return the user's presence as it is once a session is present: as in GUILD_CREATE, None when offline."""

    def note_moved(self, session: Session, guild_id: int) -> None:
        """Note that a live session is in a guild again, whose next home may not know the user's presence of now."""

    def note_entered(self, session: Session, guild_ids: Collection[int]) -> None:
        """Note that a live session is in these guilds."""

    def note_lost(self, session: Session) -> None:
        """Note that a session may have missed something of a guild."""


class FarGuilds:
    __slots__ = ("_home_of", "_links", "_parts", "_presences", "_sessions", "_users")

    def __init__(
        self,
        *,
        links: Links,
        home_of: Callable[[int], str],
        sessions: FarSessions,
        presences: FarPresences,
        parts: ShownParts,
    ) -> None:
        """`home_of` names the worker that has a guild, "" when nobody has it now."""
        self._home_of = home_of
        self._links = links
        self._parts = parts
        self._presences = presences
        self._sessions = sessions
        self._users: FarUsers

    def hand_to(self, users: FarUsers) -> None:
        """Set who is told of sessions, before there is any."""
        self._users = users

    # -- what sessions want

    def know(self, session: Session) -> FarSession:
        """Return what is known of a live session here."""
        return self._sessions.find_or_make(session, is_live=True)

    def stay(self, session: Session, guild_id: int, *, purpose: Purpose = LOGIN, is_live: bool = False) -> FarStay:
        """Begin a session's way into a guild."""
        far = self._sessions.find_or_make(session, is_live=is_live)
        far.attempts += 1
        stay = FarStay(
            guild_id,
            session.user_id,
            attempt=far.attempts,
            purpose=purpose,
            ask=lambda stay: self._ask_home(far, stay),
            end=lambda stay: self._end_stay(far, stay),
        )
        far.stays[guild_id] = stay
        return stay

    def take_shown(self, stay: FarStay) -> ShownGuild | None:
        """Return a guild that the session has entered, as READY shows it; None when it has not."""
        if stay.arrived is None or stay.arrived.shown is None:
            return None
        return self._parts.read(stay.guild_id, stay.arrived.shown)

    def go_live(self, session: Session) -> None:
        """Pass on what was held for a session, and all that comes from now on."""
        far = self._sessions.find(session)
        if far is not None:
            self._users.note_entered(session, self._sessions.go_live(far))

    def is_moving(self, session: Seat, guild_id: int) -> bool:
        """Return whether the session is in a guild, but moves to another home of it just now, or is about to."""
        far = self._sessions.find(session)
        if far is None:
            return False
        return guild_id in far.moving or self._sessions.has_lost_seat(far.session, guild_id)

    def has(self, session: Seat, guild_id: int) -> bool:
        """Return whether the session is in a guild elsewhere, as far as its record goes."""
        far = self._sessions.find(session)
        return far is not None and guild_id in far.guilds

    def sits_in(self, session: Seat, guild_id: int) -> bool:
        """Return whether the session is in a guild, as far as anybody here knows."""
        far = self._sessions.find(session)
        if far is None:
            return guild_id in session.slots
        return guild_id in far.moving or (guild_id in session.slots and guild_id not in far.gone)

    def note_gone(self, guild_id: int, user_id: int) -> None:
        """Note that a user has left a guild, of which its home may hear later."""
        for far in self._sessions.seats_of(guild_id, user_id):
            far.gone.add(guild_id)

    def give_up(self, session: Seat, guild_id: int) -> None:
        """Give up a session's way into a guild, unless it has a seat there. It is told nothing more of it."""
        far = self._sessions.find(session)
        stay = None if far is None else far.stays.get(guild_id)
        if far is not None and stay is not None and guild_id not in session.slots:
            stay.refuse(is_late=False)
            self._end_stay(far, stay)

    def leave_all(self, session: Session) -> None:
        """Leave every guild, because the session has ended."""
        far = self._sessions.find(session)
        if far is None:
            return
        homes = self._sessions.hosts_of(far)
        self._sessions.forget(far)
        for home in homes:
            self.send(home, End(far.number))
        for stay in list(far.stays.values()):
            stay.refuse(is_late=False)

    def subscribe(self, session: Session, guild_id: int, asked: LazyGuilds | GuildSubscription) -> None:
        """Take a subscription of a session's client to a guild. No error when the session is not in it."""
        far = self._sessions.find(session)
        if far is None or guild_id not in far.guilds:
            return
        known = far.guilds[guild_id]
        joined = join_subscriptions(known.subscription, asked)
        far.guilds[guild_id] = msgspec.structs.replace(known, subscription=joined)
        session.note_changed()
        only = join_subscriptions(None, asked)
        self.send(self._home_of(guild_id), Subscribe(far.number, guild_id, only))

    async def presences_of(self, guild_id: int, user_ids: Collection[int], *, viewer_id: int) -> list[msgspec.Raw]:
        """Return the presences of those of the users who are connected to the guild and not offline for the viewer."""
        return await self._presences.ask(
            guild_id, user_ids, viewer_id=viewer_id, send=lambda frame: self.send(self._home_of(guild_id), frame)
        )

    def describe(self, session: Seat) -> Iterable[SessionGuild]:
        """Return what a record keeps of the guilds that the session is in."""
        far = self._sessions.find(session)
        return () if far is None else tuple(far.guilds.values())

    # -- moves

    def note_moved(self, session: Session, guild_id: int) -> None:
        """Note that a live session is in a guild again that has another home."""
        self._users.note_moved(session, guild_id)

    def note_entered(self, session: Session, guild_id: int) -> None:
        """Note that a live session has entered a guild."""
        self._users.note_entered(session, [guild_id])

    def drop(self, session: Session) -> None:
        """Have a session end that may have missed something of a guild."""
        self._users.note_lost(session)

    # --

    def _ask_home(self, far: FarSession, stay: FarStay) -> bool:
        session, home, purpose = far.session, self._home_of(stay.guild_id), stay.purpose
        presence = self._users.foresee_presence(session)
        frame = Enter(
            session=far.number,
            attempt=stay.attempt,
            profile=session.profile,
            guild_id=stay.guild_id,
            way=_find_way(far, purpose),
            is_new=purpose.is_new,
            presence=b"" if presence is None else bytes(presence),
            after=purpose.after,
            is_limited=purpose.back is not None and purpose.back.is_limited,
            subscription=None if purpose.back is None else purpose.back.subscription,
        )
        if not self.send(home, frame):
            return False
        stay.home = home
        self._sessions.note_asked(home, far, stay)
        return True

    def _end_stay(self, far: FarSession, stay: FarStay) -> None:
        self._sessions.note_answered(stay)
        if far.stays.get(stay.guild_id) is stay:
            del far.stays[stay.guild_id]
            if not stay.is_member and far in self._sessions:
                self.send(stay.home, Leave(far.number, stay.guild_id))

    def send(self, home: str, frame: ToHome) -> bool:
        """Send a frame to a home, and return whether there is a conversation with it."""
        return bool(home) and self._links.send(home, encode_frame(frame))


def _find_way(far: FarSession, purpose: Purpose) -> Way:
    if purpose.back is not None:
        return Way.BACK
    return Way.CREATE if far.held is None or far.session.profile.is_bot else Way.SHOWN
