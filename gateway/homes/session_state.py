"""The border between the journal of sessions and the homes: what is kept of a session, and what becomes of it later.

```
 a live session ─ describe ─→ SessionState ─ kept with the session's profile, and cut by cut its `seq` and positions
                                   │
                          the process ends, another one begins, the client resumes
                                   ↓
 a Session of the same profile, numbered on from the client's `seq`, reserved in the session table
                 ─ restore ─→ it is in all its guilds again and has been sent what it missed; or a RestoreRefusal
```

A state goes with a cut: the positions up to which the session has been dispatched everything. It must name each guild
that the session was in at the cut, and may name guilds that it has left or entered between the cut and the state, for
then the log shows the change and the resume is refused. Guilds that are in no state are lost silently, so a guild
must not leave the state before a cut that is newer than the leaving.
"""

import enum
from collections.abc import Mapping
from typing import Protocol

import msgspec

from gateway.sessions.seat import Seat
from gateway.sessions.session_guild import SessionGuild
from gateway.users.presence import Presence


class SessionState(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """What the homes know of a session, beside its profile. All of it can be encoded by msgspec."""

    guilds: tuple[SessionGuild, ...] = ()
    """The guilds that it has entered, of which it was sent GUILD_CREATE."""
    arriving: tuple[int, ...] = ()
    """The guilds that it was on its way into. It enters them after the resume, and gets GUILD_CREATE then."""
    presence: Presence = Presence()
    """The presence that its client has set."""


class RestoreRefusal(enum.StrEnum):
    """The reason why a session cannot be restored exactly. Its client gets op 9; the value is a metric's label."""

    AHEAD = "ahead"
    """The positions lie beyond the end of the log, which is another or an older one."""
    TRIMMED = "trimmed"
    """The log does not reach back to the positions."""
    BEHIND = "behind"
    """More has happened since than is replayed."""
    VIEWS = "views"
    """What its user may see has changed since, or may have."""
    JOINED = "joined"
    """Its user has joined a guild since."""
    LEFT = "left"
    """Its user has left a guild since, or the guild was deleted."""
    ELSEWHERE = "elsewhere"
    """A guild that it was in is at another worker, where it could not be let in again without a gap."""
    REVOKED = "revoked"
    """Its auth session has ended."""
    ENDED = "ended"
    """It was ended while it was restored: by its client, or to make room for another session."""
    UNAVAILABLE = "unavailable"
    """The store or the log could not be read."""


class SessionHomes(Protocol):
    """The homes of guilds and users, as the journal and the resume use them."""

    def describe(self, session: Seat) -> SessionState:
        """Return what the homes know of a session that is READY. Synchronous, so that a cut can be of one moment."""

    def positions(self) -> Mapping[int, int]:
        """Return the position of each shard up to which everything has been dispatched to the sessions here.

        Where events of users are further, their position has the key `gateway.events.log_progress.of_users`. Where a
        session of the journal is behind, its own has the key `gateway.events.session_positions.of_session`.
        """

    async def restore(self, session: Seat, state: SessionState, positions: Mapping[int, int]) -> RestoreRefusal | None:
        """Bring a session back into its guilds and to its user, and dispatch to it what it missed after `positions`.

        The session is reserved in the session table, and may have its connection already: dispatches then leave at
        once, however many they are. From the return on it is live, if it was not refused. A refused session has been
        dispatched nothing, and has no place in any guild; the caller ends it.
        """
