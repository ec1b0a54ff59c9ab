"""A seat without a socket: what actors are told about a session, from its profile and its host alone.

A session of another worker has one (`gateway.far.guest`), and so has the stand-in of a session in a guild of the past
(`gateway.guilds.shade`).
"""

from typing import Final

from typing_extensions import override

from core.domain.intents import Intent
from gateway.payloads.body import Body
from gateway.sessions.seat import FarHost, Seat
from gateway.sessions.session import SessionProfile

_CONTENT: Final = int(Intent.MESSAGE_CONTENT)


class FarSeat(Seat):
    """All of a seat but `presence` and `is_ended`. What is sent to it goes to its host."""

    __slots__ = ("_host", "_profile", "_slots")

    def __init__(self, profile: SessionProfile, host: FarHost) -> None:
        self._profile = profile
        self._host = host
        self._slots: dict[int, int] = {}

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
    def wants_user_events(self) -> bool:
        return self._profile.shard_id == 0

    @override
    def wants_guild(self, guild_id: int) -> bool:
        return (guild_id >> 22) % self._profile.shard_count == self._profile.shard_id

    @override
    def note_moved(self) -> None:
        """Do nothing: whoever has the session keeps its record."""

    @override
    def note_changed(self) -> None:
        """Do nothing: whoever has the session keeps its record."""

    @override
    def dispatch(self, body: Body) -> None:
        self._host.tell(self, body)
