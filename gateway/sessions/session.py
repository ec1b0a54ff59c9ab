"""A session: what outlives a lost socket. It numbers dispatches, remembers them for a resume, and passes them on.

A session is attached to its user's actor and to the actors of its guilds, which call `dispatch`. It is made by identify,
handed a new connection by resume, and ended by `gateway.sessions.session_table`, which also says when a detached one is too old.
"""

from typing import Final

import msgspec

from core.domain.intents import Intent
from core_ext.delivery import Track
from gateway.payloads.spliced_body import Body
from gateway.sessions.connection import Connection

_CONTENT: Final = int(Intent.MESSAGE_CONTENT)


class SessionProfile(msgspec.Struct, kw_only=True, frozen=True, gc=False):
    """What identify found out and what never changes afterwards."""

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
    """desktop, mobile or web: where PRESENCE_UPDATE's `client_status` shows the session."""
    os: str = ""


class Session:
    """See the module."""

    __slots__ = ("_connection", "intents", "is_ended", "profile", "sees_content", "slots", "track", "user_id")

    def __init__(self, profile: SessionProfile, *, replay_events: int, replay_bytes: int) -> None:
        """It remembers so many events, and so many bytes of them."""
        self.profile = profile
        self.user_id = profile.user_id
        self.intents = profile.intents
        self.sees_content = bool(profile.intents & _CONTENT)
        self.track: Final = Track(max_events=replay_events, max_bytes=replay_bytes)
        """Its dispatches: their numbers, the memory for a resume, and what is still to be sent."""
        self._connection: Connection | None = None
        self.slots: dict[int, int] = {}
        """Guild id → the slot that the guild's actor gave; written by guild actors alone."""
        self.is_ended = False

    @property
    def connection(self) -> Connection | None:
        """None while detached. Setting it ends the old one's part: what was dispatched before still goes there."""
        return self._connection

    @connection.setter
    def connection(self, connection: Connection | None) -> None:
        self._connection = connection
        self.track.attach(None if connection is None else connection.outlet)

    @property
    def id(self) -> str:
        """What clients call it."""
        return self.profile.session_id

    @property
    def seq(self) -> int:
        """Of the newest dispatch."""
        return self.track.seq

    def wants_guild(self, guild_id: int) -> bool:
        """Whether the guild belongs to the session's client shard."""
        return (guild_id >> 22) % self.profile.shard_count == self.profile.shard_id

    @property
    def wants_user_events(self) -> bool:
        """Whether events without a guild come here: client shard 0 gets them."""
        return self.profile.shard_id == 0

    def dispatch(self, body: Body) -> None:
        """Number an event, remember it and send it, when there is a connection: at the end of the loop's turn."""
        self.track.push(body)

    def can_resume_after(self, seq: int) -> bool:
        """Whether everything after `seq` is still remembered."""
        return self.track.has_all_after(seq)

    def replay(self, seq: int) -> None:
        """Send what came after `seq` once more, all of which must be remembered."""
        self.track.replay_after(seq)
