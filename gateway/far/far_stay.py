"""A session's way into a guild whose home is at another worker.

```
 open ─ Enter ─→ (the home seats the session) ─ Arrived ─→ entered in the turn of READY
                                               └ Refused ─→ not a member, or late
                 no answer for ANSWER_S ─────────────────→ late: it is unavailable in READY, and comes later
```
"""

import asyncio
from collections.abc import Callable
from typing import Final

import msgspec
from typing_extensions import override

from core.domain.guilds.member import Member
from gateway.far.frames import Arrived
from gateway.homes.home_port import Stay
from gateway.sessions.session_guild import SessionGuild

ANSWER_S: Final = 3.0
"""The time that a home has for an answer. A load takes milliseconds; another worker takes over within some seconds."""


class Purpose(msgspec.Struct, kw_only=True, frozen=True):
    """Why a session wants to enter a guild: a login, unless the fields say something else."""

    is_new: bool = False
    """Its user has joined."""
    after: int = 0
    """The position of the guild's shard from which it is told what has happened, for who has joined or comes back."""
    back: SessionGuild | None = None
    """How it was in the guild before, for who comes back."""


LOGIN: Final = Purpose()


class FarStay(Stay):
    """`ask` sends Enter, and returns whether there is anybody to ask. `end` is called when the stay is closed."""

    __slots__ = (
        "_answered", "_ask", "_end", "_guild_id", "_is_closed", "_is_late", "_user_id", "arrived", "attempt", "home",
        "is_lost", "purpose",
    )  # fmt: skip

    def __init__(
        self,
        guild_id: int,
        user_id: int,
        *,
        attempt: int,
        purpose: Purpose,
        ask: Callable[["FarStay"], bool],
        end: Callable[["FarStay"], None],
    ) -> None:
        self._guild_id = guild_id
        self.attempt: Final = attempt
        self.purpose: Final = purpose
        self.home = ""
        """The worker that was asked."""
        self._user_id = user_id
        self._ask = ask
        self._end = end
        self._answered = asyncio.Event()
        self._is_closed = False
        self.arrived: Arrived | None = None
        """The answer, when the session is in the guild."""
        self.is_lost = False
        """Whether the home that had let the session in is gone, with what was under way from it."""
        self._is_late = False

    @property
    @override
    def guild_id(self) -> int:
        return self._guild_id

    @property
    @override
    def user_id(self) -> int:
        return self._user_id

    @property
    @override
    def is_loaded(self) -> bool:
        return self._answered.is_set()

    @property
    @override
    def is_member(self) -> bool:
        return self.arrived is not None

    @property
    @override
    def holds_member(self) -> bool:
        return self.is_loaded

    @property
    @override
    def awaits_row(self) -> bool:
        return False

    @property
    @override
    def has_entered(self) -> bool:
        return self.arrived is not None

    @property
    @override
    def is_late(self) -> bool:
        return self._is_late

    @override
    async def open(self) -> None:
        """Ask the home, unless that was done, and wait for its answer. A home that does not answer makes it late."""
        if not self.is_loaded and not self._ask(self):
            self.refuse(is_late=True)
        try:
            async with asyncio.timeout(ANSWER_S):
                await self._answered.wait()
        except TimeoutError:
            self.refuse(is_late=True)

    def arrive(self, arrived: Arrived) -> None:
        """Take the answer of a home in which the session is seated."""
        if not self.is_loaded:
            self.arrived = arrived
            self._answered.set()

    def refuse(self, *, is_late: bool) -> None:
        """Note that the session cannot enter, or not yet."""
        self.arrived, self._is_late = None, is_late
        self._answered.set()

    @override
    def hold(self) -> None:
        """Do nothing: the home keeps the membership up to date."""

    @override
    def settle(self, row: Member | None) -> None:
        """Do nothing: the home has read the row."""

    @override
    def close(self) -> None:
        if not self._is_closed:
            self._is_closed = True
            self._end(self)
