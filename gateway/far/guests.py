"""The guests: sessions of other workers, in the guilds whose home is here.

```
 Enter ─→ the guild is loaded, the membership's row is read and settled ─→ events that wait are applied
   ─→ in one turn: seat, GUILD_CREATE or the guild for READY, Arrived      or Refused
 Enter of who comes back ─→ what it has missed (`gateway.homes.guild_returns`), Arrived      or Refused
```

A guest goes the way of every session (`gateway.homes.guild_entrance`); only its events go over a link. When the
conversation with its host ends, the host has lost what was under way, so all guests of it go and come back.

Owns the guests of all workers.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial

import msgspec

from core.domain.errors import Unavailable
from core.links.interfaces import Links
from core.store.interfaces import Store
from gateway.events.row_wait import RowWait
from gateway.far.frames import (
    Arrived,
    AskPresences,
    End,
    Enter,
    Leave,
    Part,
    Presences,
    Refused,
    Subscribe,
    ToHome,
    ToHost,
    Way,
    encode_frame,
)
from gateway.far.guest import Guest
from gateway.far.guest_port import GuestPort
from gateway.far.said_since import SaidSince
from gateway.guilds.guild_directory import GuildDirectory
from gateway.guilds.guild_stay import GuildStay
from gateway.homes.guild_entrance import GuildEntrance
from gateway.homes.guild_returns import GuildReturns
from gateway.payloads.encodings import Encoding
from gateway.scheduling.tasks import Tasks
from gateway.sessions.session_guild import SessionGuild
from gateway.sessions.shown_guild import ShownGuild
from gateway.users.relations import Relations

logger = logging.getLogger(__name__)


class _Host:
    """Another worker with guests here."""

    __slots__ = ("guests", "port")

    def __init__(self, port: GuestPort) -> None:
        self.port = port
        self.guests: dict[int, Guest] = {}


class Guests:
    __slots__ = (
        "_entrance",
        "_find_trace",
        "_guilds",
        "_hosts",
        "_is_here",
        "_links",
        "_owners",
        "_relations",
        "_returns",
        "_rows",
        "_since",
        "_store",
        "_tasks",
    )

    def __init__(  # noqa: PLR0913 - a guest needs what every session does
        self,
        *,
        guilds: GuildDirectory,
        entrance: GuildEntrance,
        relations: Relations,
        since: SaidSince,
        returns: GuildReturns,
        rows: RowWait,
        store: Store,
        links: Links,
        tasks: Tasks,
        is_here: Callable[[int], bool],
        find_trace: Callable[[], bytes | None] | None = None,
    ) -> None:
        """`is_here` says whether a guild's home is here; `find_trace` is that of `GuestPort`."""
        self._entrance = entrance
        self._find_trace = find_trace
        self._guilds = guilds
        self._hosts: dict[str, _Host] = {}
        self._is_here = is_here
        self._links = links
        self._since = since
        self._owners = 0
        self._relations = relations
        self._returns = returns
        self._rows = rows
        self._store = store
        self._tasks = tasks

    def begin(self, peer: str) -> None:
        """Begin anew with a worker: it has no guests here."""
        self.drop(peer)
        self._owners += 1
        port = GuestPort(
            owner=self._owners,
            send_frame=partial(self._send, peer),
            find_positions=self._since.find_ends,
            call_soon=asyncio.get_running_loop().call_soon,
            find_trace=self._find_trace,
        )
        self._hosts[peer] = _Host(port)

    def drop(self, peer: str) -> None:
        """Let all guests of a worker go. No error when there are none."""
        host = self._hosts.pop(peer, None)
        if host is not None:
            for guest in list(host.guests.values()):
                self._end(host, guest)

    def take(self, peer: str, frame: ToHome) -> None:
        """Do what another worker asks for one of its sessions; nothing when that is no guest any more."""
        host = self._hosts[peer]
        match frame:
            case Enter():
                self._begin_entering(host, frame)
            case AskPresences():
                self._tasks.spawn(self._answer(host, frame))
            case _:
                guest = host.guests.get(frame.session)
                if guest is not None:
                    self._follow(host, guest, frame)

    def _follow(self, host: _Host, guest: Guest, frame: Leave | End | Subscribe) -> None:
        match frame:
            case Leave():
                guest.attempts.pop(frame.guild_id, None)
                self._guilds.leave(guest, frame.guild_id)
            case End():
                self._end(host, guest)
            case Subscribe():
                self._entrance.subscribe(guest, frame.guild_id, frame.asked)

    def _end(self, host: _Host, guest: Guest) -> None:
        guest.end()
        self._entrance.leave_all(guest)
        host.guests.pop(guest.number, None)
        host.port.numbers.pop(guest.id, None)
        if not guest.profile.is_bot:
            self._relations.forget(guest.user_id)

    # -- entering

    def _begin_entering(self, host: _Host, frame: Enter) -> None:
        guest = host.guests.get(frame.session)
        if guest is None:
            guest = host.guests[frame.session] = Guest(frame.session, frame.profile, host.port)
            host.port.numbers[guest.id] = guest.number
            if not guest.profile.is_bot:
                self._relations.expect(guest.user_id)
        guest.presence = msgspec.Raw(frame.presence) if frame.presence else None
        if not self._is_here(frame.guild_id):
            host.port.send_frame(Refused(guest.number, frame.attempt, frame.guild_id, is_unavailable=True))
            return
        guest.attempts[frame.guild_id] = frame.attempt
        if frame.way is Way.BACK:
            self._tasks.spawn(self._answer_enter(host, guest, frame, partial(self._take_back, host, guest, frame)))
            return
        stay = self._guilds.stay(frame.guild_id, guest.user_id, is_new=frame.is_new, collects=frame.is_new)
        until = self._since.find_end(frame.guild_id)
        enter = partial(self._enter, host, guest, stay, frame, until)
        self._tasks.spawn(self._answer_enter(host, guest, frame, enter))

    async def _answer_enter(
        self, host: _Host, guest: Guest, frame: Enter, enter: Callable[[], Awaitable[None]]
    ) -> None:
        """Let a guest in, or refuse it."""
        guild_id, is_unavailable = frame.guild_id, True
        try:
            await enter()
            is_unavailable = False
        except Unavailable:
            logger.warning("a guest's guild could not be loaded", extra={"guild_id": guild_id})
        except Exception:
            # One guest must not stop all others. Whatever the error is, it is a fault of ours.
            logger.exception("a guest could not enter a guild", extra={"guild_id": guild_id})
        finally:
            if guest.attempts.get(guild_id) == frame.attempt and guild_id not in guest.slots:
                del guest.attempts[guild_id]
                host.port.send_frame(Refused(guest.number, frame.attempt, guild_id, is_unavailable=is_unavailable))

    async def _enter(self, host: _Host, guest: Guest, stay: GuildStay, frame: Enter, until: int) -> None:
        """Let a guest in. What is said after `until` is collected by the stay of who joins."""
        try:
            await self._know_relations(guest)
            if frame.is_new:
                # The host has heard of the join. If the guest has been here before, it has left before.
                await self._rows.wait()
            before = await self._since.read(frame, until) if frame.is_new else []
            await self._entrance.prepare(stay)
            stay.collected[:0] = before
            if guest.attempts.get(stay.guild_id) == frame.attempt:
                self._let_in(host, guest, stay, frame)
        finally:
            stay.close()

    async def _take_back(self, host: _Host, guest: Guest, frame: Enter) -> None:
        """Let a guest in again that has been in the guild."""
        known = SessionGuild(guild_id=frame.guild_id, is_limited=frame.is_limited, subscription=frame.subscription)

        def find_known() -> SessionGuild | None:
            return known if guest.attempts.get(frame.guild_id) == frame.attempt else None

        await self._know_relations(guest)
        if await self._returns.bring_back(guest, frame.guild_id, after=frame.after, find_known=find_known):
            host.port.send_frame(Arrived(guest.number, frame.attempt, frame.guild_id, known.is_limited, None))

    async def _know_relations(self, guest: Guest) -> None:
        """Have the presences of whom a person's guest blocks hidden, and the other way round."""
        if guest.profile.is_bot:
            return
        async with guest.reading:
            if not self._relations.knows(guest.user_id):
                self._relations.know(guest.user_id, await self._store.relationships.list_of(guest.user_id))

    def _let_in(self, host: _Host, guest: Guest, stay: GuildStay, frame: Enter) -> None:
        shown: ShownGuild | None = None
        if frame.way is Way.SHOWN:
            shown = self._entrance.enter_shown(guest, stay)
        else:
            self._entrance.enter(guest, stay)
        actor = stay.actor
        if actor is not None and stay.guild_id in guest.slots:
            known = actor.attendance.describe(guest)
            part = None if shown is None else _render(shown)
            host.port.send_frame(Arrived(guest.number, frame.attempt, stay.guild_id, known.is_limited, part))

    def _send(self, peer: str, frame: ToHost) -> None:
        self._links.send(peer, encode_frame(frame))

    async def _answer(self, host: _Host, frame: AskPresences) -> None:
        found = await self._entrance.presences_of(frame.guild_id, frame.user_ids, viewer_id=frame.viewer_id)
        host.port.send_frame(Presences(frame.request, [bytes(presence) for presence in found]))


def _render(shown: ShownGuild) -> Part:
    return Part(
        own=shown.own,
        parts=[b"{" + part.text(Encoding.JSON)[1:] + b"}" for part in shown.parts],
        member=bytes(shown.member),
        members=None if shown.members is None else shown.members.json,
        presences=None if shown.presences is None else shown.presences.json,
        channel_ids=sorted(shown.channel_ids),
        voice_states=None if shown.voice_states is None else shown.voice_states.json,
    )
