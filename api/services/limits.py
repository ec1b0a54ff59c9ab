"""Discord's rate limits: what counts against which rule. `core.live.interfaces.RateLimiter` counts.

- every request against 50/s of its user (of its address, without a user), which is the *global* limit;
- changes of reactions against 4/s of their user in each channel;
- new direct channels, and requests for friendship, against their user: each of them reaches somebody who may not know
  of the caller;
- joins of voice channels, what clients in a call send each other to connect, and reports to instance staff, against
  their user;
- published messages against 10/h of their channel, whoever publishes them;
- registrations and attempts to log in against their address;
- wrong passwords against the account with the address, and against the account alone
  (`api.services.accounts.password_attempts` says why both);
- answers of 401, 403 and 429 to requests without a good token against 10,000/10 min of their address, which is then
  blocked for such requests for a while.

An IPv6 address stands for its /64 (`core.runtime.addresses`). Messages have limits of their own, which hold over REST
and the socket alike; the door of their channel counts them (`core.door`).
"""

import ipaddress
import logging
from collections.abc import Hashable
from functools import lru_cache

from core.domain.errors import DirectsOpenedTooFast, RateLimited
from core.live.interfaces import Passage, RateLimiter, RequestGate, Rule, Standing
from core.live.refusals import Refusals
from core.runtime.addresses import key_of
from core.runtime.settings.current_limits import CurrentLimits

logger = logging.getLogger(__name__)


class Limits:
    """Decides which rules a request or an attempt to log in counts against."""

    __slots__ = (
        "_account_passwords",
        "_crossposts",
        "_current",
        "_direct_openings",
        "_friend_requests",
        "_gate",
        "_invalid",
        "_is_enabled",
        "_limiter",
        "_logins",
        "_passwords",
        "_peer_signals",
        "_reactions",
        "_refusals",
        "_registrations",
        "_reports",
        "_requests",
        "_voice_joins",
    )

    def __init__(self, *, limiter: RateLimiter, gate: RequestGate, current: CurrentLimits, refusals: Refusals) -> None:
        self._gate = gate
        self._limiter = limiter
        self._refusals = refusals
        self._current = current
        self._make_rules()
        current.follow(self._make_rules)

    def _make_rules(self) -> None:
        settings = self._current.rates
        self._is_enabled = settings.enabled
        self._requests = Rule("requests", settings.requests_per_second, 1.0)
        self._reactions = Rule("reactions", settings.channel_reactions, settings.channel_reactions_window_s)
        self._direct_openings = Rule("direct-openings", settings.direct_openings, settings.contacts_window_s)
        self._friend_requests = Rule("friend-requests", settings.friend_requests, settings.contacts_window_s)
        self._crossposts = Rule("crossposts", settings.channel_crossposts, settings.channel_crossposts_window_s)
        self._voice_joins = Rule("voice-joins", settings.voice_joins, settings.voice_joins_window_s)
        self._peer_signals = Rule("peer-signals", settings.peer_signals, settings.peer_signals_window_s)
        self._reports = Rule("reports", settings.reports, settings.reports_window_s)
        self._logins = Rule("logins", settings.logins_per_minute, 60.0)
        self._invalid = Rule("invalid", settings.invalid_requests, settings.invalid_requests_window_s)
        window_s = settings.wrong_passwords_window_s
        self._passwords = Rule("passwords", settings.wrong_passwords, window_s)
        self._account_passwords = Rule("account-passwords", settings.wrong_passwords_per_account, window_s)
        self._registrations = {
            False: Rule("registrations", settings.registrations_per_minute, 60.0),
            True: Rule("loopback-registrations", settings.loopback_registrations_per_minute, 60.0),
        }

    async def admit_request(self, who: int | str, *, is_read: bool) -> Passage:
        """Count a request, and wait until this process is as new as the cluster was; `who` is a user id or an address.

        The standing is None when limits are off.
        """
        rule = self._requests if self._is_enabled else None
        passage = await self._gate.enter(rule, key_of(who) if isinstance(who, str) else who, is_read=is_read)
        if passage.standing is not None and passage.standing.retry_after_s:
            self._refusals.tell(self._requests, who)
        return passage

    async def take_reaction(self, user_id: int, channel_id: int) -> Standing | None:
        """Count a change of reactions; None when limits are off."""
        if not self._is_enabled:
            return None
        standing = await self._limiter.take(self._reactions, (user_id, channel_id))
        if standing.retry_after_s:
            self._refusals.tell(self._reactions, user_id)
        return standing

    async def take_direct_opening(self, user_id: int) -> None:
        """Count a new direct channel. Raises DirectsOpenedTooFast."""
        if self._is_enabled:
            try:
                await self._take(self._direct_openings, user_id, user_id)
            except RateLimited as error:
                raise DirectsOpenedTooFast(error.retry_after_s) from None

    async def take_friend_request(self, user_id: int) -> None:
        """Count a request for friendship. Raises RateLimited."""
        if self._is_enabled:
            await self._take(self._friend_requests, user_id, user_id)

    async def take_voice_join(self, user_id: int) -> None:
        """Count a join of a voice channel. Raises RateLimited."""
        if self._is_enabled:
            await self._take(self._voice_joins, user_id, user_id)

    async def take_peer_signal(self, user_id: int) -> None:
        """Count what a client sends another one in its call, or says of its own part in that. Raises RateLimited."""
        if self._is_enabled:
            await self._take(self._peer_signals, user_id, user_id)

    async def take_report(self, user_id: int) -> None:
        """Count a report to instance staff. Raises RateLimited."""
        if self._is_enabled:
            await self._take(self._reports, user_id, user_id)

    async def take_crosspost(self, channel_id: int) -> None:
        """Count a message that is published. Raises RateLimited."""
        if self._is_enabled:
            standing = await self._limiter.take(self._crossposts, channel_id)
            if standing.retry_after_s:
                self._refusals.tell(self._crossposts, channel_id)
                raise RateLimited(standing.retry_after_s, scope="shared")

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
        self._refusals.tell(self._invalid, address)

    async def _take(self, rule: Rule, key: Hashable, who: int | str) -> None:
        standing = await self._limiter.take(rule, key)
        if standing.retry_after_s:
            self._refusals.tell(rule, who)
            raise RateLimited(standing.retry_after_s)


@lru_cache(1024)
def is_loopback(address: str) -> bool:
    """Tell whether the address is this machine's own."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
