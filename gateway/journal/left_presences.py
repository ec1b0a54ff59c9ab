"""The presences of users whose sessions have not come back: others are told that they are offline.

Clients that have resumed still show everybody as they were before the process ended. Who comes back within the grace
is shown as before; of all others the guilds are told. Who has begun another session meanwhile is told of with the
presence of now. Since when the others have been offline is told to the API (`core.domain.people.last_seen`). Of a
cluster's workers one tells of each that has died.
"""

import asyncio
import logging
from typing import Final

from core.domain.errors import Unavailable
from gateway.homes.home_port import UserHome
from gateway.homes.session_state import SessionState
from gateway.journal.left_sessions import LeftSessions
from gateway.journal.session_facts import find_facts
from gateway.users.presence import OFFLINE, merge_presences

logger = logging.getLogger(__name__)

_LOOK_S: Final = 1.0
"""The time between looks for others that have died."""

_TOLD_AT_ONCE: Final = 100
"""The sessions whose users are told of in one turn of the loop."""


class LeftPresences:
    __slots__ = ("_grace_s", "_left", "_told", "_users")

    def __init__(self, *, left: LeftSessions, users: UserHome, grace_s: float) -> None:
        """`grace_s` is as long as a lost socket is not told to others (`gateway.users.socket_grace`)."""
        self._grace_s = grace_s
        self._left = left
        self._told: set[str] = set()
        """The incarnations that somebody has told of."""
        self._users = users

    async def run(self) -> None:
        """Tell of all who have not come back after the grace."""
        await asyncio.sleep(self._grace_s)
        while not self._left.are_gone:
            try:
                await self.look()
            except Unavailable:
                logger.warning("users who have not come back may be shown as online until they do")
            await asyncio.sleep(_LOOK_S)

    async def look(self) -> None:
        """Tell of those whose grace is over now. Raises Unavailable."""
        ended = self._left.list_ended(for_s=self._grace_s)
        self._told.intersection_update(ended)
        for each in ended:
            if each not in self._told:
                if await self._left.take_charge(each):
                    await self._tell_all(each)
                self._told.add(each)

    async def tell_later(self, user_id: int, state: SessionState) -> None:
        """Tell of a user whose session could not be restored."""
        await asyncio.sleep(self._grace_s)
        self._tell(user_id, state)

    async def _tell_all(self, ended: str) -> None:
        told = 0
        async for record in self._left.list_records(ended):
            facts = find_facts(record)
            if facts is None:
                continue
            self._tell(record.user_id, facts.state)
            if merge_presences([(facts.profile.platform, facts.state.presence)]) != OFFLINE:
                self._users.publish_unseen(record.user_id, await self._left.find_end_ms(record))
            told += 1
            if told % _TOLD_AT_ONCE == 0:
                await asyncio.sleep(0)

    def _tell(self, user_id: int, state: SessionState) -> None:
        self._users.publish_presence(user_id, [guild.guild_id for guild in state.guilds])
