"""Users who have not come back are told to be offline, in the guilds that their sessions were in."""

import asyncio
from collections.abc import Iterable

import msgspec
import pytest

from core.store.aggregates.session_journal import Cut, SessionRecord
from gateway.homes.session_state import SessionState
from gateway.journal.left_presences import LeftPresences
from gateway.journal.left_sessions import LeftSessions
from gateway.journal.session_facts import SessionFacts, encode_facts
from gateway.sessions.session_guild import SessionGuild
from gateway.users.presence import Presence
from tests.fakes.clock import FakeClock
from tests.fakes.memory_journal import MemoryJournal
from tests.support.gateway.sessions import make_session


class House:
    """The users of a process that has begun anew."""

    def __init__(self, *, is_shared: bool = False) -> None:
        self.journal = MemoryJournal(is_shared=is_shared)
        self.clock = FakeClock()
        self.told: list[tuple[int, list[int]]] = []
        self.unseen: list[tuple[int, int]] = []
        self.left = LeftSessions(journal=self.journal, incarnation="b", clock=self.clock, resume_window_s=60)
        self.presences = LeftPresences(left=self.left, users=self, grace_s=10.0)  # type: ignore[arg-type]

    async def tell(self) -> None:
        """Tell of all whose grace is over."""
        await self.left.look()
        await self.presences.look()

    def publish_presence(self, user_id: int, guild_ids: Iterable[int]) -> None:
        self.told.append((user_id, list(guild_ids)))

    def publish_unseen(self, user_id: int, at_ms: int) -> None:
        self.unseen.append((user_id, at_ms))

    def leave_behind(
        self,
        session_id: str,
        user_id: int,
        guild_ids: Iterable[int],
        *,
        facts: bytes = b"",
        status: str = "online",
        detached_ms: int = 0,
    ) -> None:
        state = SessionState(
            guilds=tuple(SessionGuild(guild_id=each) for each in guild_ids), presence=Presence(status=status)
        )
        profile = make_session(user_id)[0].profile
        self.journal.records[session_id] = SessionRecord(
            session_id=session_id,
            user_id=user_id,
            token_hash=b"",
            holder="a",
            incarnation="a",
            place=0,
            first_cut=1,
            detached_ms=detached_ms,
            facts=facts or encode_facts(SessionFacts(profile=profile, state=state)),
        )


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let no time pass, and record the waits."""
    waits: list[float] = []

    async def sleep(delay_s: float) -> None:
        waits.append(delay_s)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    return waits


async def test_only_who_has_not_come_back_is_told_of_once() -> None:
    house = House()
    house.leave_behind("a", 1, [10, 11])
    house.leave_behind("b", 2, [10])
    house.leave_behind("c", 3, [10], facts=b"of another version")
    house.journal.records["b"] = msgspec.structs.replace(house.journal.records["b"], holder="b")
    await house.tell()
    assert house.told == [(1, [10, 11])]
    await house.tell()
    assert len(house.told) == 1


async def test_who_was_seen_is_unseen_since_the_socket_was_lost_or_the_process_ended() -> None:
    house = House()
    for number, taken_ms in ((1, 100), (2, 200)):
        cut = Cut(incarnation="a", number=number, taken_ms=taken_ms, is_whole=True, positions={}, seqs=b"")
        await house.journal.write(cut)
    house.leave_behind("a", 1, [10])
    house.leave_behind("b", 2, [10], detached_ms=150)
    house.leave_behind("c", 3, [10], status="invisible")
    await house.tell()
    assert house.unseen == [(1, 200), (2, 150)]


async def test_user_whose_session_was_refused_is_told_of_later(waits: list[float]) -> None:
    house = House()
    state = SessionState(guilds=(SessionGuild(guild_id=10),))
    await house.presences.tell_later(1, state)
    assert house.told == [(1, [10])]
    assert waits == [10.0]


async def test_many_are_told_of_in_several_turns(waits: list[float]) -> None:
    house = House()
    for number in range(250):
        house.leave_behind(f"{number}", number + 1, [10])
    await house.tell()
    assert len(house.told) == 250
    assert waits == [0, 0]


async def test_grace_comes_first_and_a_journal_that_is_down_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    house = House()
    house.leave_behind("a", 1, [10])
    await house.left.look()
    steps: list[tuple[float, int]] = []

    async def sleep(delay_s: float) -> None:
        steps.append((delay_s, len(house.told)))
        house.journal.is_down = len(steps) == 1
        if len(steps) == 4:
            raise asyncio.CancelledError

    monkeypatch.setattr(asyncio, "sleep", sleep)
    with pytest.raises(asyncio.CancelledError):
        await house.presences.run()
    assert steps == [(10.0, 0), (1.0, 0), (1.0, 1), (1.0, 1)]


async def test_one_of_several_workers_tells_of_each_that_has_died_after_its_grace() -> None:
    house = House(is_shared=True)
    house.leave_behind("s", 1, [10])
    house.journal.leases["a"] = "a"
    await house.tell()
    house.journal.leases.clear()
    await house.tell()
    assert house.told == []
    house.clock.advance(10)
    await house.tell()
    await house.tell()
    assert house.told == [(1, [10])]

    other = House(is_shared=True)
    other.leave_behind("s", 1, [10])
    other.journal.charges["a"] = "c"
    await other.left.look()
    other.clock.advance(10)
    await other.tell()
    assert other.told == []
