"""The parser of requests, which tells them to a listener in order. httptools (Node's parser) decides what is HTTP.

A request that asks for another protocol (`Upgrade: h2c`, as the first request of some clients) is parsed as if it had
not (RFC 9110 section 7.8). httptools stops at it, so its head is parsed once more without the wish, and its body after
that.

The listener hears of a refusal, and then of nothing more, when the bytes are no request or the server cannot do it.
Bytes that are neither a head nor a body (extensions of chunks, trailers) are bounded like a head.
"""

from typing import Any, Final, Protocol
from urllib.parse import unquote

import httptools
import msgspec

from core.http.bounds import MAX_HEAD_BYTES
from core.http.head import (
    EXPECT,
    JUDGED,
    MALFORMED,
    OTHER_VERSION,
    TOO_LARGE,
    encode_without_upgrade,
    find_refusal,
)
from core.http.proxies import FORWARDED_FOR, FORWARDED_PROTO

_NOTED: Final = JUDGED | {FORWARDED_FOR, FORWARDED_PROTO}


class RequestHead(msgspec.Struct, gc=False):
    """A request's head."""

    method: str
    version: str
    raw_path: bytes
    path: str
    query: bytes
    headers: list[tuple[bytes, bytes]]
    """The names are in lower case."""
    names: set[bytes]
    """The names of the headers that mean something to the connection."""
    keeps_alive: bool
    """Whether another request may follow."""
    wants_continue: bool
    """Whether the client waits to be asked for the body."""


class Listener(Protocol):
    """The connection, as its parser tells it."""

    def on_begin(self) -> None:
        """Hear that a head has begun."""

    def on_request(self, head: RequestHead) -> None:
        """Take a whole head."""

    def on_body(self, chunk: bytes) -> None:
        """Take a part of the body."""

    def on_whole(self) -> None:
        """Take the end of the body, which every request has."""

    def on_refusal(self, answer: bytes) -> None:
        """Answer bytes that are no request by this. Nothing more follows."""


class _RefusalError(Exception):
    """Ends the parsing from inside."""

    def __init__(self, answer: bytes) -> None:
        super().__init__()
        self.answer = answer


class RequestParser:
    """The parser of one connection."""

    __slots__ = ("_headers", "_is_in_head", "_is_silent", "_listener", "_noted", "_parser", "_target", "_wants_upgrade",
                 "silent_bytes")  # fmt: skip

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._parser: Any = self._make_parser()
        """None after a refusal."""
        self._target = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._noted: list[tuple[bytes, bytes]] = []
        """The headers that matter to the connection."""
        self._is_in_head = False
        self._wants_upgrade = False
        """Whether the whole head is still to be parsed without its wish for another protocol."""
        self._is_silent = True
        self.silent_bytes = 0
        """The number of bytes since httptools told of something: of a head, or of neither head nor body."""

    def feed(self, data: bytes) -> None:
        """Parse bytes."""
        if self._parser is None:
            return
        self._is_silent = True
        try:
            try:
                self._parse(data)
            except httptools.HttpParserCallbackError as error:
                # One of the methods below has raised a refusal, or a fault of ours, which must not look like the
                # client's.
                raise error.__context__ or error from None
        except _RefusalError as refusal:
            self._refuse(refusal.answer)
        except httptools.HttpParserError:
            # The preface of HTTP/2 looks like a request of a method that does not exist.
            self._refuse(OTHER_VERSION if self._parser.get_method() == b"PRI" else MALFORMED)
        else:
            # The beginning of a chunk may belong to the request before, so only chunks in which nothing ended count.
            self.silent_bytes = self.silent_bytes + len(data) if self._is_silent else 0
            if self.silent_bytes > MAX_HEAD_BYTES:
                self._refuse(TOO_LARGE)

    def close(self) -> None:
        """Tell nothing more, and let go of httptools' parser, which holds this one."""
        self._parser = None

    # Called by httptools

    def on_message_begin(self) -> None:
        """Begin a request."""
        self._target = b""
        self._headers = []
        self._noted = []
        self._is_in_head = True
        self._listener.on_begin()

    def on_url(self, url: bytes) -> None:
        """Add a part of the request's target."""
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Add a whole header. A trailer is none of the request's headers (RFC 9110 section 6.5.1)."""
        if self._is_in_head:
            name = name.lower()
            header = (name, value.rstrip(b" \t"))  # httptools leaves blanks behind the value
            self._headers.append(header)
            if name in _NOTED:
                self._noted.append(header)

    def on_headers_complete(self) -> None:
        """Check the head, which is whole, and tell of the request."""
        self._is_in_head = False
        self._is_silent = False
        parser = self._parser
        version, method = parser.get_http_version(), parser.get_method()
        refusal = find_refusal(method, version, self._noted)
        if refusal is not None:
            raise _RefusalError(refusal)
        if parser.should_upgrade():
            self._wants_upgrade = True
            return
        try:
            url = httptools.parse_url(self._target)
            path = url.path.decode("ascii")
        except (httptools.HttpParserInvalidURLError, AttributeError, UnicodeDecodeError):  # a target may have no path
            raise _RefusalError(MALFORMED) from None
        names = {name for name, _ in self._noted}
        is_new = version != "1.0"
        self._listener.on_request(
            RequestHead(
                method.decode("ascii"),
                version,
                url.path,
                unquote(path) if "%" in path else path,
                url.query or b"",
                self._headers,
                names,
                is_new and parser.should_keep_alive(),
                is_new and EXPECT in names,
            )
        )

    def on_body(self, chunk: bytes) -> None:
        """Pass a part of the body on."""
        self._is_silent = False
        self._listener.on_body(chunk)

    def on_message_complete(self) -> None:
        """Tell the body's end, unless the head is still to be parsed without its wish."""
        self._is_silent = False
        if not self._wants_upgrade:
            self._listener.on_whole()

    def _make_parser(self) -> Any:
        parser: Any = httptools.HttpRequestParser(self)
        # Bytes after a request that asked to close are dropped; to httptools they would be an error.
        parser.set_dangerous_leniencies(lenient_data_after_close=True)
        return parser

    def _parse(self, data: bytes) -> None:
        rest: bytes | memoryview = data
        while rest:
            try:
                self._parser.feed_data(rest)
            except httptools.HttpParserUpgrade as stopped:
                rest = memoryview(rest)[stopped.args[0] :]
            else:
                return
            if self._wants_upgrade:
                self._parse_without_upgrade()

    def _parse_without_upgrade(self) -> None:
        """Parse the head again, in a parser that then expects its body."""
        self._wants_upgrade = False
        method, version = self._parser.get_method(), self._parser.get_http_version()
        head = encode_without_upgrade(method, self._target, version, self._headers)
        self._parser = self._make_parser()
        self._parser.feed_data(head)

    def _refuse(self, answer: bytes) -> None:
        self._parser = None
        self._listener.on_refusal(answer)
