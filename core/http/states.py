"""The states of a connection and the events in them: one table, in which each pair has its successor.

```
        ┌───────────── ANSWERED ─────────────┐
        ↓                                    │            later requests wait in the connection
      IDLE ── REQUEST ─→ RECEIVING ── WHOLE ─→ ANSWERING
        ↑                    │
        └── WHOLE ── DISCARDING (the request is answered, its body still comes)

      … _LAST: the same, with a request after which none is answered; then LINGERING,
               because the client may still be sending

      ANSWERING ── EOF ─→ HALF_CLOSED ── ANSWERED_LAST ─→ CLOSED
```

A pair that is not in the table is a fault of this package and raises, so that it is found.
"""

import enum
from typing import Final


class State(enum.IntEnum):
    """The states of a connection."""

    IDLE = 0
    """No request is there. The next one's head may be on its way."""
    RECEIVING = 1
    """A request is being answered while its body comes."""
    RECEIVING_LAST = 2
    ANSWERING = 3
    """A request is whole and is being answered."""
    ANSWERING_LAST = 4
    HALF_CLOSED = 5
    """The client sends no more. Its request is whole and is being answered."""
    DISCARDING = 6
    """The request is answered. The rest of its body is dropped."""
    LINGERING = 7
    """Everything is written. The client may send for a moment more, so that it sees the answer and no reset."""
    CLOSED = 8
    """The transport closes as soon as the client has taken all bytes."""


class Event(enum.IntEnum):
    """The events of a connection."""

    REQUEST = 0
    """A head is whole, and its request can be answered."""
    LAST_REQUEST = 1
    """The same, with a request that is the last one, by its own header or by our decision."""
    WHOLE = 2
    """The request's body is whole."""
    ANSWERED = 3
    ANSWERED_LAST = 4
    """The answer is written, and has said that the connection ends with it."""
    REFUSED = 5
    """The bytes are no request, or one that is refused."""
    END = 6
    """No further request is wanted: nothing has come in time."""
    STOP = 7
    """No further request is wanted: the server stops. One may be on its way."""
    EOF = 8
    """The client sends no more."""
    ABORTED = 9
    """The answer cannot be finished, or nobody takes it."""
    LOST = 10


_S, _E = State, Event

TRANSITIONS: Final[dict[State, dict[Event, State]]] = {
    _S.IDLE: {
        _E.REQUEST: _S.RECEIVING,
        _E.LAST_REQUEST: _S.RECEIVING_LAST,
        _E.REFUSED: _S.LINGERING,
        _E.END: _S.CLOSED,
        _E.STOP: _S.LINGERING,
        _E.EOF: _S.CLOSED,
        _E.ABORTED: _S.CLOSED,
        _E.LOST: _S.CLOSED,
    },
    _S.RECEIVING: {
        _E.WHOLE: _S.ANSWERING,
        _E.ANSWERED: _S.DISCARDING,
        _E.ANSWERED_LAST: _S.LINGERING,
        _E.REFUSED: _S.LINGERING,
        _E.END: _S.RECEIVING_LAST,
        _E.STOP: _S.RECEIVING_LAST,
        _E.EOF: _S.CLOSED,
        _E.ABORTED: _S.CLOSED,
        _E.LOST: _S.CLOSED,
    },
    _S.RECEIVING_LAST: {
        _E.WHOLE: _S.ANSWERING_LAST,
        _E.ANSWERED_LAST: _S.LINGERING,
        _E.REFUSED: _S.LINGERING,
        _E.END: _S.RECEIVING_LAST,
        _E.STOP: _S.RECEIVING_LAST,
        _E.EOF: _S.CLOSED,
        _E.ABORTED: _S.CLOSED,
        _E.LOST: _S.CLOSED,
    },
    _S.ANSWERING: {
        _E.ANSWERED: _S.IDLE,
        _E.ANSWERED_LAST: _S.LINGERING,
        _E.END: _S.ANSWERING_LAST,
        _E.STOP: _S.ANSWERING_LAST,
        _E.EOF: _S.HALF_CLOSED,
        _E.ABORTED: _S.CLOSED,
        _E.LOST: _S.CLOSED,
    },
    _S.ANSWERING_LAST: {
        _E.ANSWERED_LAST: _S.LINGERING,
        _E.END: _S.ANSWERING_LAST,
        _E.STOP: _S.ANSWERING_LAST,
        _E.EOF: _S.HALF_CLOSED,
        _E.ABORTED: _S.CLOSED,
        _E.LOST: _S.CLOSED,
    },
    _S.HALF_CLOSED: {
        _E.ANSWERED_LAST: _S.CLOSED,
        _E.END: _S.HALF_CLOSED,
        _E.STOP: _S.HALF_CLOSED,
        _E.EOF: _S.HALF_CLOSED,
        _E.ABORTED: _S.CLOSED,
        _E.LOST: _S.CLOSED,
    },
    _S.DISCARDING: {
        _E.WHOLE: _S.IDLE,
        _E.REFUSED: _S.LINGERING,
        _E.END: _S.CLOSED,
        _E.STOP: _S.LINGERING,
        _E.EOF: _S.CLOSED,
        _E.ABORTED: _S.CLOSED,
        _E.LOST: _S.CLOSED,
    },
    _S.LINGERING: {
        _E.END: _S.CLOSED,
        _E.STOP: _S.LINGERING,
        _E.EOF: _S.CLOSED,
        _E.ABORTED: _S.CLOSED,
        _E.LOST: _S.CLOSED,
    },
    _S.CLOSED: {
        _E.END: _S.CLOSED,
        _E.STOP: _S.CLOSED,
        _E.EOF: _S.CLOSED,
        _E.ABORTED: _S.CLOSED,
        _E.LOST: _S.CLOSED,
    },
}

DEAF: Final = frozenset({_S.ANSWERING_LAST, _S.HALF_CLOSED, _S.LINGERING, _S.CLOSED})
"""States in which all bytes of the client are dropped."""

TAKES_BODY: Final = frozenset({_S.RECEIVING, _S.RECEIVING_LAST})
"""States in which the body goes to the application."""


class WrongEventError(RuntimeError):
    """Something happened that cannot happen in this state."""

    def __init__(self, state: State, event: Event) -> None:
        super().__init__(f"{event.name} in {state.name}")
