"""One socket as picows reads it: handshake, frames, and the end.

Everything that is particular to picows is here and in `picows_listener`. picows reads the HTTP upgrade, frame headers,
masks and lengths. It does not write: the connection's outlet sends whole frames to the socket or to the event loop's
transport. The transport closes the socket's descriptor after it has told the protocol, and the outlet lets go of it
before.

Three things need more than picows' public interface (its exact version is pinned):

- picows answers a broken or too large frame by itself, with its own code, and tells only its logger, before it does. So
  each peer is its own logger: `error` closes with the documented code and raises `_Stopped` through the parser.
- When a socket is closed while bytes of the client are unread, the kernel resets the connection, and the client may
  never see the close frame. So a closed connection gets a `_Drain` in place of the parser. The close frame and the end
  of our stream go out, and bytes that still come are thrown away. The socket ends with the client's own end, or after
  `DRAIN_S`.
- The address of the client is needed before its request.

picows reads one frame ahead. When that frame is broken, the frame before it is not heard either, unless it is a close.
"""

import asyncio
import contextlib
import logging
import os
import sys
from collections.abc import Callable
from typing import Any, Protocol

from picows import WSAutoPingStrategy, WSCloseCode, WSFrame, WSListener, WSMsgType, WSTransport, WSUpgradeRequest
from picows.picows import WSProtocol  # type: ignore[attr-defined]  # not in its stub
from typing_extensions import override

from core.wire import close_codes
from core.wire.close_codes import CloseCode
from core_ext import payloads
from gateway.payloads.encodings import RefusedPayload
from gateway.scheduling.batch_timer import CallLater, Handle
from gateway.sessions.connection import Connection, encode_close_frame
from gateway.transport.admission import DRAIN_S, HANDSHAKE_S, HttpAnswer
from gateway.transport.connection_options import ConnectionOptions
from gateway.transport.fragments import Fragments
from gateway.transport.http_request import BAD_REQUEST, HttpRequest, encode_answer, parse_request

logger = logging.getLogger(__name__)

_READ_BUFFER_BYTES = 2048
"""picows' least size. The buffer grows for a larger payload, which most connections never send."""
_NO_STATUS = 1005
_CLOSE_CODES = (range(1000, 1004), range(1007, 1015), range(3000, 5000))
"""The codes allowed in a close frame (RFC 6455 section 7.4; 1012 to 1014 are IANA's). picows lets others through."""
_HEAD_END = b"\r\n\r\n"
_CLOSE = 8
_PONG = 10

_drained = memoryview(bytearray(65_536))
"""The buffer for drained bytes. Nobody reads it, so all connections share it."""


class _Stopped(Exception):
    """The parser is done with this socket."""


class PeerOwner(Protocol):
    """The listener, as a peer needs it."""

    def accept(self, peer: "Peer", request: WSUpgradeRequest) -> Any:
        """Return the peer, or an HTTP answer: picows' listener factory."""

    def judge(self, peer: "Peer", request: HttpRequest) -> HttpAnswer | ConnectionOptions:
        """Decide about a request."""

    def connect(self, peer: "Peer", transport: asyncio.Transport) -> Connection:
        """Make the connection of an upgraded peer."""

    def on_socket(self, peer: "Peer") -> None:
        """Add the peer of an accepted socket."""

    def on_socket_lost(self, peer: "Peer") -> None:
        """Remove the peer of a socket that is gone."""

    def on_slow_head(self, peer: "Peer") -> None:
        """Note a socket that is ended because its request did not come in time."""


class Peer(WSListener):
    """One client: picows' callbacks, its logger, and the `Ender` of the connection."""

    __slots__ = (
        "_call_later",
        "_connection",
        "_fragments",
        "_is_heard",
        "_max_bytes",
        "_owner",
        "_timer",
        "_transport",
        "_ws",
        "address",
        "host",
        "is_new",
        "options",
        "protocol",
    )

    def __init__(self, owner: PeerOwner, max_bytes: int, call_later: CallLater) -> None:
        self._owner = owner
        self._call_later = call_later
        self._max_bytes = max_bytes
        self._connection: Connection | None = None
        self._fragments: Fragments | None = None
        self._timer: Handle | None = None
        self._is_heard = False
        """Whether its request has come."""
        self._transport: asyncio.Transport | None = None
        self._ws: WSTransport | None = None
        self.address = ""
        self.options = ConnectionOptions()
        self.host = ""
        self.is_new = True
        """Whether no byte has come yet."""
        self.protocol: Any = None

    # ---- the socket

    def on_socket(self, transport: asyncio.Transport) -> None:
        """Take the socket, before any byte of it was read."""
        self.address = str((transport.get_extra_info("peername") or ("",))[0])
        self._timer = self._call_later(HANDSHAKE_S, self._expire)
        self._transport = transport
        self._owner.on_socket(self)

    def cut(self) -> None:
        """Stop writing, because the socket's descriptor is about to be closed."""
        if self._connection is not None:
            self._connection.outlet.cut()

    def on_socket_lost(self) -> None:
        """Note that the socket is gone, whether or not it was ever upgraded."""
        self._stop_timer()
        self._owner.on_socket_lost(self)
        if self._connection is not None:
            self._connection.on_lost()
        # Otherwise the peer, picows' protocol and its transport would hold each other until a garbage collection.
        self._connection = self._transport = self._ws = self.protocol = None

    def _expire(self) -> None:
        if not self._is_heard:
            self._owner.on_slow_head(self)
        self.abort()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def answer_probe(self, data: bytes) -> bool:
        """Answer a HEAD or HTTP/1.0 request, which picows cannot: load balancers check the process with them."""
        self.is_new = False
        request = parse_request(data) if data.endswith(_HEAD_END) else None
        if request is None or request.may_upgrade:
            return False
        verdict = self._owner.judge(self, request)
        if not isinstance(verdict, HttpAnswer):
            verdict = BAD_REQUEST
        self._stop_timer()
        self.end(encode_answer(verdict, with_body=not request.is_head))
        return True

    # ---- picows' callbacks

    def accept(self, request: WSUpgradeRequest) -> Any:
        """Return the peer, or an HTTP answer: picows' listener factory."""
        self._is_heard = True
        return self._owner.accept(self, request)

    @override
    def on_ws_connected(self, transport: WSTransport) -> None:
        self._stop_timer()
        self._ws = transport
        # Headers are kilobytes, and a connection lasts for days.
        transport.request.headers = transport.response.headers = None  # type: ignore[assignment]
        if self.options.refusal is not None:
            self.end(encode_close_frame(self.options.refusal))
            return
        self._connection = self._owner.connect(self, transport.underlying_transport)

    @override
    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        connection = self._connection
        if connection is None or not connection.is_open:
            return
        kind = frame.msg_type
        if frame.rsv1 or frame.rsv2 or frame.rsv3:
            connection.close(close_codes.PROTOCOL_ERROR)
        elif kind == WSMsgType.PING:
            connection.receive_ping(payloads.frame(_PONG, frame.get_payload_as_bytes()))
        elif kind == WSMsgType.CLOSE:
            self._answer_close(connection, frame.get_payload_as_bytes())
        elif kind != WSMsgType.PONG:
            self._take_frame(connection, kind, frame)

    def _take_frame(self, connection: Connection, kind: WSMsgType, frame: WSFrame) -> None:
        fragments = self._fragments or Fragments(self._max_bytes)
        try:
            data = frame.get_payload_as_bytes()
            message = fragments.add(int(kind), data, is_final=bool(frame.fin))  # type: ignore[call-overload]
        except RefusedPayload as refusal:
            connection.close(refusal.close_code)
            return
        self._fragments = None if message is not None else fragments
        if message is not None:
            connection.receive(message.data, is_text=message.is_text)

    def _answer_close(self, connection: Connection, payload: bytes) -> None:
        code = int.from_bytes(payload[:2], "big") if payload else _NO_STATUS
        if payload and not any(code in codes for codes in _CLOSE_CODES):
            connection.close(close_codes.PROTOCOL_ERROR)
            return
        connection.on_client_close(code)
        answer = code if payload else close_codes.NORMAL.code
        self.end(payloads.frame(_CLOSE, answer.to_bytes(2, "big")))

    @override
    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """Do nothing: `on_socket_lost` comes for every socket, this only for upgraded ones."""

    @override
    def pause_writing(self) -> None:
        """Close a client for which more bytes wait than one session may hold."""
        if self._connection is not None:
            self._connection.close(close_codes.SLOW_CLIENT)

    @override
    def resume_writing(self) -> None:
        """Do nothing: a slow client is closed, not resumed."""

    # ---- the way out

    def end(self, frame: bytes) -> None:
        """Send the close frame, end our stream and drain theirs."""
        transport = self._transport
        if transport is None or transport.is_closing() or isinstance(transport.get_protocol(), _Drain):
            return
        transport.write(frame)
        transport.set_protocol(_Drain(self.protocol))
        if not transport.can_write_eof():  # TLS ends both ways at once
            transport.close()
            return
        try:
            transport.write_eof()
        except OSError:  # the client has reset the connection, and we have not heard of it yet
            transport.abort()
            return
        self._call_later(DRAIN_S, transport.abort)

    def abort(self) -> None:
        """Drop the socket."""
        if self._transport is not None:
            self._transport.abort()

    # ---- picows' logger

    def isEnabledFor(self, _level: int) -> bool:  # noqa: N802 - the name is logging's
        """Return False: picows asks before it formats."""
        return False

    def debug(self, *args: object) -> None:
        """Drop the message: sockets come and go all the time."""

    info = log = warning = debug

    def error(self, text: str, *args: Any) -> None:
        """Close for a frame that picows cannot take, or for a fault of ours while connecting. Raises `_Stopped`."""
        reported = args[0] if args else None
        if not isinstance(reported, tuple):
            self.exception(text)
            return
        self._answer_earlier_close()
        is_too_large = reported[0] == WSCloseCode.MESSAGE_TOO_BIG
        self._stop(close_codes.DECODE_ERROR if is_too_large else close_codes.PROTOCOL_ERROR)

    def exception(self, text: str, *_args: object) -> None:
        """End one connection for a fault of ours in a callback. Raises `_Stopped` while it is open."""
        logger.error("gateway connection failed", exc_info=sys.exc_info(), extra={"fault": text})
        if self._ws is not None and not self._ws.is_disconnected:
            self._stop(close_codes.INTERNAL_ERROR)

    def _answer_earlier_close(self) -> None:
        """Answer a close before the broken frame: picows reads one frame ahead, and nothing counts after a close."""
        handshake = self._ws.close_handshake if self._ws is not None else None
        if handshake is None or handshake.recv is None or self._connection is None:
            return
        code = int(handshake.recv.code)  # type: ignore[call-overload]  # an int, which picows' stub calls an enum
        self._answer_close(self._connection, code.to_bytes(2, "big") if code else b"")
        raise _Stopped

    def _stop(self, close_code: CloseCode) -> None:
        if self._connection is not None:
            self._connection.close(close_code)
        else:
            self.end(encode_close_frame(close_code))
        raise _Stopped


class _PeerProtocol(WSProtocol):  # type: ignore[misc]  # untyped, see the import
    """picows' protocol, which tells its peer of the socket and lets the peer stop the parser."""

    __slots__ = ("buffer", "peer")

    @override
    def get_buffer(self, sizehint: int) -> Any:
        buffer = WSProtocol.get_buffer(self, sizehint)
        if self.peer.is_new:
            self.buffer = buffer
        return buffer

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:
        self.peer.on_socket(transport)
        WSProtocol.connection_made(self, transport)

    @override
    def buffer_updated(self, nbytes: int) -> None:
        if self.peer.is_new and self.peer.answer_probe(bytes(self.buffer[:nbytes])):
            return
        self.buffer = None
        with contextlib.suppress(_Stopped):
            WSProtocol.buffer_updated(self, nbytes)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self.peer.cut()
        WSProtocol.connection_lost(self, exc)
        self.peer.on_socket_lost()


class _Drain(asyncio.BufferedProtocol):
    """Reads and forgets until the socket ends, and then tells the protocol that it replaces."""

    __slots__ = ("_protocol",)

    def __init__(self, protocol: Any) -> None:
        self._protocol = protocol

    @override
    def get_buffer(self, sizehint: int) -> memoryview:
        return _drained

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._protocol.connection_lost(exc)


def find_descriptor(transport: asyncio.Transport) -> int:
    """Return the descriptor for writes past the transport; -1 when that is not possible.

    It belongs to the transport, which must have nothing buffered itself, and which closes it after `connection_lost`.
    """
    if os.name == "nt" or transport.get_extra_info("ssl_object") is not None:
        return -1
    return int(transport.get_extra_info("socket").fileno())


def peer_factory(owner: PeerOwner, max_bytes: int, call_later: CallLater) -> Callable[[], asyncio.BaseProtocol]:
    """Make the protocol factory of a server socket."""

    def make() -> asyncio.BaseProtocol:
        peer = Peer(owner, max_bytes, call_later)
        protocol = _PeerProtocol(
            host_port=None,
            ws_path=None,
            is_client_side=False,
            ws_listener_factory=peer.accept,
            logger=peer,
            disconnect_on_exception=True,
            websocket_handshake_timeout=None,  # ours: picows' leaves a future that nobody awaits
            enable_auto_ping=False,
            auto_ping_idle_timeout=1.0,
            auto_ping_reply_timeout=1.0,
            auto_ping_strategy=WSAutoPingStrategy.PING_WHEN_IDLE,
            enable_auto_pong=False,  # pings count as commands
            max_frame_size=max_bytes,
            extra_headers=None,
            read_buffer_init_size=_READ_BUFFER_BYTES,
        )
        protocol.peer = peer
        peer.protocol = protocol
        return protocol

    return make
