"""A session of a user as other workers know it, and all that one of them knows of those elsewhere. Pure."""

from typing import Final

import msgspec

from core.wire.objects.people.session import SessionClient, SessionObject
from gateway.users.presence import Presence


class OtherSession(msgspec.Struct, kw_only=True, frozen=True, array_like=True):
    """What is told of a session."""

    session_id: str
    platform: str
    os: str
    began_ms: int
    """The time of its login by its worker's clock, Unix milliseconds."""
    presence: Presence
    is_present: bool
    """Whether its presence counts."""
    has_parted: bool
    """Whether its client has closed it."""
    is_ready: bool
    """Whether it has its READY."""
    is_lost: bool
    """Whether it has no socket."""

    @property
    def counts(self) -> bool:
        """Whether its user's clients are shown it."""
        return self.is_present and not self.has_parted

    def render(self) -> SessionObject:
        """Return it as its user's own clients are shown it."""
        return SessionObject(
            session_id=self.session_id,
            status=self.presence.status,
            activities=self.presence.activities,
            client_info=SessionClient(client=self.platform, os=self.os),
            active=not self.presence.afk,
        )


class Elsewhere:
    """What is known of one user's sessions at other workers. `guild_ids` are theirs, known at the user's home alone."""

    __slots__ = ("guild_ids", "is_ready", "present", "sessions")

    def __init__(self, sessions: tuple[OtherSession, ...], guild_ids: frozenset[int] = frozenset()) -> None:
        self.sessions: Final = sessions
        self.guild_ids: Final = guild_ids
        self.present: Final = sum(each.is_present for each in sessions)
        self.is_ready: Final = all(each.is_ready for each in sessions)
        """Whether none of them is on its way to READY."""


NOWHERE: Final = Elsewhere(())
