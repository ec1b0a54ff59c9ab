"""The admission of clients, and the parts of a connection's life that all transports have in common.

A transport reads sockets. Admission decides about each request, makes the connection of an upgraded socket, gives it a
heartbeat interval, watches the heartbeats of all connections, and counts connections and addresses.

Owns the counts and the timer of the watch. Knows no socket and starts no task.
"""

import asyncio
import logging
import re
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

import msgspec

from core.runtime.addresses import key_of
from core.runtime.clock import Clock
from core.runtime.metrics.metrics import Metrics
from core.runtime.settings.settings import GatewaySettings
from core.wire import close_codes
from core.wire.close_codes import CloseCode
from gateway.scheduling.batch_timer import CallLater, Handle
from gateway.scheduling.sending import Sending
from gateway.sessions.connection import Connection, ConnectionHandler, Ender, Link, Shared
from gateway.transport.connection_options import ConnectionOptions, parse_connection_options
from gateway.transport.handshake import VERSION as WEBSOCKET_VERSION
from gateway.transport.handshake import HeaderValues, asks_upgrade, find_fault
from gateway.transport.heartbeats import HeartbeatWatch
from gateway.transport.surroundings import ALONE, Surroundings

logger = logging.getLogger(__name__)

HANDSHAKE_S: Final = 5.0
"""The time that a client may take for its request, from the accepted socket to the last byte of its headers."""
DRAIN_S: Final = 2.0
"""The time that a client may take to see that it was closed."""
STOP_S: Final = 1.0
"""The time that a stop waits for the clients to close, and then once more for the sockets."""

_MAX_TICK_S = 1.0
_TICKS = 10
"""The least number of ticks in each time that is watched."""
_JITTER_SHARE = 11
"""The divisor of an interval that bounds its jitter, so that a short interval (in a test) stays short."""
_GOLDEN = 0.6180339887498949
"""The golden ratio's fraction. Its multiples modulo 1 are spread evenly, which gives jitter without randomness."""
_STOP_STEP_S = 0.01
_SURPLUS = 16
"""Sockets past the bound that are kept for /health and /ready. Each is gone after `HANDSHAKE_S`."""
_FOR_ALL: Final = 8
"""The number of these sockets for all addresses. The others are for addresses with few sockets, so no flood takes
them all."""
_FEW: Final = 4
"""The most sockets of an address that has few."""
_READY = "/ready"
_PROBES = {"/health": "ok", _READY: "ready"}
_AUTHORITY = re.compile(r"\Ahttps?://[^/?]*", re.IGNORECASE)
"""A request may name the whole address (RFC 9112 section 3.2.2)."""


class HttpAnswer(msgspec.Struct, kw_only=True, frozen=True):
    """An answer to a request that is not upgraded."""

    status: HTTPStatus
    text: str
    headers: Mapping[str, str] = {}


_NO_ROOM = HttpAnswer(
    status=HTTPStatus.SERVICE_UNAVAILABLE, text="No room for more connections", headers={"Retry-After": "5"}
)


class Admission:
    """`handler` gets every connection's commands and its end."""

    __slots__ = (
        "_addresses",
        "_metrics",
        "_on_tick",
        "_opened",
        "_paths",
        "_sockets",
        "_surroundings",
        "_timer",
        "_watch",
        "shared",
    )

    def __init__(
        self,
        *,
        settings: GatewaySettings,
        clock: Clock,
        call_later: CallLater,
        handler: ConnectionHandler,
        metrics: Metrics,
        sending: Sending,
        surroundings: Surroundings = ALONE,
    ) -> None:
        self._metrics = metrics
        self._paths = _list_paths(settings.public_url) | _list_paths(settings.resume_url)
        self._surroundings = surroundings
        self._addresses: dict[str, int] = {}
        self._sockets = 0
        self._opened = 0
        self._timer: Handle | None = None
        self._on_tick: Callable[[float], None] = _do_nothing
        self.shared: Final = Shared(
            settings=settings,
            clock=clock,
            handler=handler,
            sending=sending,
            call_later=call_later,
            note_close=self._note_close,
        )
        tick_s = min(_MAX_TICK_S, settings.heartbeat_interval_s / _TICKS, settings.identify_timeout_s / _TICKS)
        self._watch = HeartbeatWatch(tick_s, clock.monotonic_s())

    # ---- from start to stop

    def start(
        self, connections: Callable[[], Iterable[Connection]], on_tick: Callable[[float], None] | None = None
    ) -> None:
        """Begin to watch and to measure buffers. `on_tick(now_s)` is called a few times a second."""
        if on_tick is not None:
            self._on_tick = on_tick
        self._metrics.connections.session_buffer_bytes.set_function(
            lambda: float(sum(connection.buffered_bytes for connection in connections()))
        )
        self._tick()

    def stop(self) -> None:
        """End the watch. Safe to call twice."""
        if self._timer is not None:
            self._timer.cancel()

    def _tick(self) -> None:
        now_s = self.shared.clock.monotonic_s()
        self._timer = self.shared.call_later(self._watch.tick_s, self._tick)
        self._watch.sweep(now_s)
        self._on_tick(now_s)

    # ---- sockets

    def add_socket(self, address: str) -> bool:
        """Count an accepted socket. Return whether it may stay. `remove_socket` must follow in both cases."""
        self._sockets += 1
        key = key_of(address)
        self._addresses[key] = self._addresses.get(key, 0) + 1
        if self._sockets <= self._surroundings.max_sockets:
            return True
        logger.warning("no room for more connections", extra={"address": address, "connections": self._sockets})
        spare = _SURPLUS if self._addresses[key] <= _FEW else _FOR_ALL
        return self._sockets <= self._surroundings.max_sockets + spare

    def remove_socket(self, address: str) -> None:
        """Count a socket as gone."""
        self._sockets -= 1
        key = key_of(address)
        left = self._addresses.get(key, 0) - 1
        if left > 0:
            self._addresses[key] = left
        else:
            self._addresses.pop(key, None)

    def tell_slow_head(self, address: str) -> None:
        """Log a socket that is ended because its request did not come in time."""
        self._tell_slow("head", address)

    # ---- requests

    def judge(self, *, target: str, address: str, headers: HeaderValues) -> HttpAnswer | ConnectionOptions:
        """Return the answer to a GET for `target` (path and query, or a whole address), or the options of its upgrade.

        Options with a `refusal` are upgraded too, and the connection is closed with it.
        """
        path, _, query = _AUTHORITY.sub("", target).partition("?")
        if path in _PROBES:
            return self._tell_state(path)
        if path.rstrip("/") not in self._paths:
            return HttpAnswer(status=HTTPStatus.NOT_FOUND, text="The gateway is at /")
        if self._addresses.get(key_of(address), 0) > self.shared.settings.connections_per_address:
            self._tell_limit("gateway-connections", address)
            return HttpAnswer(status=HTTPStatus.TOO_MANY_REQUESTS, text="Too many connections from this address")
        if not asks_upgrade(headers):
            return HttpAnswer(
                status=HTTPStatus.UPGRADE_REQUIRED,
                text="This is a WebSocket gateway",
                headers={"Upgrade": "websocket"},
            )
        if self._sockets > self._surroundings.max_sockets:
            return _NO_ROOM
        fault = find_fault(headers)
        if fault is not None:
            # A client of another version may come back with ours (RFC 6455 section 4.4).
            return HttpAnswer(
                status=HTTPStatus.BAD_REQUEST, text=fault, headers={"Sec-WebSocket-Version": WEBSOCKET_VERSION}
            )
        return parse_connection_options(query)

    def _tell_state(self, path: str) -> HttpAnswer:
        fault = self._surroundings.find_fault() if path == _READY else None
        if fault is None:
            return HttpAnswer(status=HTTPStatus.OK, text=_PROBES[path])
        return HttpAnswer(
            status=HTTPStatus.SERVICE_UNAVAILABLE, text=f"not ready: {fault}", headers={"Retry-After": "5"}
        )

    def connect(
        self, *, link: Link, ender: Ender, options: ConnectionOptions, address: str, host: str, fd: int
    ) -> Connection:
        """Make the connection of an upgraded socket. `open` must follow, once the transport knows the connection."""
        connection = Connection(
            shared=self.shared,
            link=link,
            ender=ender,
            encoding=options.encoding,
            compression=options.compression,
            remote_address=address,
            host=host,
            fd=fd,
        )
        self._metrics.connections.websocket_connections.inc()
        return connection

    def open(self, connection: Connection) -> None:
        """Send HELLO and begin to watch the connection."""
        connection.open(self._compute_interval_s())
        self._watch.add(connection)

    def disconnect(self) -> None:
        """Count a connection whose socket is gone."""
        self._metrics.connections.websocket_connections.dec()

    def _note_close(self, address: str, close_code: CloseCode) -> None:
        """Count a connection that the server closes, and log the closes that an operator should know of."""
        self._metrics.connections.gateway_closes_total.labels(str(close_code.code)).inc()
        if close_code is close_codes.SLOW_CLIENT:
            self._tell_slow("gateway", address)
        elif close_code is close_codes.RATE_LIMITED:
            self._tell_limit("gateway-commands", address)

    def _tell_slow(self, part: str, address: str) -> None:
        logger.warning("slow client closed", extra={"address": address, "part": part})

    def _tell_limit(self, limit: str, address: str) -> None:
        self._metrics.limit_refusals_total.labels(limit).inc()
        logger.warning("refused by a limit", extra={"limit": limit, "who": address})

    def _compute_interval_s(self) -> float:
        """Compute the next connection's heartbeat interval, jittered so that beats do not come in waves."""
        settings = self.shared.settings
        self._opened += 1
        interval_s = settings.heartbeat_interval_s
        jitter_s = min(settings.heartbeat_jitter_s, interval_s / _JITTER_SHARE)
        return interval_s + jitter_s * (2 * (self._opened * _GOLDEN % 1) - 1)


async def wait_until_empty(sockets: Callable[[], int]) -> None:
    """Wait until there are no sockets left, `STOP_S` at most."""
    waited_s = 0.0
    while sockets() and waited_s < STOP_S:
        await asyncio.sleep(_STOP_STEP_S)
        waited_s += _STOP_STEP_S


def _list_paths(public_url: str) -> frozenset[str]:
    """List the gateway's paths, without a slash at the end: libraries put one or none before their query.

    A proxy passes the path of the public address on or removes it. `/gateway` is usual behind a proxy that separates
    the API and the gateway by path alone.
    """
    prefix = urlsplit(public_url).path.rstrip("/")
    return frozenset({"", "/gateway", prefix, f"{prefix}/gateway"})


def _do_nothing(_now_s: float) -> None:
    pass
