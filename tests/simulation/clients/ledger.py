"""The clients' ledger: what they asked for, what they were answered, and what their sessions were told.

The checker reads it when the world is quiet. Times are the world's seconds.
"""

from typing import Any

import msgspec

from tests.simulation.world.network import Answer, Request


class Deed(msgspec.Struct, kw_only=True):
    """A request and its answer, None when none came."""

    user_id: int
    request: Request
    begun_s: float
    ended_s: float = 0.0
    answer: Answer | None = None

    @property
    def is_acknowledged(self) -> bool:
        """Whether the client was told that it is done."""
        return self.answer is not None and self.answer.is_good


class Send(msgspec.Struct, kw_only=True):
    """A message that a user wants to send, with all its attempts under one nonce."""

    user_id: int
    channel_id: int
    nonce: str
    content: str
    attempts: list[Deed] = []

    @property
    def ids(self) -> set[int]:
        """The ids that answers named; more than one is a fault."""
        return {int(deed.answer.json()["id"]) for deed in self.attempts if deed.answer and deed.is_acknowledged}


class Edit(msgspec.Struct, kw_only=True):
    """A change of a message's content, None for its deletion."""

    message_id: int
    channel_id: int
    content: str | None
    deed: Deed


class Dispatch(msgspec.Struct, frozen=True):
    """A dispatch as a client got it."""

    at_s: float
    seq: int
    event: str
    d: Any
    life: int
    """The number of the connection within the session, from 0."""


class SessionRecord(msgspec.Struct, kw_only=True):
    """One session of a user: from READY until the server or the client gave it up."""

    user_id: int
    session_id: str
    dispatches: list[Dispatch] = []
    lives: int = 0
    is_over: bool = False


class Ledger:
    """All records of one world."""

    def __init__(self) -> None:
        self.deeds: list[Deed] = []
        self.sends: list[Send] = []
        self.edits: list[Edit] = []
        self.sessions: list[SessionRecord] = []
        self.invalid_sessions = 0
        """How often op 9 was told."""
        self.violations: list[str] = []
        """What a client itself has found wrong."""
