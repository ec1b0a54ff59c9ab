"""The end of ringing that nobody has answered, of rounds of peers that did not reach each other in time, and of calls
that a process has left half ended.

Every process sweeps. What two of them settle at once comes out as one: each unit of work looks again.
"""

import asyncio
import logging
from typing import Final

from api.services.calls.call_messages import CallMessages
from api.services.calls.call_steps import CallSteps
from api.services.calls.call_units import CallUnits
from core.domain.errors import DomainError, UnknownChannel
from core.runtime.clock import Clock
from core.store.interfaces import Store

logger = logging.getLogger(__name__)

INTERVAL_S: Final = 5.0
"""So much longer than it should does a phone ring at most."""
_PAGE: Final = 100


class CallSweep:
    """The sweep of one process."""

    __slots__ = ("_clock", "_messages", "_steps", "_store", "_units")

    def __init__(
        self, *, store: Store, steps: CallSteps, units: CallUnits, messages: CallMessages, clock: Clock
    ) -> None:
        self._store = store
        self._steps = steps
        self._units = units
        self._messages = messages
        self._clock = clock

    async def run(self) -> None:
        """Sweep again and again, until cancelled."""
        while True:
            await asyncio.sleep(INTERVAL_S)
            try:
                await self.sweep()
            except DomainError as error:
                logger.warning("calls could not be settled", extra={"reason": error.text})

    async def sweep(self) -> int:
        """Settle the calls that wait for it, and return how many these were. Raises Unavailable."""
        overdue = await self._store.calls.list_overdue(now_ms=self._clock.now_ms(), limit=_PAGE)
        for call in overdue:
            try:
                if not call.ended_ms:
                    await self._units.run(call.channel_id, self._steps.end_overdue)
                await self._messages.finish(call.channel_id)
            except UnknownChannel:  # it has taken the call along
                continue
        return len(overdue)
