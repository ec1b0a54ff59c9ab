"""Discord's rate limits.

A rule allows `limit` takes per key and window. As with Discord, a key's window starts with its first take, and its
count ends with it. `RateLimiter` counts, in memory here; in a cluster all API processes share one. `Limits` decides
what counts:

- every request against 50/s of its user (of its address, without a user), which is the *global* limit;
- a message, over REST or the socket alike, against 10/10 s of its user and channel, and 100/min of its user;
- registrations and attempts to log in against their address;
- wrong passwords against the account with the address, and against the account alone
  (`api.services.accounts.password_attempts` says why both);
- answers of 401, 403 and 429 to requests without a good token against 10,000/10 min of their address, which is then
  blocked for such requests for a while.

An IPv6 address stands for its /64 (`core.runtime.addresses`).
"""

import ipaddress
import logging
from collections.abc import Callable, Hashable
from functools import lru_cache
from typing import Protocol

import msgspec

from core.domain.errors import RateLimited
from core.runtime.addresses import key_of
from core.runtime.clock import Clock
from core.runtime.settings.settings import LimitSettings

logger = logging.getLogger(__name__)


class Rule(msgspec.Struct, frozen=True):
    """At most `limit` in `window_s`. `name` tells rules apart."""

    name: str
    limit: int
    window_s: float


class Standing(msgspec.Struct, frozen=True):
    """The state of a key after a take. `retry_after_s` is 0 when the take was allowed."""

    limit: int
    remaining: int
    reset_after_s: float
    retry_after_s: float = 0.0


class RateLimiter(Protocol):
    """Counts takes."""

    async def take(self, rule: Rule, key: Hashable) -> Standing:
        """Count one take and return the standing. Over the limit nothing is counted."""

    async def look(self, rule: Rule, key: Hashable) -> Standing:
        """Return the standing, without counting."""

    async def give_back(self, rule: Rule, key: Hashable) -> None:
        """Take back one count."""


class _Window:
    """The takes of one key since its first one."""

    __slots__ = ("end_s", "taken")

    def __init__(self, end_s: float) -> None:
        self.taken = 0
        self.end_s = end_s


class _Counts:
    """One rule's windows by key. Ended windows are dropped a generation at a time, so no sweep is needed."""

    __slots__ = ("_next_generation_s", "_older", "_window_s", "_young")

    def __init__(self, window_s: float) -> None:
        self._window_s = window_s
        self._young: dict[Hashable, _Window] = {}
        self._older: dict[Hashable, _Window] = {}
        self._next_generation_s = 0.0

    def find(self, key: Hashable, now_s: float) -> _Window | None:
        """Return the key's window, unless it has ended."""
        window = self._young.get(key) or self._older.get(key)
        return window if window is not None and now_s < window.end_s else None

    def begin(self, key: Hashable, now_s: float) -> _Window:
        """Begin a window for the key."""
        if now_s >= self._next_generation_s:
            # A window of the last but one generation has ended by now.
            self._older = self._young if now_s < self._next_generation_s + self._window_s else {}
            self._young = {}
            self._next_generation_s = now_s + self._window_s
        window = self._young[key] = _Window(now_s + self._window_s)
        return window


class MemoryRateLimiter:
    """Counts in this process."""

    __slots__ = ("_clock", "_counts")

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._counts: dict[str, _Counts] = {}

    async def take(self, rule: Rule, key: Hashable) -> Standing:
        """Count one take and return the standing."""
        counts = self._counts.get(rule.name)
        if counts is None:
            counts = self._counts[rule.name] = _Counts(rule.window_s)
        now_s = self._clock.monotonic_s()
        window = counts.find(key, now_s) or counts.begin(key, now_s)
        if window.taken >= rule.limit:
            return _exhausted(rule, window, now_s)
        window.taken += 1
        return Standing(rule.limit, rule.limit - window.taken, window.end_s - now_s)

    async def look(self, rule: Rule, key: Hashable) -> Standing:
        """Return the standing, without counting."""
        counts = self._counts.get(rule.name)
        now_s = self._clock.monotonic_s()
        window = None if counts is None else counts.find(key, now_s)
        if window is None:
            return Standing(rule.limit, rule.limit, rule.window_s)
        if window.taken >= rule.limit:
            return _exhausted(rule, window, now_s)
        return Standing(rule.limit, rule.limit - window.taken, window.end_s - now_s)

    async def give_back(self, rule: Rule, key: Hashable) -> None:
        """Take back one count."""
        counts = self._counts.get(rule.name)
        window = None if counts is None else counts.find(key, self._clock.monotonic_s())
        if window is not None and window.taken:
            window.taken -= 1


def _exhausted(rule: Rule, window: _Window, now_s: float) -> Standing:
    left_s = window.end_s - now_s
    return Standing(rule.limit, 0, left_s, left_s)


class Limits:
    """Decides which rules a request, a message or an attempt to log in counts against."""

    __slots__ = (
        "_account_passwords",
        "_channel_messages",
        "_count_refusal",
        "_invalid",
        "_is_enabled",
        "_limiter",
        "_logins",
        "_messages",
        "_passwords",
        "_registrations",
        "_requests",
    )

    def __init__(
        self, *, limiter: RateLimiter, settings: LimitSettings, count_refusal: Callable[[str], None] = lambda _: None
    ) -> None:
        """`count_refusal` is called with the name of the limit that refuses."""
        self._limiter = limiter
        self._count_refusal = count_refusal
        self._is_enabled = settings.enabled
        self._requests = Rule("requests", settings.requests_per_second, 1.0)
        self._channel_messages = Rule("channel-messages", settings.channel_messages, settings.channel_messages_window_s)
        self._messages = Rule("messages", settings.messages_per_minute, 60.0)
        self._logins = Rule("logins", settings.logins_per_minute, 60.0)
        self._invalid = Rule("invalid", settings.invalid_requests, settings.invalid_requests_window_s)
        window_s = settings.wrong_passwords_window_s
        self._passwords = Rule("passwords", settings.wrong_passwords, window_s)
        self._account_passwords = Rule("account-passwords", settings.wrong_passwords_per_account, window_s)
        self._registrations = {
            False: Rule("registrations", settings.registrations_per_minute, 60.0),
            True: Rule("loopback-registrations", settings.loopback_registrations_per_minute, 60.0),
        }

    async def stand_request(self, who: int | str) -> Standing | None:
        """Count a request; `who` is a user id or an address. None when limits are off."""
        if not self._is_enabled:
            return None
        standing = await self._limiter.take(self._requests, key_of(who) if isinstance(who, str) else who)
        if standing.retry_after_s:
            self._tell(self._requests, who)
        return standing

    async def take_message(self, user_id: int, channel_id: int) -> None:
        """Count a message, over REST or the socket. Raises RateLimited."""
        if not self._is_enabled:
            return
        overall = await self._limiter.look(self._messages, user_id)
        if overall.retry_after_s:
            self._tell(self._messages, user_id)
            raise RateLimited(overall.retry_after_s)
        await self._take(self._channel_messages, (user_id, channel_id), user_id)
        await self._limiter.take(self._messages, user_id)

    async def look_message(self, user_id: int, channel_id: int) -> Standing | None:
        """Return the next message's standing by the channel's limit, or by the overall one when that is used up."""
        if not self._is_enabled:
            return None
        overall = await self._limiter.look(self._messages, user_id)
        return (
            overall
            if overall.retry_after_s
            else await self._limiter.look(self._channel_messages, (user_id, channel_id))
        )

    async def take_registration(self, address: str) -> None:
        """Count a registration. Raises RateLimited."""
        if self._is_enabled:
            await self._take(self._registrations[is_loopback(address)], key_of(address), address)

    async def take_login(self, address: str) -> None:
        """Count an attempt to log in. Raises RateLimited."""
        if self._is_enabled:
            await self._take(self._logins, key_of(address), address)

    async def take_password(self, account: Hashable, source: str) -> None:
        """Count an attempt at an account's password from this source. Raises RateLimited."""
        if self._is_enabled:
            await self._take(self._passwords, (account, key_of(source)), source)

    async def take_account_password(self, account: Hashable, source: str) -> None:
        """Count an attempt against the account, from any source. Raises RateLimited."""
        if self._is_enabled:
            await self._take(self._account_passwords, account, source)

    async def give_back_password(self, account: Hashable, source: str, *, is_shared: bool) -> None:
        """Take back the counts of a right password. `is_shared`: it was counted against the account too."""
        if self._is_enabled:
            await self._limiter.give_back(self._passwords, (account, key_of(source)))
            if is_shared:
                await self._limiter.give_back(self._account_passwords, account)

    async def count_invalid(self, address: str) -> None:
        """Count an answer of 401, 403 or 429 to a request without a good token."""
        if self._is_enabled:
            standing = await self._limiter.take(self._invalid, key_of(address))
            if not standing.remaining and not standing.retry_after_s:
                logger.warning("address shut out", extra={"address": address, "for_s": round(standing.reset_after_s)})

    async def find_block(self, address: str) -> float:
        """Return for how many seconds the address is still blocked without a good token, or 0."""
        if not self._is_enabled:
            return 0.0
        return (await self._limiter.look(self._invalid, key_of(address))).retry_after_s

    def tell_block(self, address: str) -> None:
        """Log and count a request that was refused because its address is blocked."""
        self._tell(self._invalid, address)

    async def _take(self, rule: Rule, key: Hashable, who: int | str) -> None:
        standing = await self._limiter.take(rule, key)
        if standing.retry_after_s:
            self._tell(rule, who)
            raise RateLimited(standing.retry_after_s)

    def _tell(self, rule: Rule, who: int | str) -> None:
        self._count_refusal(rule.name)
        logger.warning("refused by a limit", extra={"limit": rule.name, "who": str(who)})


@lru_cache(1024)
def is_loopback(address: str) -> bool:
    """Tell whether the address is this machine's own."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
