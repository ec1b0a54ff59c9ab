"""The guilds whose home is at another worker, as the sessions of this one are in them.

The home has the guild and decides everything; what it decides comes over the link in one order, and is passed on to the
sessions' tracks in that order. A session that is on its way to READY gets what comes for it behind READY
(`gateway.far.far_session`).

When the conversation with a home ends, its guests have lost their places, and what was under way to them. Then the
they are handed to `note_lost`, and what is on its way to READY finds the guilds late.

Owns what is asked of homes and not answered yet. The tables are in `gateway.far.far_sessions`.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Final, Protocol

import msgspec

from core.domain.events import GUILD_DELETE
from core.domain.intents import Intent
from core.links.interfaces import Links
from gateway.commands.commands import GuildSubscription, LazyGuilds
from gateway.events.event_meter import EventMeter
from gateway.far.far_session import FarSession
from gateway.far.far_sessions import FarSessions
from gateway.far.far_stay import FarStay
from gateway.far.frames import (
    Arrived,
    AskPresences,
    End,
    Enter,
    Leave,
    Presences,
    Refused,
    Seated,
    Spread,
    SpreadMessage,
    Subscribe,
    ToHome,
    ToHost,
    Told,
    Unseated,
    Way,
    encode_frame,
)
from gateway.far.shown_parts import ShownParts
from gateway.payloads.dispatch_body import DispatchBody
from gateway.scheduling.tasks import Tasks
from gateway.sessions.seat import Seat
from gateway.sessions.session import Session
from gateway.sessions.session_guild import SessionGuild, join_subscriptions
from gateway.sessions.shown_guild import ShownGuild

_ASK_S: Final = 2.0
"""The time for which presences of another worker are waited for. Who asks gets none then, as of users who are away."""
_RETRY_S: Final = 1.0
"""The pause before a guild is asked for again whose home did not answer."""


class FarUsers(Protocol):
    """What is to be known of users, and what becomes of their sessions."""

    def foresee_presence(self, session: Seat) -> msgspec.Raw | None:
        """Return the user's presence as it is once a session is present: as in GUILD_CREATE, None when offline."""

    def note_entered(self, session: Session, guild_ids: Collection[int]) -> None:
        """Note that a live session is in these guilds."""

    def note_lost(self, session: Session) -> None:
        """Note that a session may have missed something of a guild."""


class FarGuilds:
    __slots__ = (
        "_asked",
        "_home_of",
        "_last_request",
        "_links",
        "_meter",
        "_parts",
        "_sessions",
        "_tasks",
        "_users",
    )

    def __init__(
        self,
        *,
        links: Links,
        home_of: Callable[[int], str],
        tasks: Tasks,
        meter: EventMeter,
    ) -> None:
        """`home_of` names the worker that has a guild, "" when nobody has it now."""
        self._asked: dict[int, asyncio.Future[list[bytes]]] = {}
        self._home_of = home_of
        self._last_request = 0
        self._links = links
        self._meter = meter
        self._parts = ShownParts()
        self._sessions = FarSessions(on_dispatch=meter.count)
        self._tasks = tasks
        self._users: FarUsers

    def hand_to(self, users: FarUsers) -> None:
        """Set who is told of sessions, before there is any."""
        self._users = users

    # -- what sessions want

    def stay(
        self, session: Session, guild_id: int, *, joined_after: int | None = None, is_live: bool = False
    ) -> FarStay:
        """Begin a session's way into a guild. `joined_after`: as for `join`, None for who was in it before."""
        far = self._sessions.find_or_make(session, is_live=is_live)
        far.attempts += 1
        attempt = far.attempts
        stay = FarStay(
            guild_id,
            session.user_id,
            attempt=attempt,
            ask=lambda: self._ask_home(far, attempt, guild_id, joined_after),
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

    def enter_later(self, session: Session, guild_ids: Sequence[int]) -> None:
        """Enter guilds that READY has named, one after the other."""
        self._tasks.spawn(self._enter_each(session, guild_ids))

    def join(self, session: Session, guild_id: int, after: int) -> None:
        """Enter a guild that the session's user has joined, with what was said after a position and after the join."""
        self._tasks.spawn(self._join(session, guild_id, after))

    def leave_all(self, session: Session) -> None:
        """Leave every guild, because the session has ended."""
        far = self._sessions.find(session)
        if far is None:
            return
        self._sessions.forget(far)
        for home in far.homes:
            self._send(home, End(far.number))
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
        self._send(self._home_of(guild_id), Subscribe(far.number, guild_id, only))

    async def presences_of(self, guild_id: int, user_ids: Collection[int], *, viewer_id: int) -> list[msgspec.Raw]:
        """Return the presences of those of the users who are connected to the guild and not offline for the viewer."""
        self._last_request += 1
        request = self._last_request
        answer = self._asked[request] = asyncio.get_running_loop().create_future()
        try:
            if not self._send(self._home_of(guild_id), AskPresences(request, guild_id, viewer_id, list(user_ids))):
                return []
            async with asyncio.timeout(_ASK_S):
                return [msgspec.Raw(presence) for presence in await answer]
        except TimeoutError:
            return []
        finally:
            del self._asked[request]

    def describe(self, session: Seat) -> Iterable[SessionGuild]:
        """Return what a record keeps of the guilds that the session is in."""
        far = self._sessions.find(session)
        return () if far is None else tuple(far.guilds.values())

    def arriving(self, session: Seat) -> list[int]:
        """Return the guilds that the session is on its way into."""
        far = self._sessions.find(session)
        return [] if far is None else [guild_id for guild_id in far.stays if guild_id not in far.guilds]

    # -- what homes say

    def take(self, peer: str, frame: ToHost) -> None:
        """Take what a home says. What concerns a session that has ended, or has moved on, is passed over."""
        match frame:
            case Spread():
                guild = self._sessions.find_guild(peer, frame.guild_id)
                if guild is not None:
                    guild.deliver(frame.event, frame.payload, frame.words)
            case SpreadMessage():
                guild = self._sessions.find_guild(peer, frame.guild_id)
                if guild is not None:
                    guild.deliver_message(
                        frame.event,
                        frame.payload,
                        frame.words,
                        author_id=frame.author_id,
                        mention_ids=frame.mention_ids,
                    )
            case Presences():
                asked = self._asked.get(frame.request)
                if asked is not None and not asked.done():
                    asked.set_result(frame.found)
            case Seated() | Arrived() | Refused() | Unseated() | Told():
                far = self._sessions.find_guest(peer, frame.session)
                if far is not None:
                    self._follow(peer, far, frame)
            case _:
                pass

    def _follow(self, peer: str, far: FarSession, frame: Seated | Arrived | Refused | Unseated | Told) -> None:
        match frame:
            case Seated():
                self._sessions.seat(peer, far, frame)
            case Told():
                far.track.push(self._parts.read_body(frame))
            case Arrived():
                stay = far.stays.get(frame.guild_id)
                if stay is not None and stay.attempt == frame.attempt:
                    far.guilds[frame.guild_id] = SessionGuild(guild_id=frame.guild_id, is_limited=frame.is_limited)
                    stay.arrive(frame)
            case Refused():
                stay = far.stays.get(frame.guild_id)
                if stay is not None and stay.attempt == frame.attempt:
                    stay.refuse(is_late=frame.is_unavailable)
            case Unseated():
                self._sessions.unseat(peer, far, frame)

    def lose(self, peer: str) -> None:
        """Note that the conversation with a worker has ended: whoever was its guest has missed something."""
        for far in self._sessions.guests_of(peer):
            far.homes.discard(peer)
            lost = [guild_id for guild_id in far.session.slots if self._sessions.find_guild(peer, guild_id) is not None]
            for guild_id in lost:
                self._sessions.let_go(far, guild_id)
            for stay in list(far.stays.values()):
                if not stay.is_loaded:
                    stay.refuse(is_late=True)
                elif stay.guild_id in lost:
                    stay.is_lost = True
            if lost and far.held is None:
                self._users.note_lost(far.session)

    # --

    def _ask_home(self, far: FarSession, attempt: int, guild_id: int, joined_after: int | None) -> bool:
        session, home = far.session, self._home_of(guild_id)
        presence = self._users.foresee_presence(session)
        frame = Enter(
            session=far.number,
            attempt=attempt,
            profile=session.profile,
            guild_id=guild_id,
            way=Way.CREATE if far.held is None or session.profile.is_bot else Way.SHOWN,
            is_new=joined_after is not None,
            presence=b"" if presence is None else bytes(presence),
            after=joined_after or 0,
        )
        if not self._send(home, frame):
            return False
        far.homes.add(home)
        return True

    def _end_stay(self, far: FarSession, stay: FarStay) -> None:
        if far.stays.get(stay.guild_id) is stay:
            del far.stays[stay.guild_id]
        if not stay.is_member and far in self._sessions:
            self._send(self._home_of(stay.guild_id), Leave(far.number, stay.guild_id))

    def _send(self, home: str, frame: ToHome) -> bool:
        return bool(home) and self._links.send(home, encode_frame(frame))

    async def _join(self, session: Session, guild_id: int, after: int) -> None:
        if not await self._go_in(session, guild_id, after):
            await self._enter_each(session, [guild_id])

    async def _enter_each(self, session: Session, guild_ids: Sequence[int]) -> None:
        for guild_id in guild_ids:
            while not session.is_ended and not await self._go_in(session, guild_id, None):  # noqa: ASYNC110
                await asyncio.sleep(_RETRY_S)

    async def _go_in(self, session: Session, guild_id: int, joined_after: int | None) -> bool:
        """Enter a guild. Return whether that is settled; otherwise its home did not answer."""
        far = self._sessions.find(session)
        if session.is_ended or guild_id in session.slots or (far is not None and guild_id in far.stays):
            return True
        stay = self.stay(session, guild_id, joined_after=joined_after, is_live=True)
        session.note_moved()
        try:
            await stay.open()
        finally:
            stay.close()
        session.note_moved()
        if stay.is_late or session.is_ended:
            return session.is_ended
        if stay.is_member:
            self._users.note_entered(session, [guild_id])
        elif joined_after is None and session.intents & Intent.GUILDS:
            session.dispatch(DispatchBody(GUILD_DELETE, b'{"id":"%d"}' % guild_id))
            self._meter.count(GUILD_DELETE, 1)
        return True
