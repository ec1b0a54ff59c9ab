"""What a client says once it is logged in, and what must come back: one rule of the RFC in each."""

from typing import Literal

import msgspec

ACK: Literal[11] = 11
Answer = bytes | str | Literal[11]
"""A pong with these bytes, the echo of this text, or the acknowledgement of a heartbeat."""


class WireCase(msgspec.Struct, kw_only=True, frozen=True):
    """One stream. Nothing but `answers` comes back, and then `close`."""

    name: str
    stream: bytes
    answers: tuple[Answer, ...] = ()
    close: int | None = None
    """None: the connection is as good as new."""
    is_fault: bool = False
    """It is closed for what the client did, and not because the client closed."""


def refused(name: str, stream: bytes, close: int = 1002, answers: tuple[Answer, ...] = ()) -> WireCase:
    """A stream with a fault that ends the connection."""
    return WireCase(name=name, stream=stream, answers=answers, close=close, is_fault=True)


def closed(name: str, stream: bytes, close: int, answers: tuple[Answer, ...] = ()) -> WireCase:
    """A stream with a close frame, which is answered with this code."""
    return WireCase(name=name, stream=stream, answers=answers, close=close)


def taken(name: str, stream: bytes, *answers: Answer) -> WireCase:
    """A stream that is answered."""
    return WireCase(name=name, stream=stream, answers=answers)
