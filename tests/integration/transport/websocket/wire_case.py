"""The bytes of a client after its login, and the required answers: one rule of the RFC in each case."""

from typing import Literal

import msgspec

ACK: Literal[11] = 11
Answer = bytes | str | Literal[11]
"""A pong with these bytes, the echo of this text, or the acknowledgement of a heartbeat."""


class WireCase(msgspec.Struct, kw_only=True, frozen=True):
    """One stream. The answers are exactly `answers` and then `close`."""

    name: str
    stream: bytes
    answers: tuple[Answer, ...] = ()
    close: int | None = None
    """The close code. None leaves the connection as good as new."""
    is_fault: bool = False
    """True when the server closes for a fault of the client, and not for the client's close."""


def refused(name: str, stream: bytes, close: int = 1002, answers: tuple[Answer, ...] = ()) -> WireCase:
    """Return a stream with a fault that ends the connection."""
    return WireCase(name=name, stream=stream, answers=answers, close=close, is_fault=True)


def closed(name: str, stream: bytes, close: int, answers: tuple[Answer, ...] = ()) -> WireCase:
    """Return a stream with a close frame, which is answered with this code."""
    return WireCase(name=name, stream=stream, answers=answers, close=close)


def taken(name: str, stream: bytes, *answers: Answer) -> WireCase:
    """Return a stream that is answered."""
    return WireCase(name=name, stream=stream, answers=answers)
