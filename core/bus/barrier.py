"""The barrier: who must see something that another process has written waits until this process has applied it.

Two counters of the whole cluster tell how new a process is: `all` counts every entry of every log, `rel` those that
announce changes of relational rows. Both come with each published entry. All logs of one Redis arrive on one connection
in one order, so a process that has applied the entry with a counter has applied all before it, of all shards.
"""

import asyncio
import heapq
from itertools import count


class Level:
    """A number that rises, and those who wait for it."""

    __slots__ = ("_order", "_waiting", "value")

    def __init__(self) -> None:
        self.value = 0
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._order = count()

    def rise(self, value: int) -> None:
        """Set the number and wake those who have waited for it. A smaller one changes nothing."""
        if value <= self.value:
            return
        self.value = value
        while self._waiting and self._waiting[0][0] <= value:
            waiter = heapq.heappop(self._waiting)[2]
            if not waiter.done():
                waiter.set_result(None)

    async def wait(self, value: int, timeout_s: float) -> bool:
        """Wait until the number is at least this; return False when it is not in time."""
        if self.value >= value:
            return True
        waiter = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (value, next(self._order), waiter))
        try:
            async with asyncio.timeout(timeout_s):
                await waiter
        except TimeoutError:
            return False
        finally:
            waiter.cancel()
        return True

    def reset(self, value: int) -> None:
        """Set the number, which may be smaller."""
        self.value = min(self.value, value - 1)
        self.rise(value)
