"""Node numbers in a list, the reference of a table of them."""

from core.domain.errors import Unavailable
from core.runtime.clock import Clock
from core.store.aggregates.node_numbers import NODE_NUMBERS, LeasedNumber


class MemoryNodeNumbers:
    """The numbers below `count`. While `is_away` is set, none can be changed."""

    def __init__(self, clock: Clock, *, count: int = NODE_NUMBERS) -> None:
        self._clock = clock
        self._rows = [("", 0)] * count
        self.is_away = False

    async def lease(self, holder: str, *, floor_ms: int) -> LeasedNumber:
        self._check()
        now_ms = self._clock.now_ms()
        free = [(floor, number) for number, (_, floor) in enumerate(self._rows) if floor <= now_ms]
        if not free:
            soonest_ms = min(floor for _, floor in self._rows)
            raise Unavailable("every node number was used", retry_after_s=max(1.0, (soonest_ms - now_ms) / 1000))
        after_ms, number = min(free)
        self._rows[number] = (holder, max(floor_ms, after_ms))
        return LeasedNumber(number=number, holder=holder, after_ms=after_ms, floor_ms=self._rows[number][1])

    async def renew(self, number: int, holder: str, *, floor_ms: int) -> bool:
        self._check()
        if self._rows[number][0] != holder:
            return False
        self._rows[number] = (holder, floor_ms)
        return True

    async def release(self, number: int, holder: str, *, last_ms: int) -> None:
        self._check()
        if self._rows[number][0] == holder:
            self._rows[number] = ("", last_ms)

    def _check(self) -> None:
        if self.is_away:
            raise Unavailable
