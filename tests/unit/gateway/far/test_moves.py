"""What the cuts of the journal are told of sessions that are on their way to another home of a guild."""

from typing import Any, cast

from core.domain.ids import shard_of
from gateway.events.log_progress import LogProgress
from gateway.events.session_positions import of_session
from gateway.far.far_guilds import FarGuilds
from gateway.far.far_sessions import FarSessions
from gateway.far.moves import Moves
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
