"""The entrance of sessions into guilds: at a login, after READY of a large bot, and when their users join.

```
 stay ─→ open ─→ the membership's row ─→ events that have come and wait ─→ enter ─→ close
                 login: read with it      `catch_up`                       all of a login's guilds
                 later: read here                                          in the turn of READY
```

A guild is entered through a stay (`gateway.guilds.guild_stay`), which loads the guild if need be and keeps it in
memory. A row that was just read from the store may be newer than the events that have been applied, so these are waited
for (`gateway.events.row_wait`) and applied before a session enters. A login opens all its guilds and enters them
together (`gateway.login.identify`). Later a session enters one guild after the other. Messages that are sent after a
user has joined are collected by the stay and follow GUILD_CREATE.

Who is on the way is in `gateway.homes.arrivals`. A user who leaves and joins again begins a new arrival, which collects
from there.
"""

import logging
from collections.abc import Collection, Iterable, Sequence

import msgspec

from core.domain.errors import Unavailable
from core.store.interfaces import Store
from core.wire.envelope import Envelope
from gateway.commands.commands import GuildSubscription, LazyGuilds
from gateway.events.event_meter import EventMeter
from gateway.events.inbox import Inbox
from gateway.events.row_wait import RowWait
from gateway.guilds.guild_directory import GuildDirectory
from gateway.guilds.guild_stay import GuildStay
from gateway.homes.arrivals import Arrival, Arrivals
from gateway.homes.home_port import KnownMember, Stay
from gateway.scheduling.tasks import Tasks
from gateway.sessions.seat import Seat
from gateway.sessions.session_guild import SessionGuild
from gateway.sessions.shown_guild import ShownGuild
from gateway.users.user_directory import UserDirectory

logger = logging.getLogger(__name__)


class GuildEntrance:
    """The `GuildHomes` of the guilds in this process."""

    __slots__ = ("_arrivals", "_guilds", "_inbox", "_rows", "_store", "_tasks", "_users")

    def __init__(
        self,
        *,
        guilds: GuildDirectory,
        users: UserDirectory,
        store: Store,
        tasks: Tasks,
        inbox: Inbox,
        rows: RowWait,
        meter: EventMeter,
    ) -> None:
        self._guilds = guilds
        self._inbox = inbox
        self._rows = rows
        self._store = store
        self._tasks = tasks
        self._users = users
        self._arrivals = Arrivals(meter=meter)

    def stay(self, session: Seat, guild_id: int) -> Stay:
        """Begin a stay of the session's user at a guild, and load the guild if need be."""
        return self._guilds.stay(guild_id, session.user_id)

    def catch_up(self) -> None:
        """Apply the events that wait in the inbox."""
        self._inbox.flush()

    def show(self, user_id: int, stays: Iterable[Stay]) -> None:
        """Tell the guilds the presence of a user who is about to enter, before the first user of a batch enters."""
        presence = self._users.shown.find(user_id)
        if presence is None:
            return
        for stay in stays:
            _here(stay).show(presence)

    def enter(self, session: Seat, stay: Stay) -> None:
        """Let the session in when its user is a member. The guild is told the presence with a user's first session."""
        if session.is_ended:
            return
        here, presence = _here(stay), self._find_presence(session)
        is_first = here.is_first
        if here.enter(session, presence=presence):
            self._note_entered(session, stay.guild_id, is_first=is_first and presence is not None)

    def enter_shown(self, session: Seat, stay: Stay) -> ShownGuild | None:
        """Let a person's session in as `enter` does. The guild is returned for READY, and no GUILD_CREATE is sent."""
        if session.is_ended:
            return None
        here, presence = _here(stay), self._find_presence(session)
        is_first = here.is_first
        shown = here.enter_shown(session, presence=presence)
        if shown is not None:
            self._note_entered(session, stay.guild_id, is_first=is_first and presence is not None)
        return shown

    def take_back(self, session: Seat, known: SessionGuild, stay: GuildStay) -> None:
        """Let a session in again that was in the guild before (`GuildStay.take_back`), else as `enter`."""
        is_first, presence = stay.is_first, self._find_presence(session)
        if stay.take_back(session, known, presence=presence):
            self._note_entered(session, stay.guild_id, is_first=is_first and presence is not None)

    def go_live(self, session: Seat) -> None:
        """Do nothing: what happens in a guild follows as soon as a session has entered it."""

    def _find_presence(self, session: Seat) -> msgspec.Raw | None:
        """Return the presence of a session's user. A guest brings it along, unless the user has sessions here too."""
        return self._users.shown.find(session.user_id) or session.presence

    def _note_entered(self, session: Seat, guild_id: int, *, is_first: bool) -> None:
        """Tell a guild the presence of a user who has just come. The host of a guest does that itself."""
        if session.host is None:
            self._users.note_entered(session, [guild_id], is_first=is_first)

    def enter_later(self, session: Seat, guild_ids: Sequence[int]) -> None:
        """Enter more guilds, which READY has named, one after the other."""
        if guild_ids:
            arrivals = [self._arrivals.begin(session, guild_id, is_announced=True) for guild_id in guild_ids]
            self._tasks.spawn(self._enter_each(arrivals))

    def join(self, session: Seat, guild_id: int, *, is_news: bool = True) -> None:  # noqa: ARG002 - both begin here
        """Enter a guild that the session's user has joined. No message from now on is lost.

        An arrival that is under way goes on: the user has not left since it began, as far as the guild's events have
        come. If one that ends it is still to come, the next GUILD_MEMBER_ADD follows it, and begins another arrival.
        """
        if guild_id in session.slots or self._arrivals.has(session, guild_id):
            return
        arrival = self._arrivals.begin(session, guild_id, is_announced=False)
        self._tasks.spawn(
            self._go_in(arrival, self._guilds.stay(guild_id, session.user_id, is_new=True, collects=True))
        )

    def note_gone(self, envelope: Envelope) -> None:
        """End the arrivals of who has left the guild, or all of a guild that is deleted."""
        self._arrivals.note_gone(envelope)

    def leave_all(self, session: Seat) -> None:
        """Leave every guild."""
        for guild_id in list(session.slots):
            self._guilds.leave(session, guild_id)

    def subscribe(self, session: Seat, guild_id: int, asked: LazyGuilds | GuildSubscription) -> None:
        """Take a subscription of a session's client to a guild. No error when the session is not in it."""
        actor = self._guilds.find(guild_id)
        if actor is not None and session in actor.sessions:
            actor.attention.subscribe(session, asked)

    def list_members(self, guild_id: int) -> Collection[KnownMember] | None:
        """Return all members of a guild that is kept whole in memory, else None."""
        actor = self._guilds.find(guild_id)
        return actor.state.members.all() if actor is not None and actor.state.members.keeps_all else None

    async def presences_of(self, guild_id: int, user_ids: Collection[int], *, viewer_id: int) -> list[msgspec.Raw]:
        """Return the presences of those of the users who are connected to the guild and not offline for the viewer."""
        actor, hidden = self._guilds.find(guild_id), self._users.hidden_from(viewer_id)
        found = () if actor is None else (actor.presence_of(each) for each in user_ids if each not in hidden)
        return [presence for presence in found if presence is not None]

    def arriving(self, session: Seat) -> list[int]:
        """Return the guilds that the session is on its way into."""
        return self._arrivals.list_guilds(session)

    async def _enter_each(self, arrivals: Sequence[Arrival]) -> None:
        for arrival in arrivals:
            if arrival.session.is_ended:
                self._arrivals.end(arrival)
            elif self._arrivals.is_under_way(arrival):
                await self._go_in(arrival, self._guilds.stay(arrival.guild_id, arrival.session.user_id))

    async def prepare(self, stay: Stay) -> None:
        """Open a guild and settle the membership, so that a session can enter in this turn of the loop.

        Raises:
            Unavailable: when the guild cannot be loaded, or the row not be read.
        """
        await stay.open()
        if stay.awaits_row:
            row = await self._store.members.find(stay.guild_id, stay.user_id)
            await self._rows.wait()
            stay.settle(row)
        self.catch_up()

    async def _go_in(self, arrival: Arrival, stay: Stay) -> None:
        """Enter a guild. A failure is logged, so that a session's other guilds follow."""
        try:
            await self.prepare(stay)
            if self._arrivals.is_under_way(arrival):
                self.enter(arrival.session, stay)
                self._arrivals.tell_absence(arrival)
        except Unavailable:
            logger.warning("a guild could not be loaded", extra={"guild_id": arrival.guild_id})
        except Exception:
            # Whatever the error is, it is a fault of ours.
            logger.exception("a session could not enter a guild", extra={"guild_id": arrival.guild_id})
        finally:
            stay.close()
            self._arrivals.end(arrival)


def _here(stay: Stay) -> GuildStay:
    assert isinstance(stay, GuildStay), "a guild of this process"  # noqa: S101 - for the type checker
    return stay
