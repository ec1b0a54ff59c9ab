"""The lag of the event loop."""

import asyncio
import contextlib

from core.runtime.loop_lag import INTERVAL_S, LoopLag
from tests.fakes.clock import FakeClock


async def test_lateness_is_what_a_sleep_took_too_long() -> None:
    clock = FakeClock()
    late = [0.0, 0.25, 0.0]
    observed: list[float] = []

    async def sleep(seconds: float) -> None:
        assert seconds == INTERVAL_S
        if not late:
            raise asyncio.CancelledError
        clock.advance(seconds + late.pop(0))

    with contextlib.suppress(asyncio.CancelledError):
        await LoopLag(clock=clock, observe=observed.append, sleep=sleep).run()
    assert observed == [0.0, 0.25, 0.0]
