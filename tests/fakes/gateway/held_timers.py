"""The running loop's timers, except those of one delay, which expire on the test's command."""

import asyncio
from collections.abc import Callable

from gateway.scheduling.batch_timer import Handle
from tests.fakes.timers import FakeTimer


class HeldTimers:
    """A `call_later` for a part that runs in a real loop and has long timers."""

    def __init__(self, delay_s: float) -> None:
        self._delay_s = delay_s
        self._held: list[FakeTimer] = []
        self._is_changed = asyncio.Event()

    def call_later(self, delay_s: float, call: Callable[[], None]) -> Handle:
        """Call the loop's `call_later`, unless the delay is the held one."""
        if delay_s != self._delay_s:
            return asyncio.get_running_loop().call_later(delay_s, call)
        timer = FakeTimer(delay_s, call)
        self._held.append(timer)
        self._is_changed.set()
        return timer

    async def come(self) -> None:
        """Let the first held timer expire. It may be set only later."""
        while not (waiting := [timer for timer in self._held if not timer.is_cancelled]):
            self._is_changed.clear()
            await self._is_changed.wait()
        self._held.remove(waiting[0])
        waiting[0].call()
