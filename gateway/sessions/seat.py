"""A session as actors see it: whose it is, what it asked for, and the way by which events go to it.

Actors of guilds and users know sessions by this alone. They never read a connection, a sequence number or a replay
ring, so a seat may also stand for a session whose socket is somewhere else. Such a seat names its *far host*, the
worker with the session, to which an event for many of its sessions goes once: with the words of slots that belong to it
(`core_ext.guild.SlotSet.gather`), which it delivers by (`gateway.sessions.far_guild`).
"""

from collections.abc import Collection
from typing import Protocol

from msgspec import Raw

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
    def host(self) -> "FarHost | None":
        """The worker that has the session, None when that is this process. It never changes."""

    @property
    def presence(self) -> Raw | None:
        """What a far host knows of the user's presence, as in GUILD_CREATE. None here: the user's actor knows it."""

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


class FarHost(Protocol):
    """A worker elsewhere with sessions that sit in guilds here, as the guilds see it.

    Everything arrives there in the order of these calls, and in the order of its seats' dispatches: a slot that was
    released may belong to another session in the next call. The methods neither wait nor call back.

    A slot is a *far slot*, the number that the worker knows it by in this guild (`core_ext.guild.ViewIndex`), and the
    k-th of some words has the slots from 64 * k on. Words are 8 bytes each, little-endian; those at the end that are
    zero are left out.
    """

    @property
    def owner(self) -> int:
        """The number by which words belong to it, in 1..65535. No other worker has it while a seat is left."""

    def seat(self, guild_id: int, slot: int, session: Seat) -> None:
        """Tell that a session has got a slot in a guild."""

    def release(self, guild_id: int, slot: int, session: Seat) -> None:
        """Tell that a session has lost its slot in a guild."""

    def tell(self, session: Seat, body: Body) -> None:
        """Dispatch an event to one session."""

    def send(self, guild_id: int, event: str, payload: bytes, words: bytes) -> None:
        """Dispatch an event to the sessions in these words, of which one is not zero."""

    def send_message(
        self,
        guild_id: int,
        event: str,
        payload: bytes,
        words: bytes,
        *,
        author_id: int,
        mention_ids: Collection[int],
    ) -> None:
        """Dispatch a message event, of which the worker makes the variants that its sessions may see."""
