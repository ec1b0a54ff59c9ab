"""A session, which outlives a lost socket. It numbers dispatches, remembers them for a resume, and passes them on.

A session is attached to its user's actor and to the actors of its guilds, which call `dispatch`. Identify makes it,
resume gives it a new connection, and `gateway.sessions.session_table` ends it, also when it has been detached for too
long.
"""

from typing import Final, Protocol

import msgspec

from core.domain.intents import Intent
from core_ext.delivery import Track
from gateway.payloads.body import Body
from gateway.sessions.connection import Connection

_CONTENT: Final = int(Intent.MESSAGE_CONTENT)


class SessionProfile(msgspec.Struct, kw_only=True, frozen=True, gc=False, array_like=True):
    """The facts of an Identify, which never change afterwards. Encoded without the names of fields: there are many."""

    session_id: str
    user_id: int
    is_bot: bool
    auth_session_id: int
    token_hash: bytes
    intents: int
    shard_id: int = 0
    shard_count: int = 1
    large_threshold: int = 50
    platform: str = "desktop"
    """The platform in PRESENCE_UPDATE's `client_status`: desktop, mobile or web."""
    os: str = ""
    capabilities: int = 0
    """The bits of `core.wire.capabilities`, 0 for bots."""


class Follower(Protocol):
    """The keeper of sessions' records."""

    def note(self, session: "Session", *, has_moved: bool) -> None:
        """Note that the record is out of date, and whether the session has moved among its guilds."""


class Session:
    __slots__ = (
        "_connection",
        "follower",
        "intents",
        "is_claimed",
        "is_ended",
        "place",
        "profile",
        "sees_content",
        "slots",
        "track",
        "user_id",
    )

    def __init__(self, profile: SessionProfile, *, replay_events: int, replay_bytes: int, seq: int = 0) -> None:
        """The replay ring holds at most `replay_events` events and `replay_bytes` bytes.

        A session of an earlier process goes on behind the dispatch `seq`, and remembers none up to there.
        """
        self.profile = profile
        self.user_id = profile.user_id
        self.intents = profile.intents
        self.sees_content = bool(profile.intents & _CONTENT)
        self.track: Final = Track(max_events=replay_events, max_bytes=replay_bytes, seq=seq)
        """The dispatches: their numbers, the replay ring, and those that are still to be sent."""
        self._connection: Connection | None = None
        self.slots: dict[int, int] = {}
        """The session's slot in each guild, keyed by guild id. Written by the actor of the guild, or by what stands for
        it here (`gateway.sessions.far_guild`)."""
        self.is_ended = False
        self.is_claimed = False
        """Whether another worker has the session now, so that its end here is no end."""
        self.place = -1
        """The session's place in the journal, -1 while it has none. Written by the journal's writer alone."""
        self.follower: Follower | None = None
        """The keeper of its record, once it is READY. Written by the journal's writer alone."""

    @property
    def connection(self) -> Connection | None:
        """The connection, None while detached. Earlier dispatches still go to the connection before."""
        return self._connection

    @connection.setter
    def connection(self, connection: Connection | None) -> None:
        self._connection = connection
        self.track.attach(None if connection is None else connection.outlet)

    @property
    def id(self) -> str:
        """The session id that clients use."""
        return self.profile.session_id

    @property
    def host(self) -> None:
        """None: the session is in this process."""

    @property
    def presence(self) -> None:
        """None: the user's actor knows it."""

    @property
    def seq(self) -> int:
        """The sequence number of the newest dispatch."""
        return self.track.seq

    def wants_guild(self, guild_id: int) -> bool:
        """Return whether the guild belongs to the session's client shard."""
        return (guild_id >> 22) % self.profile.shard_count == self.profile.shard_id

    @property
    def wants_user_events(self) -> bool:
        """Whether events without a guild come here: client shard 0 gets them."""
        return self.profile.shard_id == 0

    def note_moved(self) -> None:
        """Note that it has entered a guild, left one, or is on its way into one."""
        if self.follower is not None:
            self.follower.note(self, has_moved=True)

    def note_changed(self) -> None:
        """Note that its client has set a presence or a subscription, or that its socket is another or lost."""
        if self.follower is not None:
            self.follower.note(self, has_moved=False)

    def dispatch(self, body: Body) -> None:
        """Number an event and remember it. It is sent in the next turn of the loop, when there is a connection."""
        self.track.push(body)

    def can_resume_after(self, seq: int) -> bool:
        """Return whether all dispatches after `seq` are still remembered."""
        return self.track.has_all_after(seq)

    def replay(self, seq: int) -> None:
        """Send the dispatches after `seq` once more. All of them must be remembered."""
        self.track.replay_after(seq)
