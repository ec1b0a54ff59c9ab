"""One port for HTTP and for the WebSockets of somebody else.

```
 bytes → SharedConnection ── a head that asks for a WebSocket ──→ the protocol of whoever has opened the port for them
                └─────────── anything else ─────────────────────→ HttpConnection
```

A connection is HTTP's until a WebSocket is asked for, so that HTTP's bounds of connections and of times hold for it.
That may be after other requests: clients ask for it on a connection that they have.
"""

import asyncio
import ssl
from collections.abc import Callable
from typing import Final

import msgspec

from core.http.connection import HttpConnection
from core.http.serving import Serving

MakeSocket = Callable[[], asyncio.BaseProtocol]
"""A function that makes the protocol of a WebSocket, an `asyncio.BufferedProtocol`."""

_MOST_BYTES: Final = 16_384
"""A longer head is HTTP's, which refuses it."""
_GET: Final = b"GET "
_END: Final = b"\r\n\r\n"


class SharedPort:
    """What an HTTP server and the owner of WebSockets know of each other."""

    __slots__ = ("address", "make_socket")

    def __init__(self, address: tuple[str, int]) -> None:
        self.address = address
        """Host and port of the listener."""
        self.make_socket: MakeSocket | None = None
        """Set while WebSockets are taken."""


class Front(msgspec.Struct, frozen=True, kw_only=True):
    """What stands between a listener and its clients."""

    tls: ssl.SSLContext | None = None
    shared: SharedPort | None = None
    """The port that HTTP and WebSockets have together."""


PLAIN: Final = Front()


class SharedConnection:
    """The protocol of a connection until it is a WebSocket's."""

    __slots__ = ("_http", "_port", "_received", "_transport")

    def __init__(self, serving: Serving, port: SharedPort) -> None:
        self._http = HttpConnection(serving)
        self._port = port
        self._received = b""
        """The beginning of a head that may ask for a WebSocket."""

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Let HTTP count and watch the connection."""
        self._transport = transport
        self._http.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Decide about a head when it is whole, or can be no WebSocket's. All other bytes are HTTP's."""
        http = self._http
        if not http.is_idle or http.is_in_head:
            http.data_received(data)
            return
        self._received = received = self._received + data
        may_ask = received[: len(_GET)] == _GET[: len(received)] and len(received) <= _MOST_BYTES
        if may_ask and _END not in received:
            return
        self._received = b""
        make_socket = self._port.make_socket
        if make_socket is None or not may_ask or not _asks_for_socket(received):
            http.data_received(received)
            return
        http.connection_lost(None)  # its place and its timer are free again
        _hand_over(self._transport, make_socket(), received)

    def eof_received(self) -> bool:
        """Hear that the client sends no more."""
        return self._http.eof_received()

    def connection_lost(self, error: Exception | None) -> None:
        """Let HTTP forget the connection."""
        self._http.connection_lost(error)

    def pause_writing(self) -> None:
        """Hear that the transport's buffer is full."""
        self._http.pause_writing()

    def resume_writing(self) -> None:
        """Hear that the transport's buffer has room."""
        self._http.resume_writing()


def _asks_for_socket(head: bytes) -> bool:
    lines = head.partition(_END)[0].lower().split(b"\r\n")[1:]
    fields = (line.partition(b":") for line in lines)
    return any(name == b"upgrade" and b"websocket" in value for name, _, value in fields)


def _hand_over(transport: asyncio.Transport, protocol: asyncio.BaseProtocol, received: bytes) -> None:
    """Give a connection to another protocol, with what has come already."""
    assert isinstance(protocol, asyncio.BufferedProtocol)  # noqa: S101 - for the type checker
    transport.set_protocol(protocol)
    protocol.connection_made(transport)
    rest = memoryview(received)
    while rest and not transport.is_closing():
        buffer = memoryview(protocol.get_buffer(len(rest)))
        size = min(len(buffer), len(rest))
        buffer[:size] = rest[:size]
        protocol.buffer_updated(size)
        rest = rest[size:]
