"""The counts of rate limits in Redis, where all processes of a cluster count together."""

from collections.abc import Awaitable, Callable, Hashable

from typing_extensions import override

from core.domain.errors import Unavailable
from core.live.interfaces import Passage, RateLimiter, RequestGate, Rule, Standing
from core.live.limits import MemoryRateLimiter
from core.redis.interfaces import Answer, Scripts
from core.redis.keys import ANY_TAG


class RedisRateLimiter(RateLimiter):
    """Counts of the cluster. While Redis is away, this process counts alone."""

    __slots__ = ("_alone", "_scripts")

    def __init__(self, *, scripts: Scripts, alone: MemoryRateLimiter) -> None:
        self._scripts = scripts
        self._alone = alone

    @override
    async def take(self, rule: Rule, key: Hashable) -> Standing:
        try:
            answer = await self._scripts.call("limit_take", ANY_TAG, *limit_args(rule, key))
        except Unavailable:
            return self._alone.take_now(rule, key)
        return read_standing(rule, answer)

    @override
    async def look(self, rule: Rule, key: Hashable) -> Standing:
        try:
            answer = await self._scripts.call("limit_look", ANY_TAG, *limit_args(rule, key))
        except Unavailable:
            return self._alone.look_now(rule, key)
        return read_standing(rule, answer)

    @override
    async def give_back(self, rule: Rule, key: Hashable) -> None:
        try:
            await self._scripts.call("limit_give_back", ANY_TAG, limit_args(rule, key)[0])
        except Unavailable:
            await self._alone.give_back(rule, key)


class RedisGate(RequestGate):
    """Counts each request, and lets it go on when this process is as new as the cluster was."""

    __slots__ = ("_alone", "_is_current", "_scripts", "_wait_applied")

    def __init__(
        self,
        *,
        scripts: Scripts,
        alone: MemoryRateLimiter,
        wait_applied: Callable[[int, int], Awaitable[bool]],
        is_current: Callable[[], bool],
    ) -> None:
        """`wait_applied` waits until this process has applied values of `tail:all` and `tail:rel`.

        It returns False when that is not in time.

        `is_current` tells whether its caches may be trusted at all.
        """
        self._scripts = scripts
        self._alone = alone
        self._wait_applied = wait_applied
        self._is_current = is_current

    @override
    async def enter(self, rule: Rule | None, key: Hashable, *, is_read: bool) -> Passage:
        # While Redis is away this process counts alone.
        args = ("", 0, 0) if rule is None else limit_args(rule, key)
        try:
            answer = await self._scripts.call("gate", ANY_TAG, *args)
        except Unavailable:
            # What others have changed last may have been lost with it, before this process knows that it does not hear.
            return Passage(None if rule is None else self._alone.take_now(rule, key), is_current=False)
        standing = None if rule is None else read_standing(rule, answer)
        is_applied = await self._wait_applied(answer[3] if is_read else 0, answer[4])
        return Passage(standing, is_current=is_applied and self._is_current())


def limit_args(rule: Rule, key: Hashable) -> tuple[str, int, int]:
    """Return what scripts take of a limit: its key, the limit, its window in ms."""
    parts = ":".join(map(str, key)) if isinstance(key, tuple) else str(key)
    return f"{rule.name}:{parts}", rule.limit, round(rule.window_s * 1000)


def read_standing(rule: Rule, answer: Answer) -> Standing:
    """Read what scripts answer of a limit: whether it was allowed, what remains, ms to the window's end."""
    left_s = answer[2] / 1000
    if answer[0]:
        return Standing(rule.limit, answer[1], left_s)
    return Standing(rule.limit, 0, left_s, left_s)
