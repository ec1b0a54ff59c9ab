"""Sessions of an earlier process: given to who has the token, with what was missed, however clients come and go."""

import asyncio
from typing import Any

import msgspec
import pytest

from core.domain.tokens import hash_token
from core.runtime.metrics.metrics import Metrics
from core.runtime.settings.settings import GatewaySettings
from core.store.aggregates.session_journal import Cut
from core.wire.opcodes import Opcode
from gateway.commands.commands import Resume, Unheeded
from gateway.homes.session_state import RestoreRefusal, SessionState
from gateway.journal.journal import Journal
from gateway.journal.journal_writer import JournalWriter
from gateway.journal.left_sessions import LeftSessions
from gateway.journal.taken_sessions import TakenSessions
from gateway.login.restoration import Restoration
from gateway.login.restoring import Restoring
from gateway.login.resume import Resuming
from gateway.payloads.dispatch_body import DispatchBody
from gateway.sessions.session import Session
from gateway.sessions.session_table import SessionTable
from tests.fakes.clock import FakeClock
from tests.fakes.gateway.gateway_connection import FakeConnection
from tests.fakes.gateway.session_homes import FakeSessionHomes
from tests.fakes.memory_journal import MemoryJournal
from tests.fakes.timers import FakeTimers
from tests.support.gateway.sessions import make_session

TOKEN = "token"
STATE = SessionState(arriving=(9,))


class _Users:
    """The users' home, which is told who is back."""

    def __init__(self) -> None:
        self.regained: list[str] = []

    def regain(self, session: Session) -> None:
        self.regained.append(session.id)


class _Port:
    def __init__(self) -> None:
        self.users = _Users()


class Process:
    """One life of a gateway, as far as resumes go."""

    def __init__(self, journal: MemoryJournal, incarnation: str) -> None:
        self.clock = FakeClock()
        self.timers = FakeTimers(self.clock)
        self.homes = FakeSessionHomes()
        self.metrics = Metrics()
        self.port = _Port()
        self.commands: list[object] = []
        self.owed: list[tuple[int, SessionState]] = []
        self.tasks: list[asyncio.Task[None]] = []
        options = GatewaySettings()
        self.writer = JournalWriter(
            journal=journal,
            homes=self.homes,
            incarnation=incarnation,
            clock=self.clock,
            resume_window_s=options.resume_window_s,
            metrics=self.metrics,
        )
        self.table = SessionTable(
            resume_window_s=options.resume_window_s,
            linger_s=options.presence_grace_s,
            call_later=self.timers.call_later,
            on_added=self.writer.add,
            on_lost=lambda _: None,
            on_parted=(),
            on_ended=[self.writer.drop],
        )
        self.left = LeftSessions(
            journal=journal, incarnation=incarnation, clock=self.clock, resume_window_s=options.resume_window_s
        )
        restoring = Restoring(
            journal=Journal(self.writer, self.left, self, TakenSessions(journal=journal, incarnation=incarnation)),  # type: ignore[arg-type]
            homes=self.homes,
            table=self.table,
            commands=self,  # type: ignore[arg-type]
            tasks=self,  # type: ignore[arg-type]
            options=options,
            metrics=self.metrics,
        )
        self.resuming = Resuming(
            table=self.table,
            homes=self.port,  # type: ignore[arg-type]
            restoring=restoring,
            metrics=self.metrics,
        )

    def spawn(self, coroutine: Any) -> None:
        self.tasks.append(asyncio.get_running_loop().create_task(coroutine))

    async def tell_later(self, user_id: int, state: SessionState) -> None:
        self.owed.append((user_id, state))

    def take(self, session: Session, command: object) -> None:
        self.commands.append((session.id, command))

    def add(self, session_id: str = "s", *, dispatches: int) -> Session:
        session, connection = make_session(1, session_id=session_id)
        session.profile = msgspec.structs.replace(session.profile, token_hash=hash_token(TOKEN))
        connection.session = session
        self.homes.states[session_id] = STATE
        for _ in range(dispatches):
            session.dispatch(DispatchBody("MESSAGE_CREATE", b"{}"))
        self.table.reserve(session)
        self.table.add(session)
        return session

    def resume(self, *, seq: int | None, token: str = TOKEN, session_id: str = "s") -> FakeConnection:
        connection = FakeConnection()
        connection.admit_person = lambda: None  # type: ignore[attr-defined]
        command = Resume(token=token, session_id=session_id, seq=seq)
        self.resuming.resume(connection, command)  # type: ignore[arg-type]
        return connection

    async def settle(self) -> None:
        await asyncio.gather(*self.tasks)

    def outcomes(self) -> dict[str, float]:
        samples = next(iter(self.metrics.connections.resume_total.collect())).samples
        return {each.labels["outcome"]: each.value for each in samples if each.name.endswith("_total") and each.value}


@pytest.fixture
def journal() -> MemoryJournal:
    return MemoryJournal()


@pytest.fixture
async def second(journal: MemoryJournal) -> Process:
    """A process that begins after another was killed, whose session "s" had five dispatches at the last cut."""
    first = Process(journal, "a")
    first.add(dispatches=5)
    first.homes.dispatched[3] = 30
    await first.writer.write()
    second = Process(journal, "b")
    second.homes.on_restore = replay
    return second


def replay(session: Session) -> None:
    """Dispatch two events that were missed."""
    for text in (b'"one"', b'"two"'):
        session.dispatch(DispatchBody("MESSAGE_CREATE", text))


def seqs(connection: FakeConnection) -> list[tuple[str, int]]:
    return [(event, seq) for event, _, seq in connection.dispatched]


async def test_client_gets_what_it_missed_with_numbers_that_go_on(second: Process) -> None:
    connection = second.resume(seq=7)
    assert connection.dispatched == []
    await second.settle()
    assert seqs(connection) == [("MESSAGE_CREATE", 8), ("MESSAGE_CREATE", 9), ("RESUMED", 10)]
    assert second.homes.restored == [("s", STATE, {3: 30})]
    session = second.table.find("s")
    assert session is connection.session
    assert second.port.users.regained == ["s"]
    assert second.outcomes() == {"restored": 1}


async def test_restored_session_is_journalled_and_restored_once_more(second: Process, journal: MemoryJournal) -> None:
    second.resume(seq=7)
    await second.settle()
    await second.writer.write()
    assert journal.records["s"].holder == "b"
    third = Process(journal, "c")
    connection = third.resume(seq=10)
    await third.settle()
    assert seqs(connection) == [("RESUMED", 11)]


async def test_process_that_is_killed_before_its_first_cut_leaves_the_session(
    second: Process, journal: MemoryJournal
) -> None:
    second.resume(seq=7)
    await second.settle()
    third = Process(journal, "c")
    connection = third.resume(seq=10)
    await third.settle()
    assert seqs(connection) == [("RESUMED", 11)]
    assert third.homes.restored == [("s", STATE, {3: 30})]


@pytest.mark.parametrize(
    ("asked", "outcome", "close_code"),
    [
        ({"seq": 4}, "no_cut", None),
        ({"seq": None}, "no_cut", None),
        ({"seq": 7, "token": "other"}, "unknown", None),
        ({"seq": 7, "session_id": "other"}, "unknown", None),
        ({"seq": 1 << 31}, "invalid_seq", 4007),
        ({"seq": -1}, "invalid_seq", 4007),
    ],
)
async def test_client_that_cannot_go_on_is_told(
    second: Process, asked: dict[str, Any], outcome: str, close_code: int | None
) -> None:
    connection = second.resume(**asked)
    await second.settle()
    assert second.outcomes() == {outcome: 1}
    assert connection.session is None
    assert second.homes.restored == []
    if close_code is None:
        assert connection.sent == [(Opcode.INVALID_SESSION, False)]
    else:
        assert connection.close_code is not None
        assert connection.close_code.code == close_code
    good = second.resume(seq=5)
    await second.settle()
    assert seqs(good)[-1] == ("RESUMED", 8)


@pytest.mark.parametrize(
    ("refusal", "close_code"),
    [
        (RestoreRefusal.VIEWS, None),
        (RestoreRefusal.TRIMMED, None),
        (RestoreRefusal.REVOKED, 4004),
    ],
)
async def test_session_that_the_homes_refuse_is_gone(
    second: Process, journal: MemoryJournal, refusal: RestoreRefusal, close_code: int | None
) -> None:
    second.homes.on_restore = lambda _: refusal
    connection = second.resume(seq=7)
    await second.settle()
    assert second.outcomes() == {refusal.value: 1}
    assert (connection.close_code and connection.close_code.code) == close_code
    assert (len(second.table), list(second.table.sessions_of(1))) == (0, [])
    await second.settle()
    assert second.owed == [(1, STATE)]
    await second.writer.write()
    assert journal.records == {}


async def test_failure_leaves_the_session_for_another_try(second: Process) -> None:
    def fail(_: Session) -> None:
        raise RuntimeError("a fault")

    second.homes.on_restore = fail
    connection = second.resume(seq=7)
    await second.settle()
    assert connection.close_code is not None
    assert connection.close_code.may_resume
    assert list(second.table.sessions_of(1)) == []
    second.homes.on_restore = replay
    again = second.resume(seq=7)
    await second.settle()
    assert seqs(again)[-1] == ("RESUMED", 10)


async def test_journal_that_is_down_lets_the_client_try_again(second: Process, journal: MemoryJournal) -> None:
    journal.is_down = True
    connection = second.resume(seq=7)
    await second.settle()
    assert connection.close_code is not None
    assert connection.close_code.may_resume
    assert second.outcomes() == {"unavailable": 1}


async def test_second_connection_takes_the_place_of_the_first(second: Process) -> None:
    first = second.resume(seq=7)
    other = second.resume(seq=7)
    assert first.close_code is not None
    assert first.session is None
    await second.settle()
    assert first.dispatched == []
    assert seqs(other) == [("MESSAGE_CREATE", 8), ("MESSAGE_CREATE", 9), ("RESUMED", 10)]
    assert len(second.homes.restored) == 1


async def test_connection_with_another_token_does_not_take_the_place(second: Process) -> None:
    first = second.resume(seq=7)
    thief = second.resume(seq=7, token="other")
    assert thief.sent == [(Opcode.INVALID_SESSION, False)]
    await second.settle()
    assert seqs(first)[-1] == ("RESUMED", 10)


async def test_client_that_vanishes_finds_its_session_detached(second: Process) -> None:
    first = second.resume(seq=7)
    restoration = first.session
    assert isinstance(restoration, Restoration)
    restoration.lose(first, is_unwanted=False)  # type: ignore[arg-type]
    await second.settle()
    session = second.table.find("s")
    assert session is not None
    assert session.connection is None
    again = second.resume(seq=7)
    assert seqs(again) == [("MESSAGE_CREATE", 8), ("MESSAGE_CREATE", 9), ("RESUMED", 10)]
    assert second.outcomes() == {"resumed": 1}


async def test_vanished_session_ends_when_its_window_is_over(second: Process) -> None:
    first = second.resume(seq=7)
    first.session.lose(first, is_unwanted=False)
    await second.settle()
    second.timers.advance(GatewaySettings().resume_window_s)
    assert second.table.find("s") is None


async def test_session_that_its_client_has_ended_meanwhile_ends(second: Process, journal: MemoryJournal) -> None:
    first = second.resume(seq=7)
    first.session.lose(first, is_unwanted=True)
    await second.settle()
    assert second.table.find("s") is None
    await second.writer.write()
    assert journal.records == {}


async def test_commands_that_come_early_are_taken_after_the_resume(second: Process) -> None:
    connection = second.resume(seq=7)
    command = Unheeded(op=4)
    connection.session.commands.append(command)
    assert second.commands == []
    await second.settle()
    assert second.commands == [("s", command)]


async def test_client_that_missed_more_than_is_remembered_identifies_anew(second: Process) -> None:
    def replay_much(session: Session) -> None:
        for _ in range(GatewaySettings().replay_events + 1):
            session.dispatch(DispatchBody("MESSAGE_CREATE", b"{}"))

    second.homes.on_restore = replay_much
    connection = second.resume(seq=7)
    await second.settle()
    assert connection.sent == [(Opcode.INVALID_SESSION, False)]
    assert second.outcomes() == {"forgotten": 1}
    assert second.table.find("s") is None


async def test_nothing_is_looked_for_when_the_time_of_all_is_over(second: Process, journal: MemoryJournal) -> None:
    second.clock.advance(GatewaySettings().resume_window_s + 1)
    await second.left.look()
    assert second.left.are_gone
    journal.is_down = True
    connection = second.resume(seq=7)
    assert second.tasks == []
    assert connection.sent == [(Opcode.INVALID_SESSION, False)]


async def test_session_moves_between_processes_that_live_and_each_goes_on_from_what_the_client_has() -> None:
    journal = MemoryJournal(is_shared=True)
    processes = {name: Process(journal, name) for name in ("a", "b")}
    journal.leases |= {name: name for name in processes}
    for process in processes.values():
        process.homes.on_restore = replay
    processes["a"].add(dispatches=5)
    await processes["a"].writer.write()

    seq = 5
    for here, there in (("b", "a"), ("a", "b"), ("b", "a")):
        connection = processes[here].resume(seq=seq)
        await processes[here].settle()
        assert processes[here].outcomes().keys() == {"restored"}
        seq += 3  # two that were missed, and RESUMED
        session = connection.session
        assert isinstance(session, Session)
        assert session.seq == seq
        processes[there].table.let_go("s")
        await processes[here].writer.write()


@pytest.mark.parametrize("counted_on", [0, 5], ids=["behind the client", "ahead of it"])
async def test_session_that_comes_back_before_its_former_holder_has_heard_is_not_taken_for_its_own(
    counted_on: int,
) -> None:
    journal = MemoryJournal(is_shared=True)
    first, second = (Process(journal, name) for name in ("a", "b"))
    journal.leases |= {"a": "a", "b": "b"}
    first.homes.on_restore = second.homes.on_restore = replay
    stale = first.add(dispatches=5)
    first.homes.dispatched[3] = 30
    await first.writer.write()

    second.resume(seq=5)
    await second.settle()
    seq = 8  # two that were missed, and RESUMED
    for _ in range(counted_on):  # the first process has not heard of it
        stale.dispatch(DispatchBody("MESSAGE_CREATE", b"{}"))
    connection = first.resume(seq=seq)
    await first.settle()

    assert connection.close_code is None
    assert first.outcomes() == {"restored": 1}
    assert stale.is_ended
    assert first.table.find("s") is connection.session
    assert first.homes.restored[0][2] == {3: 30}


@pytest.mark.parametrize("is_down", [False, True])
async def test_session_of_a_shared_journal_that_nobody_has_claimed_is_resumed_here(is_down: bool) -> None:
    journal = MemoryJournal(is_shared=True)
    process = Process(journal, "a")
    session = process.add(dispatches=5)
    await process.writer.write()
    journal.is_down = is_down

    connection = process.resume(seq=3)
    await process.settle()

    assert process.outcomes() == {"resumed": 1}
    assert connection.session is session
    assert [s for _, _, s in connection.dispatched] == [4, 5, 6]


async def test_client_that_leaves_while_its_session_is_looked_for_here_ends_it() -> None:
    journal = MemoryJournal(is_shared=True)
    process = Process(journal, "a")
    session = process.add(dispatches=5)
    connection = process.resume(seq=3)
    waiting = connection.session
    assert isinstance(waiting, Restoration)
    waiting.lose(connection, is_unwanted=True)  # type: ignore[arg-type]
    await process.settle()
    assert session.is_ended


async def test_new_holder_that_dies_before_its_first_cut_leaves_a_session_that_goes_on_from_the_claim() -> None:
    journal = MemoryJournal(is_shared=True)
    first, second, third = (Process(journal, name) for name in ("a", "b", "c"))
    journal.leases["a"] = "a"
    stale = first.add(dispatches=5)
    first.homes.dispatched[3] = 30
    await first.writer.write()
    second.homes.on_restore = replay
    second.resume(seq=5)
    await second.settle()

    for _ in range(3):  # the first process has not heard of it, and counts on
        stale.dispatch(DispatchBody("MESSAGE_CREATE", b"{}"))
    first.homes.dispatched[3] = 33
    await first.writer.write()
    third.resume(seq=8)
    await third.settle()
    assert third.outcomes() == {"restored": 1}
    assert third.homes.restored[0][2] == {3: 30}


async def test_cut_of_a_place_that_had_another_session_is_not_used(journal: MemoryJournal) -> None:
    first = Process(journal, "a")
    first.table.end(first.add("old", dispatches=3))
    before = Cut(incarnation="a", number=1, taken_ms=0, is_whole=True, positions={}, seqs=b"")
    await journal.write(before)
    first.add("s", dispatches=9)
    await first.writer.write()
    second = Process(journal, "b")
    connection = second.resume(seq=4)
    await second.settle()
    assert connection.sent == [(Opcode.INVALID_SESSION, False)]
