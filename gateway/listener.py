"""The gateway's server socket: HTTP requests in, connections out.

It answers `/health`, upgrades `/` (and the path of the public address) and refuses the rest; it counts connections an
address; it gives each connection its heartbeat interval and watches over the heartbeats of all of them. What a client says
goes from its `Peer` to its `Connection` and from there to the handler.

Owns the peers and the timer of the watch. Starts no task.
"""

import asyncio
import socket
from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from picows import WSUpgradeRequest, WSUpgradeResponse, WSUpgradeResponseWithListener

from core.runtime.clock import Clock
from core.runtime.metrics import Metrics
from core.runtime.settings import GatewaySettings
from core.runtime.sockets import BACKLOG, bind_socket
from core.wire import close_codes
from gateway.connection import Connection, ConnectionHandler, Shared
from gateway.heartbeats import HeartbeatWatch
from gateway.listener_peer import Peer, find_descriptor, peer_factory
from gateway.transport_choice import parse_transport_choice

_MAX_TICK_S = 1.0
_TICKS = 10
"""At least so many ticks in each time that is watched."""
_JITTER_SHARE = 11
"""An interval is jittered by at most this part of it, so that a short one (in a test) stays one."""
_GOLDEN = 0.6180339887498949
"""Multiples of it, modulo 1, are spread evenly however many there are: jitter without chance."""
_STOP_S = 1.0
_STOP_STEP_S = 0.01
_WORKER = "0"
"""The metrics' label; one process has one worker."""


class Listener:
    """See the module. `handler` is called for every connection's commands and its end."""

    __slots__ = (
        "_addresses",
        "_host",
        "_metrics",
        "_opened",
        "_paths",
        "_peers",
        "_port",
        "_server",
        "_shared",
        "_timer",
        "_watch",
    )

    def __init__(
        self,
        *,
        host: str,
        port: int,
        settings: GatewaySettings,
        clock: Clock,
        handler: ConnectionHandler,
        metrics: Metrics,
    ) -> None:
        self._host = host
        self._port = port
        self._metrics = metrics
        self._paths = {"/", urlsplit(settings.public_url).path or "/"}
        self._peers: dict[Peer, Connection | None] = {}
        self._addresses: dict[str, int] = {}
        self._opened = 0
        self._server: asyncio.Server | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._shared = Shared(settings=settings, clock=clock, handler=handler, call_later=_call_later)
        tick_s = min(_MAX_TICK_S, settings.heartbeat_interval_s / _TICKS, settings.identify_timeout_s / _TICKS)
        self._watch = HeartbeatWatch(tick_s, clock.monotonic_s())

    @property
    def address(self) -> tuple[str, int]:
        """Host and port, once started."""
        if self._server is None:
            raise RuntimeError("the listener is not started")
        host, port = self._server.sockets[0].getsockname()[:2]
        return str(host), int(port)

    @property
    def connections(self) -> list[Connection]:
        """The connections that are there now."""
        return [connection for connection in self._peers.values() if connection is not None]

    async def start(self) -> None:
        """Begins to listen. Raises StartError when the address cannot be had."""
        settings = self._shared.settings
        factory = peer_factory(self, settings.max_payload_bytes)
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(factory, sock=bind_socket(self._host, self._port), backlog=BACKLOG)
        for server_socket in self._server.sockets:
            # Accepted sockets inherit it.
            server_socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, settings.socket_buffer_bytes)
        self._metrics.session_buffer_bytes.set_function(self._sum_buffered_bytes)
        self._tick()

    async def stop(self) -> None:
        """Stops to listen and ends what is still connected, with 1001. Takes a little over `_STOP_S` at most."""
        if self._timer is not None:
            self._timer.cancel()
        if self._server is not None:
            self._server.close()
        for connection in self.connections:
            connection.close(close_codes.GOING_AWAY)
        await self._wait_for_peers()
        for peer in list(self._peers):
            peer.abort()
        await self._wait_for_peers()

    async def _wait_for_peers(self) -> None:
        waited_s = 0.0
        while self._peers and waited_s < _STOP_S:
            await asyncio.sleep(_STOP_STEP_S)
            waited_s += _STOP_STEP_S

    # ---- for peers

    def on_socket(self, peer: Peer) -> None:
        """A socket was accepted."""
        self._peers[peer] = None
        self._addresses[peer.address] = self._addresses.get(peer.address, 0) + 1

    def on_socket_lost(self, peer: Peer) -> None:
        """A socket is gone."""
        if self._peers.pop(peer, None) is not None:
            self._metrics.websocket_connections.labels(_WORKER).dec()
        left = self._addresses.get(peer.address, 0) - 1
        if left > 0:
            self._addresses[peer.address] = left
        else:
            self._addresses.pop(peer.address, None)

    def accept(self, peer: Peer, request: WSUpgradeRequest) -> Any:
        """The answer to an HTTP request: the peer for an upgrade, an HTTP answer else."""
        path, _, query = request.path.decode("latin-1").partition("?")
        if path == "/health":
            return _answer(HTTPStatus.OK, "ok")
        if path not in self._paths:
            return _answer(HTTPStatus.NOT_FOUND, "The gateway is at /")
        if self._addresses.get(peer.address, 0) > self._shared.settings.connections_per_address:
            return _answer(HTTPStatus.TOO_MANY_REQUESTS, "Too many connections from this address")
        if not _asks_upgrade(request):
            return _answer(HTTPStatus.UPGRADE_REQUIRED, "This is a WebSocket gateway", Upgrade="websocket")
        # Firefox says "keep-alive, Upgrade", and picows knows "Upgrade" alone.
        request.headers["Connection"] = "Upgrade"
        peer.choice = parse_transport_choice(query)
        peer.host = request.headers.get("Host", "")
        return peer

    def connect(self, peer: Peer, transport: asyncio.Transport) -> Connection:
        """An upgraded peer becomes a connection and gets its HELLO."""
        settings = self._shared.settings
        transport.set_write_buffer_limits(high=settings.session_buffer_bytes)
        connection = Connection(
            shared=self._shared,
            link=transport,
            end=peer.end,
            encoding=peer.choice.encoding,
            compression=peer.choice.compression,
            remote_address=peer.address,
            host=peer.host,
            fd=find_descriptor(transport),
        )
        self._peers[peer] = connection
        self._metrics.websocket_connections.labels(_WORKER).inc()
        connection.open(self._compute_interval_s())
        self._watch.add(connection)
        return connection

    # ---- within

    def _compute_interval_s(self) -> float:
        """The next connection's heartbeat interval, jittered so that beats do not come in waves."""
        settings = self._shared.settings
        self._opened += 1
        interval_s = settings.heartbeat_interval_s
        jitter_s = min(settings.heartbeat_jitter_s, interval_s / _JITTER_SHARE)
        return interval_s + jitter_s * (2 * (self._opened * _GOLDEN % 1) - 1)

    def _tick(self) -> None:
        self._watch.sweep(self._shared.clock.monotonic_s())
        self._timer = asyncio.get_running_loop().call_later(self._watch.tick_s, self._tick)

    def _sum_buffered_bytes(self) -> float:
        return float(sum(connection.buffered_bytes for connection in self.connections))


def _call_later(delay_s: float, callback: Callable[[], None]) -> object:
    return asyncio.get_running_loop().call_later(delay_s, callback)


def _asks_upgrade(request: WSUpgradeRequest) -> bool:
    tokens = ",".join(request.headers.getall("Connection", [])).lower().split(",")
    return "upgrade" in (token.strip() for token in tokens) and "upgrade" in request.headers


def _answer(status: HTTPStatus, text: str, **headers: str) -> WSUpgradeResponseWithListener:
    body = text.encode()
    if status is HTTPStatus.OK:
        response = WSUpgradeResponse.create_ok_response(body, extra_headers=headers)
    else:
        response = WSUpgradeResponse.create_error_response(status, body, extra_headers=headers)
    return WSUpgradeResponseWithListener(response, None)
