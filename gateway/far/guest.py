"""A session of another worker, as the actors of guilds here see it: a seat without a track."""

import asyncio
from typing import Final

import msgspec
from typing_extensions import override

from core.domain.intents import Intent
from gateway.payloads.body import Body
from gateway.sessions.seat import FarHost, Seat
from gateway.sessions.session import SessionProfile

_CONTENT: Final = int(Intent.MESSAGE_CONTENT)


class Guest(Seat):
    """`number` is what its host calls the session."""

    __slots__ = ("_host", "_is_ended", "_profile", "_slots", "attempts", "number", "presence", "reading")

    def __init__(self, number: int, profile: SessionProfile, host: FarHost) -> None:
        self.number = number
        self._profile = profile
        self._host = host
        self.presence: msgspec.Raw | None = None
        """Its user's presence as its host knew it when it entered, None when offline."""
        self._slots: dict[int, int] = {}
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
    def profile(self) -> SessionProfile:
        return self._profile

    @property
    @override
    def id(self) -> str:
        return self._profile.session_id

    @property
    @override
    def user_id(self) -> int:
        return self._profile.user_id

    @property
    @override
    def intents(self) -> int:
        return self._profile.intents

    @property
    @override
    def sees_content(self) -> bool:
        return bool(self._profile.intents & _CONTENT)

    @property
    @override
    def slots(self) -> dict[int, int]:
        return self._slots

    @property
    @override
    def track(self) -> None:
        return None

    @property
    @override
    def host(self) -> FarHost:
        return self._host

    @property
    @override
    def is_ended(self) -> bool:
        return self._is_ended

    @property
    @override
    def wants_user_events(self) -> bool:
        return self._profile.shard_id == 0

    @override
    def wants_guild(self, guild_id: int) -> bool:
        return (guild_id >> 22) % self._profile.shard_count == self._profile.shard_id

    @override
    def note_moved(self) -> None:
        """Do nothing: its host keeps its record."""

    @override
    def note_changed(self) -> None:
        """Do nothing: its host keeps its record."""

    @override
    def dispatch(self, body: Body) -> None:
        self._host.tell(self, body)
