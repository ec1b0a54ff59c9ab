"""A drained worker sends its clients away, and a cut says where each of them is."""

import asyncio

import pytest

from core.runtime.metrics.metrics import Metrics
from core.wire import close_codes
from core.wire.opcodes import Opcode
from gateway.journal.cut_history import CutHistory
from gateway.journal.drain import Drain
from gateway.journal.journal_writer import JournalWriter
from gateway.payloads.dispatch_body import DispatchBody
from gateway.sessions.session import Session
from gateway.sessions.session_table import SessionTable
from tests.fakes.clock import FakeClock
from tests.fakes.gateway.gateway_connection import FakeConnection
from tests.fakes.gateway.session_homes import FakeSessionHomes
from tests.fakes.memory_journal import MemoryJournal
from tests.fakes.timers import FakeTimers
from tests.support.gateway.sessions import make_session


class Place:
    """A worker with sessions, which is drained when `is_wanted` says so."""

    def __init__(self) -> None:
        self.journal = MemoryJournal()
        self.homes = FakeSessionHomes()
        self.timers = FakeTimers()
        self.is_wanted = True
        self.lost: list[str] = []
        self.writer = JournalWriter(
            journal=self.journal,
            homes=self.homes,
            incarnation="a",
            clock=FakeClock(),
            resume_window_s=60.0,
            metrics=Metrics(),
        )
        self.table = SessionTable(
            resume_window_s=60.0,
            linger_s=10.0,
            call_later=self.timers.call_later,
            on_added=self.writer.add,
            on_lost=lambda session: self.lost.append(session.id),
            on_parted=(),
            on_ended=[self.writer.drop],
        )
        self.drain = Drain(
            table=self.table, writer=self.writer, call_later=self.timers.call_later, is_wanted=lambda: self.is_wanted
        )

    def add(self, session_id: str) -> tuple[Session, FakeConnection]:
        session, connection = make_session(1, session_id=session_id)
        connection.session = session
        self.table.reserve(session)
        self.table.add(session)
        return session, connection


async def test_client_is_told_once_and_its_session_waits_for_a_resume() -> None:
    place = Place()
    session, connection = place.add("s")
    place.drain.send_some()
    place.drain.send_some()
    assert connection.sent == [(Opcode.RECONNECT, None)]
    assert (connection.session, session.connection, place.lost) == (None, None, ["s"])
    assert place.table.find("s") is session


async def test_cut_of_the_moment_is_that_of_what_the_client_has() -> None:
    place = Place()
    session, _ = place.add("s")
    session.dispatch(DispatchBody("MESSAGE_CREATE", b"{}"))
    place.homes.dispatched = {0: 1}
    await place.writer.write(before=place.drain.send_some)
    session.dispatch(DispatchBody("MESSAGE_CREATE", b"{}"))
    place.homes.dispatched = {0: 2}
    await place.writer.write()
    record = place.journal.records["s"]
    found = await CutHistory(journal=place.journal, incarnation="a").find(
        record.place, first_cut=record.first_cut, last_cut=record.last_cut, seq=1
    )
    assert found is not None
    assert (found.seq, found.positions) == (1, {0: 1})


async def test_many_are_told_some_at_a_time() -> None:
    place = Place()
    connections = [place.add(f"s{number}")[1] for number in range(120)]
    told = []
    for _ in range(3):
        place.drain.send_some()
        told.append(sum(bool(connection.sent) for connection in connections))
    assert told == [50, 100, 120]


async def test_connection_of_a_client_that_stays_is_closed() -> None:
    place = Place()
    _, connection = place.add("s")
    place.drain.send_some()
    assert connection.close_code is None
    place.timers.advance(5.0)
    assert connection.close_code is close_codes.GOING_AWAY


async def test_clients_are_told_when_balancers_have_had_time_to_notice(monkeypatch: pytest.MonkeyPatch) -> None:
    place = Place()
    _, connection = place.add("s")
    waited: list[float] = []
    told_after: list[float] = []

    async def sleep(delay_s: float) -> None:
        waited.append(delay_s)
        place.is_wanted = sum(waited) != 4.0
        if connection.sent and not told_after:
            told_after.append(sum(waited))
        if told_after or sum(waited) > 20:
            raise asyncio.CancelledError

    monkeypatch.setattr(asyncio, "sleep", sleep)
    with pytest.raises(asyncio.CancelledError):
        await place.drain.run()
    assert 9.0 <= told_after[0] <= 10.0, "it was not wanted for a moment after four seconds"
