"""The doors of the one process that all messages pass.

Opening counts and decides in one turn of the loop, and makes the id last. A caller that gives the message to the store
before it awaits anything has its place in the store's order in the same turn, so messages are stored and told in the
order of their ids, whatever else happens. Only a repeat of a nonce waits, and it waits before all that.
"""

from collections.abc import Callable
from types import TracebackType

from core.bus.interfaces import Bus
from core.domain.errors import StaleRights
from core.door.interfaces import Claim, Opening, Permit
from core.door.memory_limits import MemoryMessageLimits
from core.door.memory_nonces import MemoryNonces, NonceKey
from core.door.rights import RightsChanges
from core.door.rules import MessageRules
from core.live.interfaces import Standing
from core.live.limits import MemoryRateLimiter
from core.live.refusals import Refusals
from core.runtime.clock import Clock


class MemoryDoor:
    """The `Door` of a process of its own."""

    __slots__ = ("_limits", "_make_id", "_nonces", "_rights")

    def __init__(
        self,
        *,
        make_id: Callable[[], int],
        bus: Bus,
        limiter: MemoryRateLimiter,
        rules: MessageRules | None,
        refusals: Refusals,
        clock: Clock,
    ) -> None:
        """`make_id` gives a snowflake greater than all before. `rules` is None when limits are off."""
        self._make_id = make_id
        self._limits = MemoryMessageLimits(limiter=limiter, rules=rules, refusals=refusals, clock=clock)
        self._nonces = MemoryNonces(clock=clock)
        self._rights = RightsChanges(bus=bus)

    def mark(self) -> int:
        """See `Door`."""
        return self._rights.mark

    def open(self, opening: Opening) -> "_Passage":
        """See `Door`."""
        return _Passage(self._nonces, self._admit, self._limits, opening)

    async def confirm(self, claim: Claim) -> None:
        """See `Door`. Nothing is awaited, so the caller goes on in the same turn."""
        if self._rights.are_stale(claim):
            raise StaleRights

    async def look(self, author_id: int, channel_id: int) -> Standing | None:
        """See `Door`."""
        return self._limits.look(author_id, channel_id)

    def set_rules(self, rules: MessageRules | None) -> None:
        """See `Door`."""
        self._limits.set_rules(rules)

    def _admit(self, opening: Opening) -> Permit:
        """Count the message, and make its id. Raises StaleRights, SlowMode, RateLimited."""
        if self._rights.are_stale(opening):
            raise StaleRights
        standing = self._limits.take(opening)
        return Permit(self._make_id(), standing=standing)


class _Passage:
    """The context of one opening, which is entered once."""

    __slots__ = ("_admit", "_key", "_limits", "_nonces", "_opening", "_permit")

    def __init__(
        self,
        nonces: MemoryNonces,
        admit: Callable[[Opening], Permit],
        limits: MemoryMessageLimits,
        opening: Opening,
    ) -> None:
        self._nonces = nonces
        self._admit = admit
        self._limits = limits
        self._opening = opening
        self._key: NonceKey | None = None
        """The nonce that this message has been given."""

    async def __aenter__(self) -> Permit:
        opening = self._opening
        if opening.nonce is None:
            return self._admit(opening)
        key = (opening.author_id, opening.channel_id, opening.nonce)
        first_id = await self._nonces.find_first(key)
        if first_id:
            standing = self._limits.look(opening.author_id, opening.channel_id) if opening.is_limited else None
            return Permit(first_id, is_repeat=True, standing=standing)
        # From here to the caller nothing is awaited.
        self._permit = self._admit(opening)
        self._nonces.begin(key)
        self._key = key
        return self._permit

    async def __aexit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._key is not None:
            permit = self._permit
            self._nonces.end(self._key, 0 if error_type is not None else permit.first_id or permit.id)
