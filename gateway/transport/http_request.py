"""The HTTP request that precedes a WebSocket, and its answer or upgrade.

Bytes come in and bytes go out; httptools parses them. `handshake` has the rules for the headers, `Admission` decides
about the request.
"""

from collections.abc import Sequence
from http import HTTPStatus

import httptools

from gateway.transport.admission import HttpAnswer
from gateway.transport.handshake import compute_accept

BAD_REQUEST = HttpAnswer(status=HTTPStatus.BAD_REQUEST, text="Not a request that a WebSocket begins with")
TOO_LARGE = HttpAnswer(status=HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, text="Too many headers")

_METHODS = frozenset({b"GET", b"HEAD", b"OPTIONS"})
"""The methods that get an answer. HAProxy asks for /health with OPTIONS by default."""
_VERSIONS = frozenset({"1.0", "1.1"})
_LATIN = "latin-1"
_MAX_HEADERS = 100
"""The most headers of a request. Browsers send one or two dozen."""


class HttpRequest:
    """A request without a body, which has httptools' callbacks while it is read."""

    __slots__ = ("_headers", "_target", "header_count", "is_head", "may_upgrade")

    def __init__(self) -> None:
        self._target = b""
        self.is_head = False
        self.may_upgrade = False
        """Whether the request may be upgraded: only a GET of HTTP/1.1. Others are for /health and /ready."""
        self.header_count = 0
        self._headers: dict[str, list[str]] = {}

    @property
    def target(self) -> str:
        """The target of the request: path and query, or a whole address."""
        return self._target.decode(_LATIN)

    @property
    def has_body(self) -> bool:
        """Whether the headers announce a body."""
        return "transfer-encoding" in self._headers or set(self.values_of("Content-Length")) - {"0"} != set()

    def values_of(self, name: str) -> Sequence[str]:
        """Return all values of a header, whatever the case of its name is."""
        return self._headers.get(name.lower(), ())

    def on_url(self, url: bytes) -> None:
        """Take a part of the target: httptools' callback."""
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header: httptools' callback."""
        self.header_count += 1
        self._headers.setdefault(name.lower().decode(_LATIN), []).append(value.decode(_LATIN))


def parse_request(data: bytes) -> HttpRequest | None:
    """Parse the request in `data`, which ends with its blank line. None means another method, or a body."""
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
    """Return the answer that upgrades a valid request."""
    accept = compute_accept(request.values_of("Sec-WebSocket-Key")[0])
    return (
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Accept: {accept}\r\n\r\n"
    ).encode(_LATIN)


def encode_answer(answer: HttpAnswer, *, with_body: bool = True) -> bytes:
    """Return an answer after which the connection is closed."""
    body = answer.text.encode()
    lines = [f"HTTP/1.1 {answer.status.value} {answer.status.phrase}"]
    lines += [f"{name}: {value}" for name, value in answer.headers.items()]
    lines += ["Content-Type: text/plain; charset=utf-8", f"Content-Length: {len(body)}", "Connection: close"]
    return "\r\n".join((*lines, "", "")).encode(_LATIN) + (body if with_body else b"")
