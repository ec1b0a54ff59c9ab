"""A WebSocket on a gevent socket: the upgrade, messages in both directions, and the ends of a connection.

One greenlet reads; any may write, one after the other: a frame that the network takes in parts is whole before the next
one begins. Pings are answered inside. The client masks with random bytes, as RFC 6455 demands.
"""

import base64
import contextlib
import hashlib
import os
import ssl
import struct
from typing import Final
from urllib.parse import urlsplit

from gevent import Timeout, socket
from gevent import ssl as gevent_ssl
from gevent.lock import Semaphore

from loadtest.wire.frames import CLOSE, PING, PONG, FrameReader, Message, cut_at_close, encode_frame

_GUID: Final = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""The constant of RFC 6455, section 1.3."""
_PATIENCE_S: Final = 30.0
"""The time for a step of connecting, and for a frame to be taken by the network."""
_GOODBYE_S: Final = 1.0
_MAX_HEAD: Final = 1 << 14
_CHUNK: Final = 1 << 16
_NORMAL: Final = 1000
_NO_CODE: Final = 1005
LOST: Final = 1006
"""The code of a connection that ended without a close frame."""


class ConnectionEndedError(Exception):
    """The connection is over. `code` is the close frame's, 1006 without one."""

    def __init__(self, code: int, reason: str = "") -> None:
        super().__init__(f"closed with {code}" + (f" ({reason})" if reason else ""))
        self.code = code


class WebSocket:
    """An open connection."""

    __slots__ = ("_came", "_end", "_frames", "_socket", "_writing")

    def __init__(self, connection: socket.socket, *, came: bytes = b"") -> None:
        """`came` is what came with the upgrade's answer."""
        self._socket = connection
        self._frames = FrameReader()
        self._came = came
        self._end: Message | None = None
        self._writing = Semaphore()

    def read(self, timeout_s: float) -> list[Message]:
        """Return the messages that have come since the last call; none when nothing comes for so long.

        Raises:
            ConnectionEndedError: when the connection has ended.
            FrameError: when the server has broken the protocol.
        """
        if self._end is not None:
            raise _describe_end(self._end)
        data, self._came = self._came or self._receive(timeout_s), b""
        if data is None:
            return []
        if not data:
            raise ConnectionEndedError(LOST)
        messages, self._end = cut_at_close(self._frames.feed(data))
        if self._end is not None and not messages:
            raise _describe_end(self._end)
        return [message for message in messages if self._is_for_the_caller(message)]

    def _receive(self, timeout_s: float) -> bytes | None:
        """Return what has come, b"" at the end, and None when nothing comes for so long.

        The socket's own timeout would bound what other greenlets send meanwhile, too.
        """
        data: bytes | None = None
        try:
            with Timeout(max(timeout_s, 0.001), False):  # noqa: FBT003 - gevent's way to end without an error
                data = self._socket.recv(_CHUNK)
        except OSError as error:
            raise ConnectionEndedError(LOST, str(error)) from error
        return data

    def _is_for_the_caller(self, message: Message) -> bool:
        if message.opcode == PING:
            self.send(PONG, message.payload)
        return message.opcode < CLOSE

    def send(self, opcode: int, payload: bytes) -> None:
        """Send a message. Raises ConnectionEndedError; the connection is closed then, as half a frame may be out."""
        try:
            with self._writing:
                self._socket.sendall(encode_frame(opcode, payload, os.urandom(4)))
        except OSError as error:
            self.drop()
            raise ConnectionEndedError(LOST, str(error)) from error

    def close(self, code: int = _NORMAL) -> None:
        """Say goodbye, and close without waiting for the answer."""
        try:
            with Timeout(_GOODBYE_S, False), self._writing:  # noqa: FBT003 - as above
                self._socket.sendall(encode_frame(CLOSE, struct.pack("!H", code), os.urandom(4)))
        except OSError:
            pass  # The other side is gone already.
        self.drop()

    def drop(self) -> None:
        """Close the socket without a word, as a machine does that loses its network."""
        self._socket.close()


def _describe_end(end: Message) -> ConnectionEndedError:
    code = struct.unpack("!H", end.payload[:2])[0] if len(end.payload) >= 2 else _NO_CODE
    return ConnectionEndedError(code, end.payload[2:].decode(errors="replace"))


def open_web_socket(url: str, *, verifies: bool = True) -> WebSocket:
    """Connect and upgrade. `url` begins with ws or wss. Raises ConnectionEndedError."""
    parts = urlsplit(url)
    is_secure = parts.scheme == "wss"
    host, port = parts.hostname or "", parts.port or (443 if is_secure else 80)
    with contextlib.ExitStack() as stack:
        try:
            connection = stack.enter_context(socket.create_connection((host, port), timeout=_PATIENCE_S))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if is_secure:
                context = _make_context(verifies=verifies)
                connection = stack.enter_context(context.wrap_socket(connection, server_hostname=host))
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            opened = _upgrade(connection, parts.netloc, target)
        except OSError as error:
            raise ConnectionEndedError(LOST, str(error)) from error
        stack.pop_all()  # It stays open.
        return opened


def _make_context(*, verifies: bool) -> ssl.SSLContext:
    context: ssl.SSLContext = gevent_ssl.create_default_context()
    if not verifies:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _upgrade(connection: socket.socket, authority: str, target: str) -> WebSocket:
    key = base64.b64encode(os.urandom(16)).decode()
    connection.sendall(
        f"GET {target} HTTP/1.1\r\nHost: {authority}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    came = b""
    while b"\r\n\r\n" not in came:
        data = connection.recv(_CHUNK)
        if not data or len(came) > _MAX_HEAD:
            raise ConnectionEndedError(LOST, "the upgrade has no answer")
        came += data
    head, _, rest = came.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    # SHA-1 is the protocol's choice and protects nothing.
    expected = base64.b64encode(hashlib.sha1((key + _GUID).encode(), usedforsecurity=False).digest()).decode()
    if " 101 " not in f"{status} " or headers.get("sec-websocket-accept") != expected:
        raise ConnectionEndedError(LOST, f"the upgrade was answered {status!r}")
    return WebSocket(connection, came=rest)
