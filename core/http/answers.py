"""An answer as HTTP/1.1 writes it: the head, and how its body's end is told.

What the application announces is checked where a mistake would harm the next request on the connection: lengths, and
line breaks in headers. Pure.
"""

import enum
from collections.abc import Iterable
from http import HTTPStatus
from typing import Final, NamedTuple

import msgspec

Headers = Iterable[tuple[bytes, bytes]]

_STATUS_LINES: Final = {status.value: b"HTTP/1.1 %d %b\r\n" % (status, status.phrase.encode()) for status in HTTPStatus}
_NO_CONTENT: Final = 204
_WITHOUT_BODY: Final = frozenset({_NO_CONTENT, 304})
_LAST_CHUNK: Final = b"0\r\n\r\n"


class Framing(enum.Enum):
    """How a client knows where the body ends (RFC 9112 section 6.3)."""

    NO_BODY = enum.auto()
    LENGTH = enum.auto()
    CHUNKS = enum.auto()
    CLOSE = enum.auto()
    """HTTP/1.0 knows nothing else for what has no length."""


# Python 3.11 takes as long to find a member in its enum as to call a small function, and each answer needs one.
LENGTH: Final = Framing.LENGTH
_CHUNKS: Final = Framing.CHUNKS
_CLOSE: Final = Framing.CLOSE


class AnswerHead(NamedTuple):
    """A head that is encoded."""

    data: bytes
    framing: Framing
    length: int
    """Of the body, when it is announced by its length."""
    keeps_alive: bool


class BrokenAnswerError(RuntimeError):
    """The application's answer is none that can be sent."""


class Asked(msgspec.Struct, frozen=True, gc=False):
    """What the request says about the form of its answer."""

    is_head: bool
    is_old: bool
    """HTTP/1.0."""


def encode_head(
    asked: Asked, status: int, headers: Headers, *, size_bytes: int | None, keeps_alive: bool
) -> AnswerHead:
    """`size_bytes` is the body's, None when it comes in parts.

    Raises:
        BrokenAnswerError: when the body is not as long as is announced, or a header holds a line break.
    """
    pieces = [_STATUS_LINES.get(status) or b"HTTP/1.1 %d \r\n" % status]
    announced = -1
    for name, value in headers:
        if name == b"content-length":
            announced = _parse_length(value)
            if status == _NO_CONTENT:
                continue
        elif name == b"connection" and value == b"close":
            keeps_alive = False
            continue
        elif name == b"transfer-encoding":
            continue  # how the body is transferred is decided here
        pieces += (name, b": ", value, b"\r\n")
    lines = (len(pieces) - 1) // 4 + 2  # four pieces a header, the status before them and an empty line behind
    framing, length = _frame(asked, status, announced, size_bytes)
    keeps_alive = keeps_alive and framing is not _CLOSE
    if not keeps_alive:
        pieces.append(b"connection: close\r\n")
        lines += 1
    if framing is not LENGTH or announced < 0:
        ours = _encode_framing(framing, length)
        pieces.append(ours)
        lines += ours.count(b"\n")
    pieces.append(b"\r\n")
    head = b"".join(pieces)
    if head.count(b"\n") != lines or head.count(b"\r") != lines or b"\0" in head:
        raise BrokenAnswerError("a header holds a line break")
    return AnswerHead(head, framing, length, keeps_alive)


def encode_part(framing: Framing, body: bytes, *, is_last: bool) -> bytes:
    """A part of a body."""
    if framing is Framing.NO_BODY:
        return b""
    if framing is not _CHUNKS:
        return body
    chunk = b"%x\r\n%b\r\n" % (len(body), body) if body else b""  # an empty chunk would be the last
    return chunk + _LAST_CHUNK if is_last else chunk


def _encode_framing(framing: Framing, length: int) -> bytes:
    if framing is LENGTH:
        return b"content-length: %d\r\n" % length
    return b"transfer-encoding: chunked\r\n" if framing is _CHUNKS else b""


def _frame(asked: Asked, status: int, announced: int, size_bytes: int | None) -> tuple[Framing, int]:
    if asked.is_head or status in _WITHOUT_BODY:
        return Framing.NO_BODY, 0
    if announced >= 0:
        if size_bytes is not None and size_bytes != announced:
            raise BrokenAnswerError("the body is not as long as it was announced")
        return LENGTH, announced
    if size_bytes is not None:
        return LENGTH, size_bytes
    return (_CLOSE if asked.is_old else _CHUNKS), 0


def _parse_length(value: bytes) -> int:
    if not value.isdigit():
        raise BrokenAnswerError("a length that is no number was announced")
    return int(value)
