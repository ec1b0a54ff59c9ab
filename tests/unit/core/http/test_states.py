"""The table of a connection's states."""

import asyncio
from typing import Any

import pytest

from core.http.bounds import DEFAULT_BOUNDS
from core.http.states import DEAF, TRANSITIONS, Event, State, WrongEventError
from tests.fakes.http_transport import FakeHttpConnection

ENDINGS = {Event.END, Event.STOP, Event.EOF, Event.ABORTED, Event.LOST}


@pytest.mark.parametrize("state", State)
def test_every_state_can_be_ended(state: State) -> None:
    assert set(TRANSITIONS[state]) >= ENDINGS
    assert TRANSITIONS[state][Event.LOST] is State.CLOSED
    assert TRANSITIONS[state][Event.ABORTED] is State.CLOSED


def test_closed_stays_closed() -> None:
    assert set(TRANSITIONS[State.CLOSED].values()) == {State.CLOSED}


def test_every_state_can_be_reached() -> None:
    reached = {State.IDLE}
    while more := {after for state in reached for after in TRANSITIONS[state].values()} - reached:
        reached |= more
    assert reached == set(State)


@pytest.mark.parametrize("state", State)
def test_no_request_begins_while_another_is_there(state: State) -> None:
    assert (Event.REQUEST in TRANSITIONS[state]) is (state is State.IDLE)


@pytest.mark.parametrize("state", sorted(DEAF))
def test_last_answer_leads_back_to_no_request(state: State) -> None:
    assert set(TRANSITIONS[state].values()) <= DEAF


async def test_event_that_cannot_be_raises() -> None:
    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await asyncio.Event().wait()

    connection = FakeHttpConnection(app, bounds=DEFAULT_BOUNDS)
    connection.protocol.connection_lost(None)
    connection.transport.is_closed = False
    with pytest.raises(WrongEventError, match="REFUSED in CLOSED"):
        connection.protocol.refuse(b"")
