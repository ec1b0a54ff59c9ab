"""Attempts at passwords, and the bounds of wrong ones.

There are two counts. Per account and address: an attacker at one address has ten attempts in ten minutes. Per account:
an attacker with many addresses has a hundred. The second count alone would let anybody lock out the owner, so it does
not hold for addresses from which the account has an auth session.

All names of an account share its counts. A name without an account is counted alike, so that a refusal does not tell
whether an account exists. An attempt is counted before the password is verified, as many may come at once, and taken
back when it is right.

A caller with an auth session who is asked for the password again is counted by that session: a stolen token has no more
attempts, and locks out nobody else.
"""

import logging

from api.services.accounts.passwords import Passwords
from api.services.caller import Caller
from api.services.limits import Limits
from core.domain.errors import RateLimited
from core.domain.people.user import Account
from core.runtime.addresses import key_of
from core.runtime.metrics.metrics import Metrics
from core.store.interfaces import Store

logger = logging.getLogger(__name__)


class PasswordAttempts:
    """Verifies passwords within the limits; logs and counts the results."""

    __slots__ = ("_limits", "_metrics", "_passwords", "_store", "hash", "renew")

    def __init__(self, *, store: Store, passwords: Passwords, limits: Limits, metrics: Metrics) -> None:
        self._store = store
        self._metrics = metrics
        self.hash = passwords.hash
        self.renew = passwords.renew
        self._passwords = passwords
        self._limits = limits

    async def is_right(self, account: Account | None, password: str, *, typed: str, address: str) -> bool:
        """Tell whether it is the account's password; False when there is no account. Raises RateLimited."""
        try:
            is_right = await self._try(account, password, name=_name_of(account, typed), address=address)
        except RateLimited:
            self._metrics.api.logins_total.labels("limited").inc()
            raise
        self._metrics.api.logins_total.labels("right" if is_right else "wrong").inc()
        if not is_right:
            # The typed name is not logged, as people type their password there.
            logger.warning("login failed", extra={"address": address, "user_id": account and account.user.id})
        return is_right

    async def _try(self, account: Account | None, password: str, *, name: int | str, address: str) -> bool:
        await self._limits.take_password(name, address)
        is_shared = True
        try:
            await self._limits.take_account_password(name, address)
        except RateLimited:
            if account is None or not await self._is_known(account, address):
                raise
            is_shared = False
        password_hash = None if account is None else account.password_hash
        is_right = await self._passwords.verify(password_hash, password)
        if is_right:
            await self._limits.give_back_password(name, address, is_shared=is_shared)
        return is_right

    async def is_own(self, caller: Caller, account: Account, password: str) -> bool:
        """Tell whether it is the caller's password. Raises RateLimited."""
        source = f"auth session {caller.auth_session_id}"
        await self._limits.take_password(caller.user_id, source)
        is_right = await self._passwords.verify(account.password_hash, password)
        if is_right:
            await self._limits.give_back_password(caller.user_id, source, is_shared=False)
        return is_right

    async def _is_known(self, account: Account, address: str) -> bool:
        sessions = await self._store.users.list_auth_sessions(account.user.id)
        return any(key_of(session.address) == key_of(address) for session in sessions)


def _name_of(account: Account | None, typed: str) -> int | str:
    return typed.strip().casefold() if account is None else account.user.id
