"""The homes of a cluster, as the journal and the resume use them."""

from collections.abc import Callable, Mapping

import msgspec
from typing_extensions import override

from gateway.far.far_entrance import FarEntrance
from gateway.far.far_guilds import FarGuilds
from gateway.homes.session_restoring import SessionRestoring
from gateway.homes.session_state import RestoreRefusal, SessionHomes, SessionState
from gateway.sessions.seat import Seat


class ClusterSessions(SessionHomes):
    """`is_here` says whether a guild's home is here."""

    __slots__ = ("_entrance", "_far", "_here", "_is_here")

    def __init__(
        self, *, here: SessionRestoring, far: FarGuilds, entrance: FarEntrance, is_here: Callable[[int], bool]
    ) -> None:
        """`entrance` is that into guilds elsewhere."""
        self._entrance = entrance
        self._far = far
        self._here = here
        self._is_here = is_here

    @override
    def describe(self, session: Seat) -> SessionState:
        state = self._here.describe(session)
        return msgspec.structs.replace(
            state,
            guilds=(*state.guilds, *self._far.describe(session)),
            arriving=(*state.arriving, *self._entrance.arriving(session)),
        )

    @override
    def positions(self) -> Mapping[int, int]:
        return self._here.positions()

    @override
    async def restore(self, session: Seat, state: SessionState, positions: Mapping[int, int]) -> RestoreRefusal | None:
        """Bring a session back whose guilds are all here. Elsewhere nothing is replayed yet."""
        if not all(self._is_here(guild.guild_id) for guild in state.guilds):
            return RestoreRefusal.ELSEWHERE
        return await self._here.restore(session, state, positions)
