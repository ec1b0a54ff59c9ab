"""The same bytes, as this server's parser and as h11 read them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import h11

from core.http.bounds import MAX_HEAD_BYTES
from core.http.parser import RequestHead, RequestParser


@dataclass
class Asked:
    """One request."""

    method: bytes
    target: bytes
    version: bytes
    headers: list[tuple[bytes, bytes]]
    body: bytes = b""
    is_whole: bool = False


@dataclass
class Reading:
    """The requests and the refusal that were read of a connection's bytes."""

    requests: list[Asked] = field(default_factory=list)
    refusal: int = 0
    """The status by which what followed was refused; 0 when nothing was."""
    is_over: bool = False
    """The last request was one after which none is read."""

    @property
    def whole(self) -> list[Asked]:
        """The requests that came to their end."""
        return [asked for asked in self.requests if asked.is_whole]


class _Listener:
    def __init__(self) -> None:
        self.reading = Reading()
        self._keeps_alive = True

    def on_begin(self) -> None:
        pass

    def on_request(self, head: RequestHead) -> None:
        if self.reading.is_over:
            return
        target = head.raw_path + (b"?" + head.query if head.query else b"")
        asked = Asked(head.method.encode(), target, head.version.encode(), head.headers)
        self.reading.requests.append(asked)
        self._keeps_alive = head.keeps_alive

    def on_body(self, chunk: bytes) -> None:
        if not self.reading.is_over:
            self.reading.requests[-1].body += chunk

    def on_whole(self) -> None:
        if not self.reading.is_over:
            self.reading.requests[-1].is_whole = True
            self.reading.is_over = not self._keeps_alive

    def on_refusal(self, answer: bytes) -> None:
        if not self.reading.is_over:
            self.reading.refusal = int(answer.split(b" ", 2)[1])


def read_as_we_do(pieces: Sequence[bytes]) -> Reading:
    """This server's parser."""
    listener = _Listener()
    parser = RequestParser(listener)
    for piece in pieces:
        parser.feed(piece)
    return listener.reading


def read_as_h11_does(data: bytes) -> Reading:
    """h11, as a server that answers each request at once, and never by another protocol.

    Empty lines before a request are passed over, as RFC 9112 section 2.2 asks for and h11 does not: a request begins
    with a letter, so that they have one reading.
    """
    reading = Reading()
    try:
        while (data := data.lstrip(b"\r\n")) and not reading.is_over:
            data = _read_request(data, reading)
    except h11.RemoteProtocolError as error:
        reading.refusal = error.error_status_hint
    return reading


def _read_request(data: bytes, reading: Reading) -> bytes:
    """Add a request; return the bytes behind it."""
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=MAX_HEAD_BYTES)
    connection.receive_data(data)
    while True:
        event = connection.next_event()
        match event:
            case h11.Request():
                headers = [(bytes(name), bytes(value)) for name, value in event.headers]
                reading.requests.append(Asked(event.method, event.target, event.http_version, headers))
            case h11.Data():
                reading.requests[-1].body += bytes(event.data)
            case h11.EndOfMessage():
                reading.requests[-1].is_whole = True
                break
            case _:  # more is needed
                return b""
    connection.send(h11.Response(status_code=404, headers=[("content-length", "0")]))
    connection.send(h11.EndOfMessage())
    reading.is_over = connection.our_state is h11.MUST_CLOSE
    return bytes(connection.trailing_data[0])
