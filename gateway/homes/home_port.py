"""The port between the two halves of a gateway: the homes of guilds and users, and the host of sessions.

```
 host                                                     homes
 listener, connections, sessions,   ── HomePort ──→   guild directory and actors,
 identify, resume, commands                           user directory and actors
                        ↑                                      │
                        └───────────── seats: dispatch ────────┘
```

The host never touches an actor, and an actor sees a session only as a seat (`gateway.sessions.seat`). In one process
the port is the parts themselves: `UserHome` is the user directory, `GuildHomes` the entrance into guilds. Their calls
are synchronous where nothing has to be read, so READY and all GUILD_CREATEs leave in one turn of the loop.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple, Protocol

import msgspec

from core.domain.guilds.member import Member
from core.domain.people.relationship import Relationship
from core.wire.envelope import Envelope
from core.wire.objects.people.presence import PresenceObject
from core.wire.objects.people.session import SessionObject
from core.wire.objects.people.user_settings import UserSettingsObject
from gateway.commands.commands import GuildSubscription, LazyGuilds
from gateway.commands.presence_command import PresenceUpdate
from gateway.homes.session_state import SessionHomes
from gateway.sessions.seat import Seat
from gateway.sessions.shown_guild import ShownGuild
from gateway.users.user_actor import Join


class UserHome(Protocol):
    """The home of users: their sessions, their own events, their presences."""

    def enter(self, session: Seat) -> None:
        """Seat a session that begins its login. Its user's events are held until `start`."""

    def know_relationships(self, session: Seat, rows: Iterable[Relationship]) -> None:
        """Take the relationships of a person whose session was seated just now, as they were read."""

    def knows_all(self, session: Seat) -> bool:
        """Return whether everything is known of the session's user that READY needs, also of other workers."""

    async def learn(self, session: Seat) -> None:
        """Wait for what READY needs, no longer than for some seconds.

        Raises:
            TooManySessions: when the user has too many at all workers together.
        """

    def count_elsewhere(self, user_id: int) -> int:
        """Return the user's sessions at other workers that count in the limit, as far as that is known here."""

    def end_lost_elsewhere(self, user_id: int) -> bool:
        """End a session at another worker that has no socket. Return whether there was one."""

    def list_friends_presences(self, user_id: int) -> Sequence[PresenceObject]:
        """Return the presences of a person's friends who are not offline."""

    def hold(self, session: Seat, envelopes: Collection[Envelope]) -> None:
        """Hold events for the session's user that passed before it was seated."""

    def start(self, session: Seat) -> Sequence[Join]:
        """Start a session that has a presence and its READY. Return the guilds that were joined meanwhile."""

    def list_sessions(self, user_id: int) -> list[SessionObject]:
        """Return a person's sessions that are present, as the person's clients show them."""

    def set_presence(self, session: Seat, presence: PresenceUpdate | None) -> None:
        """Set the presence that a session's client asks for."""

    def plan_presence(self, session: Seat, presence: PresenceUpdate | None, settings: UserSettingsObject) -> None:
        """Note the presence with which a session begins: what its client asks for, or that of a person's settings."""

    def begin_presence(self, session: Seat) -> None:
        """Let the presence that was planned for a session count."""

    def lose(self, session: Seat) -> None:
        """Note that the session's socket is lost. Its presence counts for a while yet."""

    def regain(self, session: Seat) -> None:
        """Note that the session has a socket again."""

    def publish_presence(self, user_id: int, guild_ids: Iterable[int]) -> None:
        """Tell these guilds the user's presence: offline, when the user has no session."""

    def publish_unseen(self, user_id: int, at_ms: int) -> None:
        """Tell the other tiers since when others have seen a user as offline; nothing when they see the user now."""

    def part(self, session: Seat) -> None:
        """Note that the session's client has closed it. Its presence counts until another one of its user has one."""

    def leave(self, session: Seat) -> None:
        """Forget a session that has ended. It is still attached to its guilds, so that they are told."""


class Stay(Protocol):
    """One user's stay at one guild, through which sessions enter it (`gateway.guilds.guild_stay`)."""

    @property
    def guild_id(self) -> int: ...

    @property
    def user_id(self) -> int: ...

    @property
    def is_loaded(self) -> bool:
        """Whether loading has ended, successfully or not."""

    @property
    def is_member(self) -> bool:
        """Whether the user is a member now. A membership that is not settled yet counts as none."""

    @property
    def has_entered(self) -> bool:
        """Whether the session is in the guild already, and is told of it behind READY. So READY names it."""

    @property
    def is_late(self) -> bool:
        """Whether the guild's home does not answer now. The session enters it later (`GuildHomes.enter_later`)."""

    @property
    def holds_member(self) -> bool:
        """Whether the guild's events keep the membership up to date, for this stay."""

    @property
    def awaits_row(self) -> bool:
        """Whether the membership is held but not known: its row must be read and settled."""

    async def open(self) -> None:
        """Wait until the guild is loaded, and hold the membership. No error when there is no such guild.

        Raises:
            Unavailable: when the guild cannot be loaded.
        """

    def hold(self) -> None:
        """Let events keep the membership up to date from now on, if the guild is loaded. Safe to call twice."""

    def settle(self, row: Member | None) -> None:
        """Take the row of the membership that is awaited. An event that came after `hold` wins over it."""

    def close(self) -> None:
        """End the stay. Safe to call twice."""


class KnownMember(Protocol):
    """A member of a guild that is kept whole in memory."""

    @property
    def user_id(self) -> int: ...

    @property
    def raw(self) -> msgspec.Raw:
        """The object for clients, as JSON."""


class GuildHomes(Protocol):
    """The homes of guilds."""

    def stay(self, session: Seat, guild_id: int) -> Stay:
        """Begin a stay of the session's user at a guild, and load the guild if need be."""

    def catch_up(self) -> None:
        """Apply the events that wait, which may be older than what was just read from the store."""

    def show(self, user_id: int, stays: Iterable[Stay]) -> None:
        """Tell guilds the presence of a user who is about to enter, before the first user of a batch enters.

        Raises:
            Unavailable: when one of the guilds cannot be entered any more.
        """

    def enter(self, session: Seat, stay: Stay) -> None:
        """Let the session in when its user is a member. The guild is told the presence with a user's first session."""

    def enter_shown(self, session: Seat, stay: Stay) -> ShownGuild | None:
        """Let a person's session in as `enter` does. The guild is returned for READY, and no GUILD_CREATE is sent."""

    def go_live(self, session: Seat) -> None:
        """Let a session that has its READY, and has entered its guilds, have what happens in guilds elsewhere."""

    def enter_later(self, session: Seat, guild_ids: Sequence[int]) -> None:
        """Enter more guilds, which READY has named, one after the other."""

    def join(self, session: Seat, guild_id: int, *, is_news: bool) -> None:
        """Enter a guild that the session's user has joined. No message from now on is lost.

        `is_news`: the event that is being applied now tells of the join. Otherwise the user had joined before.
        """

    def note_gone(self, envelope: Envelope) -> None:
        """End the ways into a guild of a user who has left it (GUILD_MEMBER_REMOVE), or all when it is deleted."""

    def leave_all(self, session: Seat) -> None:
        """Leave every guild."""

    def subscribe(self, session: Seat, guild_id: int, asked: LazyGuilds | GuildSubscription) -> None:
        """Take a subscription of a session's client to a guild. No error when the session is not in it."""

    def list_members(self, guild_id: int) -> Collection[KnownMember] | None:
        """Return all members of a guild that is kept whole in memory. None: the store must be asked."""

    async def presences_of(self, guild_id: int, user_ids: Collection[int], *, viewer_id: int) -> list[msgspec.Raw]:
        """Return the presences of those of the users who are connected to the guild and not offline for the viewer."""


class HomePort(NamedTuple):
    """The homes, as the host reaches them."""

    users: UserHome
    guilds: GuildHomes
    sessions: SessionHomes
