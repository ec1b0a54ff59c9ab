"""The place of a session at its user's actor."""

from core.wire.envelope import Envelope
from gateway.sessions.seat import Seat
from gateway.users.other_session import OtherSession
from gateway.users.presence import Presence


class Place:
    """One session's place. `held` is a list until READY is sent. The presence counts while `is_present`.

    `has_parted` says that its client has closed it: nothing is sent any more, and the user's others do not see it.
    `began_ms` is the time of its login, which orders the sessions of several workers, and 0 where there is one.
    `is_lost` says that the session has no socket. Written by the actor alone.
    """

    __slots__ = ("began_ms", "has_parted", "held", "is_lost", "is_present", "presence", "session")

    def __init__(self, session: Seat, began_ms: int) -> None:
        self.session = session
        self.began_ms = began_ms
        self.is_lost = False
        self.held: list[Envelope] | None = []
        self.presence = Presence()
        self.is_present = False
        self.has_parted = False


def describe_place(place: Place) -> OtherSession:
    """Return a session as other workers know it."""
    profile = place.session.profile
    return OtherSession(
        session_id=profile.session_id,
        platform=profile.platform,
        os=profile.os,
        began_ms=place.began_ms,
        presence=place.presence,
        is_present=place.is_present,
        has_parted=place.has_parted,
        is_ready=place.held is None,
        is_lost=place.is_lost,
    )
