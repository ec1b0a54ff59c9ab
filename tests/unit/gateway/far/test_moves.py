"""What the cuts of the journal are told of sessions that are on their way to another home of a guild."""

import asyncio
from collections.abc import Coroutine
from types import SimpleNamespace
from typing import Any, cast

import pytest

from core.domain.ids import shard_of
from gateway.events.log_progress import LogProgress
from gateway.events.session_positions import of_session
from gateway.far.far_guilds import FarGuilds, Stranded
from gateway.far.far_session import FarSession
from gateway.far.far_sessions import FarSessions
from gateway.far.moves import STARTS_A_TURN, Moves
from gateway.scheduling.tasks import Tasks
from gateway.sessions.session_guild import SessionGuild
from tests.support.gateway.neighbours import FixedHomes
from tests.support.gateway.sessions import make_session

SHARDS = 4
GUILDS = [1 << 22, 2 << 22]
NOT_ASKED = cast("Any", None)


def make_moves(tasks: Tasks) -> Moves:
    """Return the moves of a worker where no guild has a home."""
    homes = FixedHomes(own="host", num_shards=SHARDS, owner_of=lambda _shard: "")
    far = FarGuilds(
        links=NOT_ASKED,
        home_of=homes.home_of,
        sessions=FarSessions(on_dispatch=lambda _event, _sessions: None),
        positions=NOT_ASKED,
        presences=NOT_ASKED,
        parts=NOT_ASKED,
    )
    return Moves(
        far=far,
        here=NOT_ASKED,
        guilds=NOT_ASKED,
        homes=homes,
        own="host",
        progress=LogProgress(),
        tasks=tasks,
        num_shards=SHARDS,
        on_end=lambda _outcome: None,
    )


async def test_session_of_the_journal_has_positions_of_its_own_while_it_moves() -> None:
    tasks = Tasks()
    moves = make_moves(tasks)
    shards = {guild_id: shard_of(guild_id, SHARDS) for guild_id in GUILDS}
    positions = {shard: 10 + shard for shard in shards.values()}
    for place in (-1, 7):
        session, _ = make_session(1, session_id=f"at {place}")
        session.place = place
        await moves.bring_back(session, [SessionGuild(guild_id=each) for each in GUILDS], positions, wait_s=0)
    assert moves.positions_behind() == {of_session(7, shard): at for shard, at in positions.items()}
    tasks.close()


async def test_session_is_as_far_in_a_shard_as_in_the_guild_that_is_behind_most() -> None:
    tasks = Tasks()
    moves = make_moves(tasks)
    guild_id = GUILDS[0]
    shard = shard_of(guild_id, SHARDS)
    other_id = next(each << 22 for each in range(2, 100) if shard_of(each << 22, SHARDS) == shard)
    session, _ = make_session(1)
    session.place = 0
    for each, position in ((guild_id, 5), (other_id, 9)):
        await moves.bring_back(session, [SessionGuild(guild_id=each)], {shard: position}, wait_s=0)
    assert moves.positions_behind() == {of_session(0, shard): 5}
    tasks.close()


async def test_session_that_has_its_seat_is_behind_no_more() -> None:
    """Its move may have yet to hear of it, when the cut is made."""
    tasks = Tasks()
    moves = make_moves(tasks)
    session, _ = make_session(1)
    session.place = 0
    await moves.bring_back(session, [SessionGuild(guild_id=GUILDS[0])], {shard_of(GUILDS[0], SHARDS): 5}, wait_s=0)
    session.slots[GUILDS[0]] = 3
    assert moves.positions_behind() == {}
    tasks.close()


class Starts:
    """Tasks that only count the moves that begin to ask, by the turns of the loop."""

    def __init__(self) -> None:
        self.turn = 0
        self.begun: dict[int, int] = {}

    def spawn(self, coroutine: Coroutine[Any, Any, None]) -> None:
        if coroutine.__name__ == "_move":
            self.begun[self.turn] = self.begun.get(self.turn, 0) + 1
            coroutine.close()
        else:
            self.running = asyncio.ensure_future(coroutine)


@pytest.mark.parametrize("crowd", [10, 1000])
async def test_crowd_begins_to_ask_some_at_a_time_while_other_work_goes_on(crowd: int) -> None:
    starts = Starts()
    moves = make_moves(cast("Any", starts))
    known = SessionGuild(guild_id=GUILDS[0])
    sessions = [make_session(1, session_id=str(number))[0] for number in range(crowd)]
    stranded = [
        Stranded(FarSession(number, session, is_live=True), GUILDS[0], known, after=5)
        for number, session in enumerate(sessions)
    ]
    for place, session in enumerate(sessions):
        session.place = place
    moves._far = cast("Any", SimpleNamespace(lose=lambda _peer: stranded))
    moves.lose("home")
    assert len(moves.positions_behind()) == crowd
    while sum(starts.begun.values()) < crowd:
        await asyncio.sleep(0)  # the other work
        starts.turn += 1
    assert max(starts.begun.values()) == min(crowd, STARTS_A_TURN)
