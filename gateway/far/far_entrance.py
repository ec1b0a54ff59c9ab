"""The entrance of live sessions into guilds elsewhere: those that follow READY, and those that their users join.

It is for guilds elsewhere what `gateway.homes.guild_entrance` is for those here, with two differences. A home that does
not answer is asked again, until it does. And a user's leaving and coming may be heard of here before the home has heard
of it. So a way that is under way ends at once when the user leaves, whatever the home says yet, and a session that
still sits in a guild which its user has left is let in anew when the user comes back.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from core.domain.events import GUILD_MEMBER_REMOVE
from core.wire.envelope import Envelope
from gateway.events.event_meter import EventMeter
from gateway.far.far_guilds import FarGuilds
from gateway.far.far_stay import LOGIN, Purpose
from gateway.homes.arrivals import Arrival, Arrivals
from gateway.homes.guild_entrance import GuildEntrance
from gateway.scheduling.tasks import Tasks
from gateway.sessions.seat import Seat
from gateway.sessions.session import Session

_RETRY_S: Final = 1.0
"""The pause before a guild is asked for again whose home did not answer."""


class FarEntrance:
    """`is_here` says whether a guild's home is here, where it may come while a session is on its way."""

    __slots__ = ("_arrivals", "_far", "_here", "_is_here", "_tasks")

    def __init__(
        self,
        *,
        far: FarGuilds,
        here: GuildEntrance,
        is_here: Callable[[int], bool],
        tasks: Tasks,
        meter: EventMeter,
    ) -> None:
        self._arrivals = Arrivals(meter=meter)
        self._far = far
        self._here = here
        self._is_here = is_here
        self._tasks = tasks

    def enter_later(self, session: Session, guild_ids: Sequence[int]) -> None:
        """Enter guilds that READY has named, one after the other."""
        arrivals = [self._arrivals.begin(session, guild_id, is_announced=True) for guild_id in guild_ids]
        self._tasks.spawn(self._enter_each(arrivals, LOGIN))

    def join(self, session: Session, guild_id: int, after: int) -> None:
        """Enter a guild that the session's user has joined, with what was said after a position and after the join."""
        if self._arrivals.has(session, guild_id) or self._far.sits_in(session, guild_id):
            return
        arrival = self._arrivals.begin(session, guild_id, is_announced=False)
        self._tasks.spawn(self._enter_each([arrival], Purpose(is_new=True, after=after)))

    def note_gone(self, envelope: Envelope) -> None:
        """End the arrivals of who has left a guild, or all of a guild that is deleted."""
        for arrival in self._arrivals.note_gone(envelope):
            self._far.give_up(arrival.session, arrival.guild_id)
        if envelope.event == GUILD_MEMBER_REMOVE:
            self._far.note_gone(envelope.guild_id, envelope.user_id)

    def arriving(self, session: Seat) -> list[int]:
        """Return the guilds that a session is on its way into."""
        return self._arrivals.list_guilds(session)

    async def _enter_each(self, arrivals: Sequence[Arrival], purpose: Purpose) -> None:
        for arrival in arrivals:
            while not await self._go_in(arrival, purpose):  # noqa: ASYNC110
                await asyncio.sleep(_RETRY_S)

    async def _go_in(self, arrival: Arrival, purpose: Purpose) -> bool:
        """Enter a guild. Return whether that is settled; otherwise its home did not answer."""
        session, guild_id = arrival.session, arrival.guild_id
        assert isinstance(session, Session), "a session of this process"  # noqa: S101 - for the type checker
        if session.is_ended or not self._arrivals.is_under_way(arrival):
            self._arrivals.end(arrival)
            return True
        if self._is_here(guild_id):
            self._arrivals.end(arrival)
            self._go_in_here(arrival)
            return True
        stay = self._far.stay(session, guild_id, purpose=purpose, is_live=True)
        try:
            await stay.open()
        finally:
            stay.close()
        if stay.is_late and not session.is_ended:
            return not self._arrivals.is_under_way(arrival)
        is_wanted = self._arrivals.is_under_way(arrival)
        self._arrivals.end(arrival)
        if stay.is_member:
            self._far.note_entered(session, guild_id)
        elif is_wanted:
            self._arrivals.tell_absence(arrival)
        return True

    def _go_in_here(self, arrival: Arrival) -> None:
        session, guild_id = arrival.session, arrival.guild_id
        if arrival.is_announced:
            self._here.enter_later(session, [guild_id])
        else:
            self._here.join(session, guild_id)
