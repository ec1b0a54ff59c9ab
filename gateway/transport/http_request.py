"""The HTTP that precedes a WebSocket: one GET in, an upgrade or an answer out.

Bytes in, bytes out; the parsing itself is httptools'. What the headers must say is `handshake`'s, who may connect `Admission`'s.
"""

from collections.abc import Sequence
from http import HTTPStatus

import httptools

from gateway.transport.admission import HttpAnswer
from gateway.transport.handshake import compute_accept

BAD_REQUEST = HttpAnswer(status=HTTPStatus.BAD_REQUEST, text="Not a request that a WebSocket begins with")
TOO_LARGE = HttpAnswer(status=HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, text="Too many headers")

_METHODS = frozenset({b"GET", b"HEAD", b"OPTIONS"})
"""The last one is how HAProxy asks for /health unless it is told otherwise."""
_VERSIONS = frozenset({"1.0", "1.1"})
_LATIN = "latin-1"
_MAX_HEADERS = 100
"""Browsers send a dozen or two."""


class HttpRequest:
    """A request without a body; also httptools's callbacks while it is read."""

    __slots__ = ("_headers", "_target", "header_count", "is_head", "may_upgrade")

    def __init__(self) -> None:
        self._target = b""
        self.is_head = False
        self.may_upgrade = False
        """Only a GET of HTTP/1.1 may; others are for /health and /ready."""
        self.header_count = 0
        self._headers: dict[str, list[str]] = {}

    @property
    def target(self) -> str:
        """What is asked for."""
        return self._target.decode(_LATIN)

    @property
    def has_body(self) -> bool:
        """Whether more than headers was to come."""
        return "transfer-encoding" in self._headers or set(self.values_of("Content-Length")) - {"0"} != set()

    def values_of(self, name: str) -> Sequence[str]:
        """All values of a header, whatever the case of its name."""
        return self._headers.get(name.lower(), ())

    def on_url(self, url: bytes) -> None:
        """httptools's."""
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """httptools's."""
        self.header_count += 1
        self._headers.setdefault(name.lower().decode(_LATIN), []).append(value.decode(_LATIN))


def parse_request(data: bytes) -> HttpRequest | None:
    """The request in `data`, which ends with its blank line; None for other methods, and for one with a body."""
    request = HttpRequest()
    parser = httptools.HttpRequestParser(request)
    try:
        parser.feed_data(data)
    except httptools.HttpParserUpgrade:
        pass
    except httptools.HttpParserError:
        return None
    version = parser.get_http_version()
    if parser.get_method() not in _METHODS or version not in _VERSIONS:
        return None
    request.is_head = parser.get_method() == b"HEAD"
    request.may_upgrade = version == "1.1" and parser.get_method() == b"GET"
    if request.has_body or request.header_count > _MAX_HEADERS:
        return None
    return request


def encode_upgrade(request: HttpRequest) -> bytes:
    """The answer that upgrades a request that is right."""
    accept = compute_accept(request.values_of("Sec-WebSocket-Key")[0])
    return (
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Accept: {accept}\r\n\r\n"
    ).encode(_LATIN)


def encode_answer(answer: HttpAnswer, *, with_body: bool = True) -> bytes:
    """An answer after which the connection is closed."""
    body = answer.text.encode()
    lines = [f"HTTP/1.1 {answer.status.value} {answer.status.phrase}"]
    lines += [f"{name}: {value}" for name, value in answer.headers.items()]
    lines += ["Content-Type: text/plain; charset=utf-8", f"Content-Length: {len(body)}", "Connection: close"]
    return "\r\n".join((*lines, "", "")).encode(_LATIN) + (body if with_body else b"")
