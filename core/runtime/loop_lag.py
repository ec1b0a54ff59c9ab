"""The lag of the event loop: a timer measures again and again how much later than its due time it is called."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from core.runtime.clock import Clock

INTERVAL_S: Final = 0.5
"""The interval of measurements. Two wake-ups a second cost nothing; a shorter pause meets some of them only."""


class LoopLag:
    """The timer. `observe` gets each lag, in seconds. Time is an argument."""

    __slots__ = ("_clock", "_observe", "_sleep")

    def __init__(
        self,
        *,
        clock: Clock,
        observe: Callable[[float], None],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._clock = clock
        self._observe = observe
        self._sleep = sleep

    async def run(self) -> None:
        """Measure until cancelled."""
        while True:
            due_s = self._clock.monotonic_s() + INTERVAL_S
            await self._sleep(INTERVAL_S)
            self._observe(max(self._clock.monotonic_s() - due_s, 0.0))
