"""A session as actors see it: whose it is, what it asked for, and the way by which events go to it.

Actors of guilds and users know sessions by this alone. They never read a connection, a sequence number or a replay
ring, so a seat may also stand for a session whose socket is somewhere else.
"""

from typing import Protocol

from core_ext.delivery import Track
from gateway.payloads.body import Body
from gateway.sessions.session import SessionProfile


class Seat(Protocol):
    """`gateway.sessions.session.Session` is one."""

    @property
    def profile(self) -> SessionProfile:
        """The facts of its Identify."""

    @property
    def id(self) -> str:
        """The session id."""

    @property
    def user_id(self) -> int: ...

    @property
    def intents(self) -> int:
        """The bits of its intents."""

    @property
    def sees_content(self) -> bool:
        """Whether it has the intent for the content of messages."""

    @property
    def slots(self) -> dict[int, int]:
        """The session's slot in each guild, keyed by guild id. Written by guild actors alone."""

    @property
    def track(self) -> Track | None:
        """The track that a fan-out pushes to. A session that is not in this process has none."""

    @property
    def is_ended(self) -> bool:
        """Whether the session has ended, so that nothing may be sent to it any more."""

    @property
    def wants_user_events(self) -> bool:
        """Whether events without a guild come here: client shard 0 gets them."""

    def wants_guild(self, guild_id: int) -> bool:
        """Return whether the guild belongs to the session's client shard."""

    def note_moved(self) -> None:
        """Note that it has entered a guild, left one, or is on its way into one: its record is out of date."""

    def note_changed(self) -> None:
        """Note that its presence is another one: its record is out of date."""

    def dispatch(self, body: Body) -> None:
        """Send an event to this session alone."""
