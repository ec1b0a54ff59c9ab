"""A session of another worker, as the actors of guilds here see it: a seat without a track."""

import asyncio

import msgspec
from typing_extensions import override

from gateway.sessions.far_seat import FarSeat
from gateway.sessions.seat import FarHost
from gateway.sessions.session import SessionProfile


class Guest(FarSeat):
    """`number` is what its host calls the session."""

    __slots__ = ("_is_ended", "attempts", "number", "presence", "reading")

    def __init__(self, number: int, profile: SessionProfile, host: FarHost) -> None:
        super().__init__(profile, host)
        self.number = number
        self.presence: msgspec.Raw | None = None
        """Its user's presence as its host knew it when it entered, None when offline."""
        self._is_ended = False
        self.reading = asyncio.Lock()
        """Held while its user's relationships are read."""
        self.attempts: dict[int, int] = {}
        """The newest attempt to enter each guild that its host wants it to be in. It may be on its way."""

    def end(self) -> None:
        """Note that the session has ended."""
        self._is_ended = True
        self.attempts.clear()

    @property
    @override
    def is_ended(self) -> bool:
        return self._is_ended
