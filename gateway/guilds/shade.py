"""A shade: the seat of a session in a guild of the past, which keeps what the session would have been sent there.

It sits as the sessions of other workers do (`gateway.sessions.seat.FarHost`), so the actor needs to know nothing of it.
"""

from collections.abc import Collection
from typing import Final

from typing_extensions import override

from core.domain.intents import Intent
from gateway.payloads.body import Body
from gateway.payloads.dispatch_body import DispatchBody
from gateway.sessions.fanout import MessageVariants
from gateway.sessions.seat import FarHost, Seat
from gateway.sessions.session import SessionProfile

_CONTENT: Final = int(Intent.MESSAGE_CONTENT)


class Shade(Seat):
    """A seat of the same profile."""

    __slots__ = ("_host", "_profile", "_slots")

    def __init__(self, profile: SessionProfile) -> None:
        self._profile = profile
        self._slots: dict[int, int] = {}
        self._host = _Kept(self)

    def take(self) -> list[DispatchBody]:
        """Return what it was sent since the last call, in its order."""
        kept, self._host.bodies = self._host.bodies, []
        return kept

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
    def presence(self) -> None:
        return None

    @property
    @override
    def is_ended(self) -> bool:
        return False

    @property
    @override
    def wants_user_events(self) -> bool:
        return False

    @override
    def wants_guild(self, guild_id: int) -> bool:
        return True

    @override
    def note_moved(self) -> None:
        """Do nothing: a shade has no record."""

    @override
    def note_changed(self) -> None:
        """Do nothing: a shade has no record."""

    @override
    def dispatch(self, body: Body) -> None:
        """Do nothing: a guild of the past sends nobody anything of its own, such as GUILD_CREATE."""


class _Kept(FarHost):
    """The host of one shade."""

    __slots__ = ("_shade", "bodies")

    def __init__(self, shade: Shade) -> None:
        self._shade = shade
        self.bodies: list[DispatchBody] = []

    @property
    @override
    def owner(self) -> int:
        return 1

    @override
    def seat(self, guild_id: int, slot: int, session: Seat) -> None:
        """Do nothing: there is one seat."""

    @override
    def release(self, guild_id: int, slot: int, session: Seat) -> None:
        """Do nothing: there is one seat."""

    @override
    def tell(self, session: Seat, body: Body) -> None:
        """Do nothing, as `Shade.dispatch`."""

    @override
    def send(self, guild_id: int, event: str, payload: bytes, words: bytes) -> None:
        self.bodies.append(DispatchBody(event, payload))

    @override
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
        variants = MessageVariants(DispatchBody(event, payload), author_id=author_id, mention_ids=mention_ids)
        self.bodies.append(variants.variant_for(self._shade))
