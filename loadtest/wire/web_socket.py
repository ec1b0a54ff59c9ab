"""A WebSocket on a gevent socket: the upgrade, messages in both directions, and the ends of a connection.

One greenlet reads; any may write. Pings are answered inside. The client masks with random bytes, as RFC 6455 demands.
"""

import base64
import hashlib
import os
import ssl
import struct
from typing import Final
from urllib.parse import urlsplit

from gevent import socket
from gevent import ssl as gevent_ssl

from loadtest.wire.frames import CLOSE, PING, PONG, FrameReader, Message, encode_frame

_GUID: Final = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""The constant of RFC 6455, section 1.3."""
_CONNECT_TIMEOUT_S: Final = 30.0
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

    __slots__ = ("_frames", "_ready", "_socket")

    def __init__(self, connection: socket.socket, *, came: bytes = b"") -> None:
        """`came` is what came with the upgrade's answer."""
        self._socket = connection
        self._frames = FrameReader()
        self._ready = self._frames.feed(came) if came else []

    def read(self, timeout_s: float) -> list[Message]:
        """Return the messages that have come since the last call; none when nothing comes for so long.

        Raises:
            ConnectionEndedError: when the connection has ended.
            FrameError: when the server has broken the protocol.
        """
        messages, self._ready = self._ready, []
        if not messages:
            self._socket.settimeout(max(timeout_s, 0.001))
            try:
                data = self._socket.recv(_CHUNK)
            except TimeoutError:
                return []
            except OSError as error:
                raise ConnectionEndedError(LOST, str(error)) from error
            if not data:
                raise ConnectionEndedError(LOST)
            messages = self._frames.feed(data)
        return [message for message in messages if self._is_for_the_caller(message)]

    def _is_for_the_caller(self, message: Message) -> bool:
        if message.opcode == CLOSE:
            code = struct.unpack("!H", message.payload[:2])[0] if len(message.payload) >= 2 else _NO_CODE
            raise ConnectionEndedError(code, message.payload[2:].decode(errors="replace"))
        if message.opcode == PING:
            self.send(PONG, message.payload)
        return message.opcode < CLOSE

    def send(self, opcode: int, payload: bytes) -> None:
        """Send a message. Raises ConnectionEndedError."""
        try:
            self._socket.sendall(encode_frame(opcode, payload, os.urandom(4)))
        except OSError as error:
            raise ConnectionEndedError(LOST, str(error)) from error

    def close(self, code: int = _NORMAL) -> None:
        """Say goodbye, and close without waiting for the answer."""
        try:
            self._socket.settimeout(1.0)
            self._socket.sendall(encode_frame(CLOSE, struct.pack("!H", code), os.urandom(4)))
        except OSError:
            pass  # The other side is gone already.
        self.drop()

    def drop(self) -> None:
        """Close the socket without a word, as a machine does that loses its network."""
        self._socket.close()


def open_web_socket(url: str, *, verifies: bool = True) -> WebSocket:
    """Connect and upgrade. `url` begins with ws or wss. Raises ConnectionEndedError."""
    parts = urlsplit(url)
    is_secure = parts.scheme == "wss"
    host, port = parts.hostname or "", parts.port or (443 if is_secure else 80)
    try:
        connection = socket.create_connection((host, port), timeout=_CONNECT_TIMEOUT_S)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if is_secure:
            connection = _make_context(verifies=verifies).wrap_socket(connection, server_hostname=host)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return _upgrade(connection, parts.netloc, target)
    except (OSError, ssl.SSLError) as error:
        raise ConnectionEndedError(LOST, str(error)) from error


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
        connection.close()
        raise ConnectionEndedError(LOST, f"the upgrade was answered {status!r}")
    return WebSocket(connection, came=rest)
