"""The transport that runs everywhere: the event loop reads the sockets, picows the requests and the frames.

It answers as `Admission` decides, and gives each socket a `Peer`, which hands the client's frames to the connection.

Owns the server socket and the peers. Starts no task.
"""

import asyncio
import socket
from http import HTTPStatus
from typing import Any

from picows import WSUpgradeRequest, WSUpgradeResponse, WSUpgradeResponseWithListener

from core.http.shared_port import PLAIN, Front
from core.runtime.sockets import BACKLOG, bind_socket
from core.runtime.tls import HANDSHAKE_S
from core.wire import close_codes
from gateway.sessions.connection import Connection
from gateway.transport.admission import Admission, HttpAnswer, wait_until_empty
from gateway.transport.connection_options import ConnectionOptions
from gateway.transport.http_request import HttpRequest
from gateway.transport.picows_peer import Peer, find_descriptor, peer_factory


class PicowsListener:
    """A `gateway.transport.listener.Listener`."""

    __slots__ = ("_admission", "_front", "_host", "_peers", "_port", "_server")

    def __init__(self, *, host: str, port: int, admission: Admission, front: Front = PLAIN) -> None:
        """On a shared port it takes the WebSockets of an HTTP server, and host and port are not used."""
        self._front = front
        self._host = host
        self._port = port
        self._admission = admission
        self._peers: dict[Peer, Connection | None] = {}
        self._server: asyncio.Server | None = None

    @property
    def address(self) -> tuple[str, int]:
        """Host and port, once started."""
        if self._front.shared is not None:
            return self._front.shared.address
        if self._server is None:
            raise RuntimeError("the listener is not started")
        host, port = self._server.sockets[0].getsockname()[:2]
        return str(host), int(port)

    @property
    def connections(self) -> list[Connection]:
        """The connections that are open now."""
        return [connection for connection in self._peers.values() if connection is not None]

    async def start(self) -> None:
        """Begin to listen. Raises StartError when the address cannot be bound."""
        shared = self._admission.shared
        settings = shared.settings
        factory = peer_factory(self, settings.max_message_bytes, shared.call_later)
        if self._front.shared is not None:
            self._front.shared.make_socket = factory
            self._admission.start(lambda: self.connections)
            return
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            factory,
            sock=bind_socket(self._host, self._port),
            backlog=BACKLOG,
            ssl=self._front.tls,
            ssl_handshake_timeout=HANDSHAKE_S if self._front.tls else None,
        )
        for server_socket in self._server.sockets:
            # Accepted sockets inherit it.
            server_socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, settings.socket_buffer_bytes)
        self._admission.start(lambda: self.connections)

    async def stop(self) -> None:
        """Stop listening and close all connections with 1001. Takes a little over two seconds at most."""
        self._admission.stop()
        if self._front.shared is not None:
            self._front.shared.make_socket = None
        if self._server is not None:
            self._server.close()
        for connection in self.connections:
            connection.close(close_codes.GOING_AWAY)
        await wait_until_empty(self._peers.__len__)
        for peer in list(self._peers):
            peer.abort()
        await wait_until_empty(self._peers.__len__)

    # ---- for peers

    def on_socket(self, peer: Peer) -> None:
        """Add the peer of an accepted socket."""
        self._peers[peer] = None
        if not self._admission.add_socket(peer.address):
            peer.abort()

    def on_socket_lost(self, peer: Peer) -> None:
        """Remove the peer of a socket that is gone."""
        if self._peers.pop(peer, None) is not None:
            self._admission.disconnect()
        self._admission.remove_socket(peer.address)

    def on_slow_head(self, peer: Peer) -> None:
        """Log a socket that is ended because its request did not come in time."""
        self._admission.tell_slow_head(peer.address)

    def accept(self, peer: Peer, request: WSUpgradeRequest) -> Any:
        """Answer an HTTP request: with the peer for an upgrade, else with an HTTP answer."""
        verdict = self._admission.judge(
            target=request.path.decode("latin-1"),
            address=peer.address,
            headers=lambda name: request.headers.getall(name, []),
        )
        if isinstance(verdict, HttpAnswer):
            return _answer(verdict)
        # Firefox sends "keep-alive, Upgrade", and picows knows "Upgrade" alone.
        request.headers["Connection"] = "Upgrade"
        peer.options = verdict
        peer.host = request.headers.get("Host", "")
        return peer

    def judge(self, peer: Peer, request: HttpRequest) -> HttpAnswer | ConnectionOptions:
        """Decide about a request that picows does not read."""
        return self._admission.judge(target=request.target, address=peer.address, headers=request.values_of)

    def connect(self, peer: Peer, transport: asyncio.Transport) -> Connection:
        """Make the connection of an upgraded peer, and send its HELLO."""
        transport.set_write_buffer_limits(high=self._admission.shared.settings.session_buffer_bytes)
        connection = self._admission.connect(
            link=transport,
            ender=peer,
            options=peer.options,
            address=peer.address,
            host=peer.host,
            fd=find_descriptor(transport),
        )
        self._peers[peer] = connection
        self._admission.open(connection)
        return connection


def _answer(answer: HttpAnswer) -> WSUpgradeResponseWithListener:
    body = answer.text.encode()
    if answer.status is HTTPStatus.OK:
        response = WSUpgradeResponse.create_ok_response(body, extra_headers=dict(answer.headers))
    else:
        response = WSUpgradeResponse.create_error_response(answer.status, body, extra_headers=dict(answer.headers))
    return WSUpgradeResponseWithListener(response, None)
