"""The counts of rate limits in the memory of the one process that counts."""

from collections.abc import Hashable

from typing_extensions import override

from core.live.interfaces import Passage, RateLimiter, RequestGate, Rule, Standing
from core.runtime.clock import Clock


class _Window:
    """The takes of one key since its first one."""

    __slots__ = ("end_s", "taken")

    def __init__(self, end_s: float) -> None:
        self.taken = 0
        self.end_s = end_s


class _Counts:
    """One rule's windows by key. Ended windows are dropped a generation at a time, so no sweep is needed."""

    __slots__ = ("_end_s", "_next_generation_s", "_older", "_young")

    def __init__(self) -> None:
        self._young: dict[Hashable, _Window] = {}
        self._older: dict[Hashable, _Window] = {}
        self._next_generation_s = 0.0
        self._end_s = 0.0
        """The end of the last window of the young generation. The rule's windows may become shorter and longer."""

    def find(self, key: Hashable, now_s: float) -> _Window | None:
        """Return the key's window, unless it has ended."""
        window = self._young.get(key) or self._older.get(key)
        return window if window is not None and now_s < window.end_s else None

    def begin(self, key: Hashable, now_s: float, window_s: float) -> _Window:
        """Begin a window for the key."""
        end_s = now_s + window_s
        if now_s >= self._next_generation_s:
            # Each window of the last but one generation has ended by now.
            self._older = self._young if now_s < self._end_s else {}
            self._young = {}
            self._next_generation_s = max(self._end_s, end_s)
        self._end_s = max(self._end_s, end_s)
        window = self._young[key] = _Window(end_s)
        return window


class MemoryRateLimiter:
    """The counts of `RateLimiter` in dicts."""

    __slots__ = ("_clock", "_counts")

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._counts: dict[str, _Counts] = {}

    async def take(self, rule: Rule, key: Hashable) -> Standing:
        """See `RateLimiter`."""
        return self.take_now(rule, key)

    async def look(self, rule: Rule, key: Hashable) -> Standing:
        """See `RateLimiter`."""
        return self.look_now(rule, key)

    def take_now(self, rule: Rule, key: Hashable) -> Standing:
        """Do what `take` does, for callers that may not await."""
        counts = self._counts.get(rule.name)
        if counts is None:
            counts = self._counts[rule.name] = _Counts()
        now_s = self._clock.monotonic_s()
        window = counts.find(key, now_s) or counts.begin(key, now_s, rule.window_s)
        if window.taken >= rule.limit:
            return _exhausted(rule, window, now_s)
        window.taken += 1
        return Standing(rule.limit, rule.limit - window.taken, window.end_s - now_s)

    def look_now(self, rule: Rule, key: Hashable) -> Standing:
        """Do what `look` does, for callers that may not await."""
        counts = self._counts.get(rule.name)
        now_s = self._clock.monotonic_s()
        window = None if counts is None else counts.find(key, now_s)
        if window is None:
            return Standing(rule.limit, rule.limit, rule.window_s)
        if window.taken >= rule.limit:
            return _exhausted(rule, window, now_s)
        return Standing(rule.limit, rule.limit - window.taken, window.end_s - now_s)

    async def give_back(self, rule: Rule, key: Hashable) -> None:
        """See `RateLimiter`."""
        counts = self._counts.get(rule.name)
        window = None if counts is None else counts.find(key, self._clock.monotonic_s())
        if window is not None and window.taken:
            window.taken -= 1


def _exhausted(rule: Rule, window: _Window, now_s: float) -> Standing:
    left_s = window.end_s - now_s
    return Standing(rule.limit, 0, left_s, left_s)


class MemoryGate(RequestGate):
    """The gate of the one process that has everything, which is always as new as it can be."""

    __slots__ = ("_limiter",)

    def __init__(self, *, limiter: RateLimiter) -> None:
        self._limiter = limiter

    @override
    async def enter(self, rule: Rule | None, key: Hashable, *, is_read: bool) -> Passage:
        return Passage(None if rule is None else await self._limiter.take(rule, key), is_current=True)
