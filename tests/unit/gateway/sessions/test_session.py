"""Sessions number their dispatches, keep them, and send them again."""

from gateway.payloads.dispatch_body import DispatchBody
from tests.support.gateway.sessions import make_session


def test_session_without_a_connection_keeps_numbering() -> None:
    session, connection = make_session(1)
    session.dispatch(DispatchBody("A", b"{}"))
    session.connection = None
    session.dispatch(DispatchBody("B", b"{}"))
    session.connection = connection  # type: ignore[assignment]
    session.dispatch(DispatchBody("C", b"{}"))
    assert [(event, seq) for event, _, seq in connection.dispatched] == [("A", 1), ("C", 3)]
    session.replay(1)
    assert [(event, seq) for event, _, seq in connection.dispatched[2:]] == [("B", 2), ("C", 3)]


def test_session_wants_the_guilds_of_its_client_shard() -> None:
    session, _ = make_session(1, shard=(1, 3))
    assert [session.wants_guild(number << 22) for number in range(4)] == [False, True, False, False]
    assert not session.wants_user_events
    assert make_session(1, shard=(0, 3))[0].wants_user_events
