"""Sessions in the table are lost, taken again, and ended."""

from core.wire import close_codes
from gateway.sessions.session import Session
from gateway.sessions.session_table import SessionTable
from tests.fakes.gateway.gateway_connection import FakeConnection
from tests.fakes.timers import FakeTimers
from tests.support.gateway.sessions import make_session

WINDOW_S = 60.0
LINGER_S = 10.0


class RecordedTable:
    """A session table that records lost and ended sessions."""

    def __init__(self, *, linger_s: float = LINGER_S) -> None:
        self.timers = FakeTimers()
        self.added: list[str] = []
        self.lost: list[str] = []
        self.parted: list[str] = []
        self.ended: list[str] = []
        self.table = SessionTable(
            resume_window_s=WINDOW_S,
            linger_s=linger_s,
            call_later=self.timers.call_later,
            on_added=lambda session: self.added.append(session.id),
            on_lost=lambda session: self.lost.append(session.id),
            on_parted=(lambda session: self.parted.append(session.id),),
            on_ended=[lambda session: self.ended.append(session.id)],
        )

    def add(self, session_id: str, *, user_id: int = 1) -> tuple[Session, FakeConnection]:
        """Add a session."""
        session, connection = make_session(user_id, session_id=session_id)
        connection.session = session
        self.table.reserve(session)
        self.table.add(session)
        return session, connection


def test_lost_session_is_found_until_its_window_ends() -> None:
    place = RecordedTable()
    session, _ = place.add("a")
    place.table.lose(session)
    place.timers.advance(WINDOW_S - 1)
    assert place.table.find("a") is session
    assert session.connection is None
    assert place.ended == []
    place.timers.advance(1)
    assert place.table.find("a") is None
    assert (place.lost, place.ended) == (["a"], ["a"])


def test_session_that_is_taken_again_does_not_end() -> None:
    place = RecordedTable()
    session, _ = place.add("a")
    place.table.lose(session)
    new = FakeConnection()
    assert place.table.take(session, new) is None  # type: ignore[arg-type]
    other, _ = place.add("b")
    place.table.lose(other)
    place.timers.advance(WINDOW_S)
    assert place.ended == ["b"]
    assert session.connection is new


def test_session_ends_once() -> None:
    place = RecordedTable()
    session, _ = place.add("a")
    place.table.end(session)
    place.table.end(session)
    assert place.ended == ["a"]
    assert len(place.table) == 0


def test_user_with_too_many_sessions_loses_its_oldest_detached_one() -> None:
    place = RecordedTable()
    sessions = [place.add(name)[0] for name in "abc"]
    assert place.table.make_room(1, 4)
    assert not place.table.make_room(1, 3)
    for session in sessions[1:]:
        place.table.lose(session)
    assert place.table.make_room(1, 3)
    assert place.ended == ["b"]
    assert place.table.make_room(2, 1)


def test_session_on_its_way_to_ready_counts_and_is_not_ended_for_another() -> None:
    place = RecordedTable()
    starting, _ = make_session(1, session_id="starting")
    starting.connection = None
    place.table.reserve(starting)
    session, _ = place.add("a")
    assert place.table.make_room(1, 3)
    assert not place.table.make_room(1, 2)
    place.table.lose(session)
    assert place.table.make_room(1, 2)
    assert place.ended == ["a"]
    assert not place.table.make_room(1, 1)
    place.table.add(starting)
    assert place.table.make_room(1, 1)
    assert place.ended == ["a", "starting"]


def test_session_that_ends_on_its_way_to_ready_gives_its_place_back() -> None:
    place = RecordedTable()
    starting, _ = make_session(1, session_id="starting")
    place.table.reserve(starting)
    assert place.table.find("starting") is None
    assert not place.table.make_room(1, 1)
    place.table.end(starting)
    place.table.end(starting)
    assert place.table.make_room(1, 1)
    assert place.ended == ["starting"]


def test_table_that_is_closed_has_no_timers_left() -> None:
    place = RecordedTable()
    for name in "abc":
        place.table.lose(place.add(name)[0])
    place.table.close()
    assert len(place.timers) == 0


def test_revoked_session_is_closed_for_good() -> None:
    place = RecordedTable()
    session, connection = place.add("a")
    place.table.revoke(session)
    assert connection.close_code is close_codes.AUTHENTICATION_FAILED
    assert connection.session is None
    assert place.ended == ["a"]


def test_session_that_another_worker_has_is_ended_and_its_client_sent_there() -> None:
    place = RecordedTable()
    session, connection = place.add("a")
    detached, _ = place.add("b")
    place.table.lose(detached)
    for session_id in ("a", "b", "c"):
        place.table.let_go(session_id)
    assert connection.close_code is close_codes.SESSION_TIMED_OUT
    assert connection.session is None
    assert session.is_ended
    assert place.ended == ["a", "b"]


def test_last_session_that_is_closed_stays_for_a_moment_and_cannot_be_resumed() -> None:
    place = RecordedTable()
    session, _ = place.add("a")
    place.table.part(session)
    assert (place.parted, place.ended, place.table.find("a")) == (["a"], [], None)
    assert place.table.sessions_of(1) == ()
    place.timers.advance(LINGER_S)
    assert place.ended == ["a"]
    assert len(place.timers) == 0


def test_session_that_is_closed_beside_another_one_ends_at_once() -> None:
    place = RecordedTable()
    first, _ = place.add("a")
    second, _ = place.add("b")
    place.table.part(first)
    assert (place.parted, place.ended) == ([], ["a"])
    place.table.part(second)
    assert (place.parted, place.ended) == (["b"], ["a"])


def test_user_has_one_closed_session_at_most() -> None:
    place = RecordedTable()
    for session_id in "abc":
        session, _ = place.add(session_id)
        place.table.part(session)
    assert (place.parted, place.ended) == (["a", "b", "c"], ["a", "b"])
    place.timers.advance(LINGER_S)
    assert place.ended == ["a", "b", "c"]


def test_closed_session_counts_in_no_limit() -> None:
    place = RecordedTable()
    session, _ = place.add("a")
    place.table.part(session)
    assert place.table.make_room(1, 1)
    assert place.ended == []


def test_session_that_was_lost_and_is_closed_has_one_timer() -> None:
    place = RecordedTable()
    session, _ = place.add("a")
    place.table.lose(session)
    place.table.part(session)
    assert len(place.timers) == 1
    place.table.end(session)
    assert (place.ended, len(place.timers)) == (["a"], 0)


def test_without_a_grace_a_closed_session_ends_at_once() -> None:
    place = RecordedTable(linger_s=0)
    session, _ = place.add("a")
    place.table.part(session)
    assert (place.parted, place.ended) == ([], ["a"])
