"""The homes of a cluster, as the journal and the resume use them.

```
 a session of another process ─→ its user and its guilds here, in one turn (`gateway.homes.session_restoring`)
                              ─→ its guilds elsewhere, each by a move from its position (`gateway.far.moves`)
                              ─→ RESUMED, at the latest after WAIT_S
```

So a worker that has just died is no obstacle: while its shards have no home yet, the session waits for its guilds there
as all others do that were in them.
"""

from collections.abc import Callable, Mapping
from typing import Final

import msgspec
from typing_extensions import override

from gateway.far.far_entrance import FarEntrance
from gateway.far.far_guilds import FarGuilds
from gateway.far.guild_homes import ClusterGuilds
from gateway.far.moves import Moves
from gateway.homes.session_restoring import SessionRestoring
from gateway.homes.session_state import RestoreRefusal, SessionHomes, SessionState
from gateway.sessions.seat import Seat
from gateway.sessions.session import Session

WAIT_S: Final = 5.0
"""The time in which a dead worker's shards are taken over. Who has waited so long goes on without those guilds."""


class ClusterSessions(SessionHomes):
    """`is_here` says whether a guild's home is here."""

    __slots__ = ("_entrance", "_far", "_guilds", "_here", "_is_here", "_moves")

    def __init__(
        self,
        *,
        here: SessionRestoring,
        far: FarGuilds,
        entrance: FarEntrance,
        guilds: ClusterGuilds,
        moves: Moves,
        is_here: Callable[[int], bool],
    ) -> None:
        """`entrance` is that into guilds elsewhere, `guilds` are all of the cluster."""
        self._entrance = entrance
        self._far = far
        self._guilds = guilds
        self._here = here
        self._is_here = is_here
        self._moves = moves

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
        return {**self._here.positions(), **self._moves.positions_behind()}

    @override
    async def restore(self, session: Seat, state: SessionState, positions: Mapping[int, int]) -> RestoreRefusal | None:
        """Bring a session back, as `gateway.homes.session_state.SessionHomes` says.

        Of a guild whose home is not found in time it is sent what it missed later.
        """
        assert isinstance(session, Session), "a session of this process"  # noqa: S101 - for the type checker
        here = tuple(known for known in state.guilds if self._is_here(known.guild_id))
        away = [known for known in state.guilds if not self._is_here(known.guild_id)]
        state = msgspec.structs.replace(state, guilds=here)
        refusal = await self._here.restore(session, state, positions, into=self._guilds)
        if refusal is not None or not away:
            return refusal
        await self._moves.bring_back(session, away, positions, wait_s=WAIT_S)
        return RestoreRefusal.ELSEWHERE if session.is_ended else None
