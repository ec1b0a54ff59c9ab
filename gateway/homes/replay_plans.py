"""The plans of replays to sessions that come back, counted by the way that they go."""

import logging
from collections.abc import Callable, Sequence

from core.bus.interfaces import Delivery
from gateway.guilds.guild_replay import InexactReplayError, Plan, Way
from gateway.guilds.guild_stay import GuildStay
from gateway.sessions.seat import Seat
from gateway.sessions.session_guild import SessionGuild

logger = logging.getLogger(__name__)


class ReplayPlans:
    __slots__ = ("_on_planned",)

    def __init__(self, *, on_planned: Callable[[Way], None]) -> None:
        """`on_planned` takes the way of each replay of a guild to a session, of those that are refused as well."""
        self._on_planned = on_planned

    def make(self, stay: GuildStay, session: Seat, known: SessionGuild, missed: Sequence[Delivery]) -> Plan:
        """Plan a replay (`GuildStay.plan`). Raises InexactReplayError."""
        try:
            plan = stay.plan(session, known, missed)
        except InexactReplayError as error:
            self._on_planned(error.way)
            logger.info(
                "no exact replay", extra={"guild_id": stay.guild_id, "event": error.event, "reason": error.way.value}
            )
            raise
        self._on_planned(plan.way)
        return plan
