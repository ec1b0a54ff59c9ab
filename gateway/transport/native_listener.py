"""The transport of our own: every socket in one epoll (`sockets.SocketTable`), whose descriptor the event loop watches.

    event loop ─ the epoll is readable ─→ SocketTable.poll ─→ the methods below ─→ Admission, Connection

A socket is a descriptor, a few numbers and its connection: it has no task, timer, protocol object or read buffer. The
table itself reads and answers heartbeats. It hands everything else to this listener, which passes it to the connection.

It does not speak TLS, which a proxy does (see the operator's guide). Owns the server socket and the table. Starts no
task.
"""

import asyncio
import logging
import os
import socket
import sys

from core.runtime.sockets import find_bound_place, open_listener
from core.wire import close_codes
from core_ext import payloads, sockets
from gateway.sessions.connection import Connection, encode_close_frame
from gateway.transport.admission import DRAIN_S, HANDSHAKE_S, Admission, HttpAnswer, wait_until_empty
from gateway.transport.connection_options import ConnectionOptions
from gateway.transport.fragments import MAX_FRAGMENTS
from gateway.transport.http_request import (
    BAD_REQUEST,
    TOO_LARGE,
    HttpRequest,
    encode_answer,
    encode_upgrade,
    parse_request,
)

logger = logging.getLogger(__name__)

_MAX_REQUEST_BYTES = 16_384
"""The most bytes of a request. Browsers send one or two kilobytes, and proxies add some more."""
_NO_STATUS = 1005
_REFUSALS = {
    sockets.PROTOCOL_ERROR: close_codes.PROTOCOL_ERROR,
    sockets.TOO_LARGE: close_codes.DECODE_ERROR,
    sockets.NOT_TEXT: close_codes.DECODE_ERROR,
}


class NativeListener:
    """A `gateway.transport.listener.Listener`, and the `SocketOwner` of its table."""

    __slots__ = ("_admission", "_is_sweeping", "_loop", "_server", "_table", "_unheard")

    def __init__(self, *, admission: Admission) -> None:
        self._admission = admission
        self._loop: asyncio.AbstractEventLoop | None = None
        self._server: socket.socket | None = None
        self._unheard: set[sockets.Socket] = set()
        """The sockets whose request has not come yet."""
        self._is_sweeping = False
        settings = admission.shared.settings
        self._table = sockets.SocketTable(
            owner=self,
            clock=admission.shared.clock.monotonic_s,
            max_message_bytes=settings.max_message_bytes,
            max_fragments=MAX_FRAGMENTS,
            max_request_bytes=_MAX_REQUEST_BYTES,
            max_buffered_bytes=settings.session_buffer_bytes,
            request_s=HANDSHAKE_S,
            drain_s=DRAIN_S,
        )

    @property
    def address(self) -> tuple[str, int]:
        """Host and port, or `unix:` with a path and 0, once started."""
        if self._server is None:
            raise RuntimeError("the listener is not started")
        return find_bound_place(self._server)

    @property
    def connections(self) -> list[Connection]:
        """The connections that are open now."""
        return self._table.receivers

    async def start(self) -> None:
        """Begin to listen. Raises StartError when the address cannot be bound."""
        settings = self._admission.shared.settings
        server = open_listener(settings)
        if server.family != socket.AF_UNIX:  # whose accepted sockets have the system's buffers
            # Accepted sockets inherit both.
            server.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, settings.socket_buffer_bytes)
            server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._server = server
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._table.fileno(), self._table.poll)
        self._table.listen(server)
        self._admission.start(lambda: self.connections, on_tick=self._sweep)

    async def stop(self) -> None:
        """Stop listening and close all connections with 1001. Takes a little over a second at most."""
        if self._server is not None:
            self._table.unlisten()
            self._server.close()
        for connection in self.connections:
            connection.close(close_codes.GOING_AWAY)
        await wait_until_empty(self._table.__len__)
        self._admission.stop()
        if self._loop is not None:
            self._loop.remove_reader(self._table.fileno())
            self._loop = None
        self._table.close()

    def _sweep(self, now_s: float) -> None:
        self._is_sweeping = True
        self._table.sweep(now_s)
        self._is_sweeping = False

    # ---- for the table

    def on_accept(self, sock: sockets.Socket) -> None:
        """See `SocketOwner`."""
        self._unheard.add(sock)
        if not self._admission.add_socket(sock.address):
            sock.abort()

    def on_accept_failed(self, error_number: int) -> None:
        """See `SocketOwner`."""
        logger.warning("clients wait to be accepted", extra={"reason": os.strerror(error_number)})

    def on_request(self, sock: sockets.Socket, request: bytes) -> None:
        """See `SocketOwner`."""
        self._unheard.discard(sock)
        asked = parse_request(request)
        if asked is None:
            sock.end(encode_answer(BAD_REQUEST))
            return
        verdict = self._admission.judge(target=asked.target, address=sock.address, headers=asked.values_of)
        if not isinstance(verdict, HttpAnswer) and not asked.may_upgrade:
            verdict = BAD_REQUEST
        if isinstance(verdict, HttpAnswer):
            sock.end(encode_answer(verdict, with_body=not asked.is_head))
            return
        sock.write(encode_upgrade(asked))
        self._open(sock, verdict, asked)

    def _open(self, sock: sockets.Socket, options: ConnectionOptions, asked: HttpRequest) -> None:
        if options.refusal is not None:
            sock.end(encode_close_frame(options.refusal))
            return
        connection = self._admission.connect(
            link=sock,
            ender=sock,
            options=options,
            address=sock.address,
            host=sys.intern(asked.values_of("Host")[0]),
            fd=sock.fileno(),
        )
        sock.upgrade(connection, connection.intake)
        self._admission.open(connection)

    def on_request_too_large(self, sock: sockets.Socket) -> None:
        """See `SocketOwner`."""
        self._unheard.discard(sock)
        sock.end(encode_answer(TOO_LARGE))

    def on_message(self, sock: sockets.Socket, data: bytes, is_text: bool) -> None:  # noqa: FBT001 - the table's call
        """See `SocketOwner`."""
        sock.receiver.receive(data, is_text=is_text)

    def on_ping(self, sock: sockets.Socket, data: bytes) -> None:
        """See `SocketOwner`."""
        sock.receiver.receive_ping(payloads.frame(sockets.FRAME_PONG, data))

    def on_close(self, sock: sockets.Socket, data: bytes) -> None:
        """See `SocketOwner`. The client's code goes back to it; 1000 where it gave none."""
        sock.receiver.on_client_close(int.from_bytes(data[:2], "big") if data else _NO_STATUS)
        code = data[:2] or close_codes.NORMAL.code.to_bytes(2, "big")
        sock.end(payloads.frame(sockets.FRAME_CLOSE, code))

    def on_refused(self, sock: sockets.Socket, refusal: int) -> None:
        """See `SocketOwner`."""
        sock.receiver.close(_REFUSALS[refusal])

    def on_blocked(self, sock: sockets.Socket) -> None:
        """See `SocketOwner`."""
        if sock.receiver is not None:
            sock.receiver.close(close_codes.SLOW_CLIENT)

    def on_lost(self, sock: sockets.Socket) -> None:
        """See `SocketOwner`. The descriptor is closed next, so the outlet lets go of it first."""
        connection = sock.receiver
        if connection is not None:
            connection.outlet.cut()
            self._admission.disconnect()
        self._admission.remove_socket(sock.address)
        if connection is not None:
            connection.on_lost()
        elif sock in self._unheard:
            self._unheard.discard(sock)
            if self._is_sweeping:
                self._admission.tell_slow_head(sock.address)

    def on_fault(self, sock: sockets.Socket) -> None:
        """See `SocketOwner`. One connection ends, and the others go on."""
        logger.error("gateway connection failed", exc_info=sys.exc_info())
        if sock.receiver is None:
            sock.abort()
        else:
            sock.receiver.close(close_codes.INTERNAL_ERROR)
