"""The making of sessions, within the limits of identifies.

The identifies of bots are counted while their logins are read, because other processes count as well. The rest is
synchronous, so a limit is checked and counted at once.
"""

import logging
from collections.abc import Callable
from typing import Final

from core.domain.application import Application
from core.domain.people.user import Account, AuthSession
from core.live.interfaces import SessionStarts, Start
from core.runtime.metrics.metrics import Metrics
from core.runtime.settings.current_limits import CurrentLimits
from core.runtime.settings.settings import GatewaySettings
from gateway.commands.commands import Identify
from gateway.homes.home_port import UserHome
from gateway.login.identify_checks import make_profile
from gateway.login.login import Login
from gateway.login.refusal import Refusal
from gateway.sessions.session import Session, SessionProfile
from gateway.sessions.session_table import SessionTable

logger = logging.getLogger(__name__)

MAX_HOLD_S: Final = 5.0
"""The longest time that op 9 is held back: Discord's window, and about as long as clients wait by themselves."""


class SessionFactory:
    """Makes sessions, and owns the limits of identifies."""

    __slots__ = (
        "_gateway",
        "_limits",
        "_metrics",
        "_new_session_id",
        "_starts",
        "_table",
        "_users",
    )

    def __init__(
        self,
        *,
        gateway: GatewaySettings,
        limits: CurrentLimits,
        table: SessionTable,
        users: UserHome,
        starts: SessionStarts,
        new_session_id: Callable[[], str],
        metrics: Metrics,
    ) -> None:
        self._metrics = metrics
        self._gateway = gateway
        self._limits = limits
        self._table = table
        self._users = users
        self._new_session_id = new_session_id
        self._starts = starts

    async def count_start(self, login: Login) -> None:
        """Count the identify of a bot that was read. One with wrong fields, which is refused, counts for nothing."""
        snapshot = login.snapshot
        if snapshot is None or not snapshot.account.user.bot or login.start is not None:
            return
        try:
            profile = self._make_profile(login.command, snapshot.auth, snapshot.account, snapshot.application)
        except Refusal:
            return
        key = profile.shard_id % self._gateway.identify_concurrency
        login.start = await self._starts.take(profile.user_id, key)

    def make_session(
        self,
        command: Identify,
        auth: AuthSession,
        account: Account,
        application: Application | None,
        *,
        start: Start | None,
    ) -> Session:
        """Make the session that an Identify asks for. It has a place in the table, and is attached to nothing yet.

        `start` is that of a bot.

        Raises:
            Refusal: for wrong fields, for too many identifies, and for too many sessions.
        """
        gateway, user = self._gateway, account.user
        profile = self._make_profile(command, auth, account, application, session_id=self._new_session_id())
        if user.bot and (start is None or not start.is_allowed):
            hold_s = 0.0 if start is None else start.hold_s
            raise self._too_many("identifies", user.id, hold_s=min(hold_s, MAX_HOLD_S))
        if not self._make_room(user.id):
            raise self.too_many_sessions(user.id)
        session = Session(profile, replay_events=gateway.replay_events, replay_bytes=gateway.session_buffer_bytes)
        self._table.reserve(session)
        return session

    def _make_profile(
        self,
        command: Identify,
        auth: AuthSession,
        account: Account,
        application: Application | None,
        *,
        session_id: str = "",
    ) -> SessionProfile:
        return make_profile(
            command,
            auth,
            account.user,
            application,
            session_id=session_id,
            default_large_threshold=self._gateway.large_threshold,
        )

    def too_many_sessions(self, user_id: int) -> Refusal:
        """Note that a user has too many sessions, and return the refusal."""
        return self._too_many("sessions", user_id)

    def _make_room(self, user_id: int) -> bool:
        here = self._limits.rates.sessions_per_user - self._users.count_elsewhere(user_id)
        return self._table.make_room(user_id, here) or self._users.end_lost_elsewhere(user_id)

    def _too_many(self, limit: str, user_id: int, *, hold_s: float = 0.0) -> Refusal:
        self._metrics.limit_refusals_total.labels(limit).inc()
        logger.warning("refused by a limit", extra={"limit": limit, "who": str(user_id)})
        return Refusal(None, hold_s=hold_s)
