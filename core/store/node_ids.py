"""A process's source of snowflakes: a leased node number, whose floor it keeps ahead of its ids.

```
 ids made so far        now           floor
 ───────────────────────┼──────────────┼──→ time         each minute the floor is written anew, ten minutes ahead
 at or below the floor  │  allowed     │ refused
```

When the database is away for longer than that, making ids fails until it is back. When the clock jumps ahead, the floor
is written at once. When the number has been leased to another process, because this one stood still for long, another
number is leased; ids go on rising.
"""

import asyncio
import contextlib
import logging
from typing import Final

import msgspec

from core.domain.errors import Unavailable
from core.domain.ids import created_ms, snowflake_at
from core.runtime.clock import Clock
from core.store.aggregates.node_numbers import LeasedNumber, NodeNumbers
from core_ext.ids import SnowflakeGenerator

logger = logging.getLogger(__name__)

LEAD_MS: Final = 600_000
"""The lead of the floor before the clock: the time for which the database may be away."""
RENEWAL_S: Final = 60.0
"""The time between renewals: a tenth of the lead, so that some may fail."""
_RETRY_S: Final = 1.0
"""The pause after a failed renewal, so that callers who ask for ids do not make a storm of them."""
_PROCESS_BITS: Final = 5


class NodeIds:
    """The ids of one leased number. `run` renews the lease, `close` ends it."""

    __slots__ = ("_clock", "_generator", "_is_closed", "_largest", "_last", "_leased", "_numbers", "_wants_renewal")

    def __init__(self, *, numbers: NodeNumbers, clock: Clock, leased: LeasedNumber, after: int) -> None:
        """Use `open`. `after`: no id at or below it is made."""
        self._numbers = numbers
        self._clock = clock
        self._last = after
        self._is_closed = False
        self._wants_renewal = asyncio.Event()
        self._take(leased)

    @classmethod
    async def open(cls, *, numbers: NodeNumbers, clock: Clock, holder: str, after: int = 0) -> "NodeIds":
        """Lease a number. `holder` as in `NodeNumbers.lease`; `after` is the largest id known from before.

        Raises:
            Unavailable: as `NodeNumbers.lease`.
        """
        leased = await numbers.lease(holder, floor_ms=_floor_after(clock, after))
        return cls(numbers=numbers, clock=clock, leased=leased, after=after)

    @property
    def number(self) -> int:
        """The node number, from 0 to 1023. It may change at a renewal."""
        return self._leased.number

    @property
    def floor_ms(self) -> int:
        """The last Unix millisecond in which ids of the number may be made."""
        return self._leased.floor_ms

    def next(self) -> int:
        """Return the next id, which is larger than every one before.

        Raises:
            Unavailable: when the floor is reached, because it could not be written for long; and after `close`.
        """
        made = self._generator.next()
        if made > self._largest:
            raise self._refuse()
        self._last = made
        return made

    async def renew(self) -> None:
        """Write the floor anew, or lease another number when this one is another's. Raises Unavailable."""
        leased = self._leased
        # It never falls, because ids up to the present one are made while the new one is written.
        floor_ms = max(leased.floor_ms, _floor_after(self._clock, self._last))
        if await self._numbers.renew(leased.number, leased.holder, floor_ms=floor_ms):
            self._set_floor(floor_ms)
            return
        logger.warning("the node number has another holder; another one is leased", extra={"number": leased.number})
        self._take(await self._numbers.lease(leased.holder, floor_ms=_floor_after(self._clock, self._last)))

    async def run(self) -> None:
        """Renew each minute, and at once when ids have reached the floor, until cancelled."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(RENEWAL_S):
                    await self._wants_renewal.wait()
            self._wants_renewal.clear()
            try:
                await self.renew()
            except Unavailable as error:
                logger.warning("the lease of the node number could not be renewed", extra={"reason": error.text})
                await asyncio.sleep(_RETRY_S)

    async def close(self) -> None:
        """Make no more ids, and end the lease. A lease that cannot be ended ends by itself, at its floor."""
        self._is_closed = True
        self._largest = 0
        try:
            last_ms = max(created_ms(self._last), self._leased.after_ms)
            await self._numbers.release(self._leased.number, self._leased.holder, last_ms=last_ms)
        except Unavailable as error:
            logger.warning("the lease of the node number could not be ended", extra={"reason": error.text})

    def _take(self, leased: LeasedNumber) -> None:
        self._leased = leased
        self._make_generator()
        self._set_floor(leased.floor_ms)

    def _make_generator(self) -> None:
        """Begin above the last id, and above those of the number's earlier holders."""
        worker, process = divmod(self._leased.number, 1 << _PROCESS_BITS)
        after = max(self._last, _largest_of(self._leased.after_ms))
        self._generator = SnowflakeGenerator(worker, process, self._clock.now_ms, after)

    def _set_floor(self, floor_ms: int) -> None:
        self._leased = msgspec.structs.replace(self._leased, floor_ms=floor_ms)
        self._largest = 0 if self._is_closed else _largest_of(floor_ms)

    def _refuse(self) -> Unavailable:
        if self._is_closed:
            return Unavailable("the source of ids is closed")
        # The generator stays where it has once been. The refused id was not used, so a clock that only jumped ahead
        # for a moment shall not hold up all ids until that time has come.
        self._make_generator()
        self._wants_renewal.set()
        return Unavailable("no ids can be made until the lease of the node number is renewed in the database")


def _floor_after(clock: Clock, last_id: int) -> int:
    """Return the floor to write now. Ids may be ahead of a clock that was set back."""
    return max(clock.now_ms(), created_ms(last_id)) + LEAD_MS


def _largest_of(unix_ms: int) -> int:
    """Return the largest snowflake of a millisecond, 0 for a time before the first one."""
    return max(0, snowflake_at(unix_ms + 1) - 1)
