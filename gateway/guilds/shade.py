"""A shade: the seat of a session in a guild of the past, which keeps what the session would have been sent there.

It sits as the sessions of other workers do (`gateway.sessions.seat.FarHost`), so the actor needs to know nothing of it.
"""

from collections.abc import Collection

from typing_extensions import override

from gateway.payloads.body import Body
from gateway.payloads.dispatch_body import DispatchBody
from gateway.sessions.fanout import MessageVariants
from gateway.sessions.far_seat import FarSeat
from gateway.sessions.seat import FarHost, Seat
from gateway.sessions.session import SessionProfile


class Shade(FarSeat):
    """A seat of the same profile."""

    __slots__ = ("_kept",)

    def __init__(self, profile: SessionProfile) -> None:
        self._kept = _Kept(self)
        super().__init__(profile, self._kept)

    def take(self) -> list[DispatchBody]:
        """Return what it was sent since the last call, in its order."""
        bodies, self._kept.bodies = self._kept.bodies, []
        return bodies

    @property
    @override
    def presence(self) -> None:
        return None

    @property
    @override
    def is_ended(self) -> bool:
        return False


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
        """Do nothing: a guild of the past sends nobody anything of its own, such as GUILD_CREATE."""

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
