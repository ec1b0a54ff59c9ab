"""Cuts: written when something has happened, of one moment, made up for when they could not be written."""

import struct
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import pytest

from core.runtime.metrics.metrics import Metrics
from core.store.aggregates.session_journal import ANY_CUT, Cut, SessionRecord
from gateway.homes.session_state import SessionState
from gateway.journal.cut_history import CutHistory
from gateway.journal.journal_writer import CUT_GAP_S, WHOLE_GAP_S, JournalWriter
from gateway.journal.session_facts import SessionFacts, find_facts
from gateway.payloads.dispatch_body import DispatchBody
from gateway.sessions.session import Session
from gateway.sessions.session_guild import SessionGuild
from gateway.users.presence import Presence
from tests.fakes.clock import FakeClock
from tests.fakes.gateway.session_homes import FakeSessionHomes
from tests.fakes.memory_journal import MemoryJournal
from tests.support.gateway.sessions import make_session

WINDOW_S = 90.0
BODY = DispatchBody("MESSAGE_CREATE", b"{}")


class EndOfTest(Exception):
    """Ends a loop that has no end."""


class Desk:
    """A writer with what stands around it."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.journal = MemoryJournal()
        self.homes = FakeSessionHomes()
        self.writer = JournalWriter(
            journal=self.journal,
            homes=self.homes,
            incarnation="a",
            clock=self.clock,
            resume_window_s=WINDOW_S,
            metrics=Metrics(),
        )

    def add(self, session_id: str, *, dispatches: int = 0) -> Session:
        session, _ = make_session(1, session_id=session_id)
        for _ in range(dispatches):
            session.dispatch(BODY)
        self.writer.add(session)
        return session

    def move(self, session: Session, *guild_ids: int) -> None:
        """Let a session be in these guilds."""
        known = tuple(SessionGuild(guild_id=each, is_limited=False, subscription=None) for each in guild_ids)
        self.homes.states[session.id] = SessionState(guilds=known)
        session.note_moved()

    @property
    def cuts(self) -> list[Cut]:
        return self.journal.cuts.get("a", [])

    @property
    def newest(self) -> list[tuple[int, int]]:
        """The pairs of the newest cut."""
        return list(struct.iter_unpack("=II", self.cuts[-1].seqs))

    def record(self, session_id: str) -> SessionRecord:
        return self.journal.records[session_id]


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def test_stopped_writer_says_nothing_of_what_comes_after(desk: Desk) -> None:
    session = desk.add("a", dispatches=3)
    await desk.writer.write()
    desk.writer.stop()
    session.dispatch(BODY)
    desk.homes.dispatched[4] = 17
    desk.add("b")
    await desk.writer.write()
    (cut,) = desk.cuts
    assert cut.positions == {}
    assert "b" not in desk.journal.records


async def test_first_cut_is_whole_and_has_a_record_of_each_session(desk: Desk) -> None:
    a, b = desk.add("a", dispatches=3), desk.add("b")
    desk.homes.dispatched[4] = 17
    desk.homes.states["a"] = SessionState(arriving=(8,), presence=Presence(status="idle"))
    await desk.writer.write()
    (cut,) = desk.cuts
    assert (cut.number, cut.is_whole, cut.positions, cut.taken_ms) == (1, True, {4: 17}, desk.clock.now_ms())
    assert desk.newest == [(a.place, 3), (b.place, 0)]
    record = desk.record("a")
    assert (record.holder, record.incarnation, record.first_cut, record.detached_ms) == ("a", "a", 1, 0)
    assert find_facts(record) == SessionFacts(profile=a.profile, state=desk.homes.states["a"])


async def test_nothing_is_written_when_nothing_has_happened(desk: Desk) -> None:
    session = desk.add("a", dispatches=1)
    await desk.writer.write()
    for _ in range(100):
        desk.clock.advance(1)
        await desk.writer.write()
    assert len(desk.cuts) == 1
    session.dispatch(BODY)
    await desk.writer.write()
    assert (len(desk.cuts), desk.newest) == (2, [(session.place, 2)])


async def test_session_that_has_come_is_in_a_cut_soon_and_others_wait_for_theirs(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    cut_at_s: list[float] = []

    async def sleep(delay_s: float) -> None:
        if len(desk.cuts) > len(cut_at_s):
            cut_at_s.append(round(sum(slept), 2))
        if len(cut_at_s) == 2:
            raise EndOfTest
        if cut_at_s:
            session.dispatch(BODY)
        slept.append(delay_s)

    session = desk.add("a", dispatches=1)
    monkeypatch.setattr("gateway.journal.journal_writer.asyncio", SimpleNamespace(sleep=sleep))
    with pytest.raises(EndOfTest):
        await desk.writer.run()
    first_s, second_s = cut_at_s
    assert first_s <= CUT_GAP_S / 4
    assert second_s == first_s + CUT_GAP_S
    assert desk.record("a").first_cut == 1


async def test_positions_alone_are_written_and_nobody_is_described_again(desk: Desk) -> None:
    desk.add("a")
    await desk.writer.write()
    desk.homes.dispatched[1] = 5
    await desk.writer.write()
    assert (desk.cuts[-1].positions, desk.newest) == ({1: 5}, [])
    assert desk.homes.described == ["a"]


async def test_cut_is_not_changed_by_what_happens_after_it(desk: Desk) -> None:
    desk.homes.dispatched[1] = 5
    await desk.writer.write()
    desk.homes.dispatched[1] = 6
    assert desk.cuts[0].positions == {1: 5}


async def test_session_that_has_moved_counts_from_the_cut_that_says_so(desk: Desk) -> None:
    session, other = desk.add("a", dispatches=2), desk.add("b")
    await desk.writer.write()
    desk.move(session, 7)
    await desk.writer.write()
    assert desk.newest == [(session.place, 2)]
    assert (desk.record("a").first_cut, desk.record("b").first_cut) == (2, 1)
    other.note_changed()
    await desk.writer.write()
    assert desk.record("b").first_cut == 1
    assert desk.homes.described == ["a", "b", "a", "b"]


async def test_session_whose_guilds_have_other_homes_counts_from_the_same_cut(desk: Desk) -> None:
    session = desk.add("a")
    desk.move(session, 7, 8)
    await desk.writer.write()
    desk.move(session, 8, 7)
    await desk.writer.write()
    assert desk.newest == [(session.place, 0)]
    assert desk.record("a").first_cut == 1
    desk.move(session, 8)
    await desk.writer.write()
    assert desk.record("a").first_cut == 3


async def test_session_that_has_moved_and_then_changed_has_moved(desk: Desk) -> None:
    session = desk.add("a")
    await desk.writer.write()
    desk.move(session, 7)
    session.note_changed()
    await desk.writer.write()
    assert desk.record("a").first_cut == 2


async def test_session_is_described_ahead_and_again_when_it_changes_after_that(desk: Desk) -> None:
    sessions = [desk.add(f"s{number}") for number in range(150)]
    desk.writer.describe_some()
    assert len(desk.homes.described) == 100
    sessions[0].note_changed()
    desk.homes.states["s0"] = SessionState(arriving=(1,))
    desk.writer.describe_some()
    assert sorted(desk.homes.described) == sorted([*(each.id for each in sessions), "s0"])
    desk.writer.describe_some()
    await desk.writer.write()
    assert len(desk.homes.described) == 151
    facts = find_facts(desk.record("s0"))
    assert facts is not None
    assert facts.state.arriving == (1,)
    sessions[1].note_changed()
    desk.writer.describe_some()
    desk.writer.drop(sessions[1])
    await desk.writer.write()
    assert "s1" not in desk.journal.records


async def test_record_says_since_when_a_session_is_detached(desk: Desk) -> None:
    session = desk.add("a")
    await desk.writer.write()
    session.connection = None
    session.note_changed()
    await desk.writer.write()
    assert desk.record("a").detached_ms == desk.clock.now_ms()


async def test_ended_session_goes_and_its_place_is_given_again(desk: Desk) -> None:
    first = desk.add("a", dispatches=5)
    await desk.writer.write()
    place = first.place
    desk.writer.drop(first)
    desk.writer.drop(first)
    first.note_moved()
    second = desk.add("b", dispatches=5)
    assert (second.place, len(desk.writer)) == (place, 1)
    await desk.writer.write()
    assert set(desk.journal.records) == {"b"}
    assert desk.newest == [(place, 5)]
    assert desk.record("b").first_cut == 2


async def test_session_that_ends_before_its_first_cut_leaves_nothing(desk: Desk) -> None:
    desk.writer.drop(desk.add("a"))
    await desk.writer.write()
    assert desk.journal.records == {}
    assert desk.newest == []


async def test_whole_cuts_come_now_and_then_and_old_cuts_go(desk: Desk) -> None:
    session = desk.add("a")
    for _ in range(400):
        session.dispatch(BODY)
        await desk.writer.write()
        desk.clock.advance(1)
    wholes = [cut.number for cut in desk.cuts if cut.is_whole]
    assert wholes == [301, 331, 361, 391]
    assert desk.cuts[0].number == wholes[0]
    assert wholes[1] - wholes[0] == WHOLE_GAP_S
    # The oldest that is kept is as old as the window at least, and whole.
    assert (desk.cuts[-1].taken_ms - desk.cuts[0].taken_ms) / 1000 >= WINDOW_S


async def test_cut_that_could_not_be_written_is_made_up_for(desk: Desk) -> None:
    session, other, gone = desk.add("a", dispatches=1), desk.add("b", dispatches=1), desk.add("c")
    await desk.writer.write()
    session.note_moved()
    session.dispatch(BODY)
    desk.writer.drop(gone)
    desk.journal.is_down = True
    await desk.writer.write()
    await desk.writer.write()
    desk.journal.is_down = False
    assert set(desk.journal.records) == {"a", "b", "c"}
    await desk.writer.write()
    assert desk.cuts[-1].is_whole
    assert desk.newest == [(session.place, 2), (other.place, 1)]
    assert set(desk.journal.records) == {"a", "b"}
    assert desk.record("a").first_cut == desk.cuts[-1].number == 4


async def test_session_that_ends_while_its_cut_fails_stays_gone(desk: Desk) -> None:
    session = desk.add("a")

    async def fail(*_: Any, **__: Any) -> None:
        desk.writer.drop(session)
        raise RuntimeError

    keep: Callable[..., Awaitable[None]] = desk.journal.write
    desk.journal.write = fail  # type: ignore[method-assign]
    with pytest.raises(RuntimeError):
        await desk.writer.write()
    desk.journal.write = keep  # type: ignore[method-assign, assignment]
    await desk.writer.write()
    assert desk.journal.records == {}


async def test_lost_journal_is_written_anew(desk: Desk) -> None:
    sessions = [desk.add(name, dispatches=2) for name in "ab"]
    await desk.writer.write()
    desk.journal.lose()
    sessions[0].dispatch(BODY)
    await desk.writer.write()
    assert desk.journal.records == {}
    desk.writer.describe_some()
    await desk.writer.write()
    assert set(desk.journal.records) == {"a", "b"}
    assert {record.first_cut for record in desk.journal.records.values()} == {desk.cuts[-1].number}
    assert desk.newest == [(sessions[0].place, 3), (sessions[1].place, 2)]


async def test_lost_records_of_many_are_written_again_some_at_a_time(desk: Desk) -> None:
    sessions = [desk.add(f"s{number}") for number in range(250)]
    await desk.writer.write()
    desk.journal.lose()
    sessions[0].dispatch(BODY)
    await desk.writer.write()
    desk.writer.drop(sessions[7])
    counts = []
    for _ in range(4):
        desk.writer.describe_some()
        await desk.writer.write()
        counts.append(len(desk.journal.records))
    assert counts == [100, 200, 249, 249]


async def test_what_is_written_leads_a_client_back_to_what_it_had(desk: Desk) -> None:
    session = desk.add("a")
    reached = {}
    for number in range(1, 50):
        desk.homes.dispatched[0] = number
        for _ in range(number % 3):
            session.dispatch(BODY)
        await desk.writer.write()
        reached[number] = session.seq
        desk.clock.advance(1)
    for seq in range(session.seq + 1):
        history = CutHistory(journal=desk.journal, incarnation="a")
        found = await history.find(session.place, first_cut=1, last_cut=ANY_CUT, seq=seq)
        best = max((number for number, known in reached.items() if known <= seq), default=None)
        assert (found and found.positions[0]) == best
