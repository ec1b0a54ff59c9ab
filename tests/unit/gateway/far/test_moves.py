"""What the cuts of the journal are told of sessions that are on their way to another home of a guild."""

import asyncio
from collections.abc import Coroutine
from types import SimpleNamespace
from typing import Any, cast

import pytest

from core.domain.ids import shard_of
from gateway.events.log_progress import LogProgress
from gateway.events.session_positions import UNKNOWN, of_session
from gateway.far.crowd import SEATS_A_TURN, STARTS_A_TURN
from gateway.far.far_guilds import FarGuilds
from gateway.far.far_session import FarSession
from gateway.far.far_sessions import FarSessions
from gateway.far.frames import Seated
from gateway.far.home_positions import HomePositions
from gateway.far.moves import Moves
from gateway.far.stranding import Stranding
from gateway.scheduling.tasks import Tasks
from gateway.sessions.session import Session
from gateway.sessions.session_guild import SessionGuild
from tests.support.gateway.neighbours import FixedHomes
from tests.support.gateway.sessions import make_session

SHARDS = 4
GUILDS = [1 << 22, 2 << 22]
NOT_ASKED = cast("Any", None)


def make_moves(tasks: Tasks) -> Moves:
    """Return the moves of a worker where no guild has a home."""
    homes = FixedHomes(own="host", num_shards=SHARDS, owner_of=lambda _shard: "")
    sessions = FarSessions(on_dispatch=lambda _event, _sessions: None, num_shards=SHARDS)
    far = FarGuilds(
        links=NOT_ASKED,
        home_of=homes.home_of,
        sessions=sessions,
        presences=NOT_ASKED,
        parts=NOT_ASKED,
    )
    return Moves(
        far=far,
        stranding=Stranding(sessions=sessions, positions=NOT_ASKED, owner_of=homes.owner_of, send=far.send),
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


class Hall:
    """A worker whose sessions sit in guilds at one home."""

    def __init__(self, sessions: int, guilds: int = 1) -> None:
        self.starts = Starts()
        self.homes = FixedHomes(own="host", num_shards=SHARDS, owner_of=lambda _shard: "home")
        self.sent: list[tuple[str, bytes]] = []
        self.tables = FarSessions(on_dispatch=lambda _event, _sessions: None, num_shards=SHARDS)
        progress = LogProgress(is_here=self.homes.is_here)
        self.positions = HomePositions(progress=progress, owner_of=self.homes.owner_of, num_shards=SHARDS)
        self.positions.reach("home", dict.fromkeys(range(SHARDS), 5))
        far = FarGuilds(
            links=cast("Any", SimpleNamespace(send=self._send)),
            home_of=self.homes.home_of,
            sessions=self.tables,
            presences=NOT_ASKED,
            parts=NOT_ASKED,
        )
        self.lost: list[Session] = []
        far.hand_to(cast("Any", SimpleNamespace(note_lost=self.lost.append)))
        self.moves = Moves(
            far=far,
            stranding=Stranding(
                sessions=self.tables, positions=self.positions, owner_of=self.homes.owner_of, send=far.send
            ),
            here=NOT_ASKED,
            guilds=cast("Any", SimpleNamespace(actors_of=lambda _shard: [])),
            homes=self.homes,
            own="host",
            progress=progress,
            tasks=cast("Any", self.starts),
            num_shards=SHARDS,
            on_end=lambda _outcome: None,
        )
        self.homes.on_change(self.moves.follow_map)
        self.guests = [self._seat(far, number, (number % guilds + 1) << 22) for number in range(sessions)]

    def _send(self, peer: str, frame: bytes) -> bool:
        self.sent.append((peer, frame))
        return True

    def _seat(self, far: FarGuilds, number: int, guild_id: int) -> FarSession:
        session, _ = make_session(number + 1, session_id=str(number))
        session.place = number
        guest = far.know(session)
        guest.guilds[guild_id] = SessionGuild(guild_id=guild_id)
        self.tables.seat("home", guest, Seated(guest.number, guild_id, number, 0))
        return guest

    @property
    def seated(self) -> int:
        """The number of sessions that have their slots."""
        return sum(bool(guest.session.slots) for guest in self.guests)

    async def turn(self) -> None:
        """Let the others have a turn of the loop."""
        await asyncio.sleep(0)
        self.starts.turn += 1


@pytest.mark.parametrize("crowd", [10, 1000])
async def test_crowd_that_loses_its_home_moves_some_at_a_time_and_is_behind_all_the_while(crowd: int) -> None:
    hall = Hall(crowd, guilds=3)
    hall.moves.lose("home")
    seated = crowd
    while sum(hall.starts.begun.values()) < crowd:
        assert hall.moves.positions_behind() == {
            of_session(number, shard_of((number % 3 + 1) << 22, SHARDS)): 5 for number in range(crowd)
        }
        assert seated - hall.seated <= SEATS_A_TURN
        seated = hall.seated
        await hall.turn()
    assert not hall.seated
    assert max(hall.starts.begun.values()) == min(crowd, STARTS_A_TURN)
    assert not list(hall.tables.list_lost())
    assert not hall.sent


@pytest.mark.parametrize("crowd", [10, 1000])
async def test_crowd_leaves_a_former_home_some_at_a_time_before_it_asks_the_next_one(crowd: int) -> None:
    hall = Hall(crowd)
    hall.homes.move(lambda _shard: "next")
    seated = crowd
    while sum(hall.starts.begun.values()) < crowd:
        assert seated - hall.seated <= SEATS_A_TURN
        seated = hall.seated
        assert hall.positions.counts("home", GUILDS[0]) == bool(seated)
        assert bool(hall.starts.begun) <= (not seated)
        await hall.turn()
    assert max(hall.starts.begun.values()) == min(crowd, STARTS_A_TURN)
    assert [peer for peer, _ in hall.sent] == ["home"] * crowd


async def test_home_in_the_middle_of_what_it_says_keeps_its_crowd_until_it_has_said_the_rest() -> None:
    hall = Hall(1000)
    hall.homes.move(lambda _shard: "next")
    await hall.turn()
    left = hall.seated
    hall.positions.touch("home", GUILDS[0])
    while hall.moves._crowd._taking:
        await hall.turn()
    assert hall.seated == left
    hall.positions.reach("next", {shard_of(GUILDS[0], SHARDS): 9})  # whose word does not count yet
    hall.positions.reach("home", {shard_of(GUILDS[0], SHARDS): 7})
    hall.moves.note_whole("another")
    assert hall.seated
    hall.moves.note_whole("home")
    while hall.seated:
        await hall.turn()
    after = [guest.moving[GUILDS[0]].after for guest in hall.guests]
    assert sorted(set(after)) == [5, 7]
    assert hall.positions.counts("next", GUILDS[0])


async def test_who_has_left_before_its_turn_is_not_moved() -> None:
    hall = Hall(1000)
    hall.moves.lose("home")
    ended = next(guest for guest in reversed(hall.guests) if guest.session.slots)
    hall.tables.forget(ended)
    while hall.seated:
        await hall.turn()
    assert not ended.moving
    assert sum(bool(guest.moving) for guest in hall.guests) == 999


async def test_guild_that_comes_back_to_its_home_keeps_the_rest_of_its_crowd() -> None:
    hall = Hall(1000)
    hall.homes.move(lambda _shard: "next")
    await hall.turn()
    hall.homes.move(lambda _shard: "home")
    left = hall.seated
    while hall.moves._crowd._taking:
        await hall.turn()
    assert hall.seated == left > 0
    assert hall.positions.counts("home", GUILDS[0])


async def test_seat_of_a_next_conversation_is_not_taken_for_one_that_is_lost() -> None:
    hall = Hall(300)
    hall.moves.lose("home")
    guest = next(each for each in hall.guests if each.session.slots)
    hall.tables.seat("home", guest, Seated(guest.number, GUILDS[0], 0, 1))
    while hall.moves._crowd._taking:
        await hall.turn()
    assert guest.session.slots == {GUILDS[0]: 0}
    guild = hall.tables.find_guild("home", GUILDS[0])
    assert guild is not None
    assert guild.sessions() == [guest.session]


async def test_guild_of_which_a_part_may_have_come_has_no_position_until_its_crowd_begins_anew() -> None:
    hall = Hall(300)
    hall.positions.touch("home", GUILDS[0])
    hall.moves.lose("home")
    waiting = [guest.session.place for guest in hall.guests if guest.session.slots]
    shard = shard_of(GUILDS[0], SHARDS)
    assert hall.moves.positions_behind() == {of_session(place, shard): UNKNOWN for place in waiting}
    while hall.moves._crowd._taking:
        await hall.turn()
    assert len(hall.lost) == 300
