"""Calls: voice in a direct channel or a group, from the first who joins or rings to the last who leaves. Pure.

Who is in a call has a voice state of no guild. Who is rung has none, and stops being rung by joining, by refusing, or
when the time is over.
"""

from collections.abc import Collection
from typing import Final

import msgspec

from core.domain.channels.peering import Peering

RING_MS: Final = 45_000
"""How long somebody is rung: long enough to take a phone out of a pocket."""


class Ring(msgspec.Struct, frozen=True, array_like=True):
    """Somebody who is rung."""

    user_id: int
    until_ms: int


class Call(msgspec.Struct, kw_only=True, frozen=True):
    """The call of a channel."""

    channel_id: int
    starter_id: int
    message_id: int = 0
    """The message that tells of the call, 0 until it is written: nobody has heard of the call then."""
    participant_ids: tuple[int, ...] = ()
    """Those who have been in it, in the order in which they first came."""
    rings: tuple[Ring, ...] = ()
    region: str | None = None
    """The region that its people have chosen for it, None for any."""
    peering: Peering | None = None
    """Those who agree to talk from client to client, None when nobody does."""
    next_end_ms: int = 0
    """When the first of the rings, or the time of a round of peers, is over; 0 when nothing is to end.

    Of a call that is over, when it ended.
    """
    ended_ms: int = 0
    """When the last one has left, 0 while the call lasts. The row stays until the message says so."""

    @property
    def ringing(self) -> tuple[int, ...]:
        """Those who are rung."""
        return tuple(ring.user_id for ring in self.rings)

    def with_rings(self, user_ids: Collection[int], *, until_ms: int) -> "Call":
        """Return the call that rings these too, until then."""
        others = [ring for ring in self.rings if ring.user_id not in user_ids]
        return self._with((*others, *(Ring(user_id, until_ms) for user_id in sorted(user_ids))), self.peering)

    def without_rings(self, user_ids: Collection[int]) -> "Call":
        """Return the call that does not ring these."""
        return self._with(tuple(ring for ring in self.rings if ring.user_id not in user_ids), self.peering)

    def without_old_rings(self, now_ms: int) -> "Call":
        """Return the call that does not ring those whose time is over."""
        return self._with(tuple(ring for ring in self.rings if ring.until_ms > now_ms), self.peering)

    def with_participant(self, user_id: int) -> "Call":
        """Return the call that this user is in, and is not rung for."""
        rung_no_more = self.without_rings([user_id])
        if user_id in self.participant_ids:
            return rung_no_more
        return msgspec.structs.replace(rung_no_more, participant_ids=(*self.participant_ids, user_id))

    def with_peering(self, peering: Peering | None) -> "Call":
        """Return the call in which these agree to talk from client to client."""
        return self._with(self.rings, peering)

    def end(self, now_ms: int) -> "Call":
        """Return the call that is over."""
        return msgspec.structs.replace(self, rings=(), peering=None, ended_ms=now_ms, next_end_ms=now_ms)

    def _with(self, rings: tuple[Ring, ...], peering: Peering | None) -> "Call":
        ends_ms = [ring.until_ms for ring in rings]
        if peering is not None and peering.until_ms:
            ends_ms.append(peering.until_ms)
        return msgspec.structs.replace(self, rings=rings, peering=peering, next_end_ms=min(ends_ms, default=0))
