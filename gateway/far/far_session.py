"""A session of this worker, as far as it is a guest at others.

```
 on its way to READY: what homes send is held ─→ READY ─→ `go_live`: what was held follows ─→ live: everything goes on
```
"""

from typing import Final

from core_ext.delivery import Track
from gateway.far.far_stay import FarStay
from gateway.sessions.session import Session
from gateway.sessions.session_guild import SessionGuild

_HELD_EVENTS: Final = 100_000
_HELD_BYTES: Final = 1 << 26
"""A login takes milliseconds. What comes for it in that time is far less, and is not held for longer than it lasts."""


class Move:
    """A session's way to another home of a guild. `after` is the position of the guild's shard that it has."""

    __slots__ = ("after",)

    def __init__(self, after: int) -> None:
        self.after: Final = after


class FarSession:
    """`number` names the session in frames. Written by `gateway.far.far_guilds` and its tables alone."""

    __slots__ = ("attempts", "gone", "guilds", "held", "moving", "muted_by", "number", "session", "stays")

    def __init__(self, number: int, session: Session, *, is_live: bool) -> None:
        self.number = number
        self.attempts = 0
        """The attempts to enter guilds so far."""
        self.session = session
        self.guilds: dict[int, SessionGuild] = {}
        """What a record keeps of each guild that it has entered."""
        self.stays: dict[int, FarStay] = {}
        """Its ways into guilds."""
        self.gone: set[int] = set()
        """The guilds in which it sits, but which its user has left: their homes have yet to say so."""
        self.moving: dict[int, Move] = {}
        """The guilds of `guilds` in which it does not sit, because it moves to another home of them."""
        self.muted_by = ""
        """The home that is telling it how it enters a guild which it does not want any more."""
        self.held = None if is_live else Track(max_events=_HELD_EVENTS, max_bytes=_HELD_BYTES)
        """What came before READY, None once it is live."""

    @property
    def track(self) -> Track:
        """The track that events for the session are pushed to."""
        return self.session.track if self.held is None else self.held

    def go_live(self) -> None:
        """Send what was held. Its session has its READY and all that goes before. Safe to call twice."""
        held, self.held = self.held, None
        if held is not None:
            for _, body in held.after(0):
                self.session.track.push(body)
