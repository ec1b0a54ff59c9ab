"""An answer as HTTP/1.1 writes it: the head, and the framing of its body.

Lengths and line breaks in headers are checked, because a mistake there would harm the next request on the connection.
The module is pure.
"""

import enum
from collections.abc import Iterable
from http import HTTPStatus
from typing import Final

import msgspec

Headers = Iterable[tuple[bytes, bytes]]

_STATUS_LINES: Final = {status.value: b"HTTP/1.1 %d %b" % (status, status.phrase.encode()) for status in HTTPStatus}
_NO_CONTENT: Final = 204
_WITHOUT_BODY: Final = frozenset({_NO_CONTENT, 304})
_END: Final = (b"", b"")
_OURS: Final = frozenset({b"connection", b"content-length", b"transfer-encoding"})
"""Headers that are written here. An application may announce a length and may have the connection closed."""
_LAST_CHUNK: Final = b"0\r\n\r\n"


class Framing(enum.Enum):
    """The ways to mark the end of a body (RFC 9112 section 6.3)."""

    NO_BODY = enum.auto()
    LENGTH = enum.auto()
    CHUNKS = enum.auto()
    CLOSE = enum.auto()
    """The only way in HTTP/1.0 for a body without a length."""


# Python 3.11 takes as long to find a member in its enum as to call a small function, and each answer needs one.
LENGTH: Final = Framing.LENGTH
_CHUNKS: Final = Framing.CHUNKS
_CLOSE: Final = Framing.CLOSE


class AnswerHead(msgspec.Struct, frozen=True, gc=False):
    """A head that is encoded."""

    data: bytes
    framing: Framing
    length: int
    """The body's, when it is announced by its length."""
    keeps_alive: bool


class BrokenAnswerError(RuntimeError):
    """The application's answer cannot be sent."""


class Asked(msgspec.Struct, frozen=True, gc=False):
    """The properties of a request that its answer depends on."""

    is_head: bool
    is_old: bool
    """Whether it is an HTTP/1.0 request."""


def encode_head(
    asked: Asked, status: int, headers: Headers, *, size_bytes: int | None, keeps_alive: bool
) -> AnswerHead:
    """`size_bytes` is the body's, None when it comes in parts.

    Raises:
        BrokenAnswerError: when the body is not as long as is announced, or a header holds a line break.
    """
    lines = [_STATUS_LINES.get(status) or b"HTTP/1.1 %d " % status]
    announced = -1
    for header in headers:
        if header[0] not in _OURS:
            lines.append(b": ".join(header))
        elif header[0] == b"content-length":
            announced = _parse_length(header[1])
        elif header[0] == b"connection" and header[1] == b"close":
            keeps_alive = False
    framing, length = _frame(asked, status, announced, size_bytes)
    if framing is LENGTH:
        lines.append(b"content-length: %d" % length)
    elif framing is _CHUNKS:
        lines.append(b"transfer-encoding: chunked")
    elif framing is _CLOSE:
        keeps_alive = False
    elif announced >= 0 and status != _NO_CONTENT:
        lines.append(b"content-length: %d" % announced)  # of the body that a GET would have
    if not keeps_alive:
        lines.append(b"connection: close")
    return AnswerHead(_join(lines), framing, length, keeps_alive)


def encode_part(framing: Framing, body: bytes, *, is_last: bool) -> bytes:
    """Encode a part of a body."""
    if framing is Framing.NO_BODY:
        return b""
    if framing is not _CHUNKS:
        return body
    chunk = b"%x\r\n%b\r\n" % (len(body), body) if body else b""  # an empty chunk would be the last
    return chunk + _LAST_CHUNK if is_last else chunk


def _join(lines: list[bytes]) -> bytes:
    breaks = len(lines) + 1
    lines += _END
    head = b"\r\n".join(lines)
    if head.count(b"\n") != breaks or head.count(b"\r") != breaks or b"\0" in head:
        raise BrokenAnswerError("a header holds a line break")
    return head


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
