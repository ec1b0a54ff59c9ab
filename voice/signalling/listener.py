"""The node's WebSocket listener: which requests become sockets, and how many there may be."""

import asyncio
import collections
import logging
import socket
import ssl
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from picows import WSUpgradeRequest, WSUpgradeResponse, WSUpgradeResponseWithListener, ws_create_server

from core.wire.close_codes import CloseCode
from voice.protocol import close_codes
from voice.protocol.payloads import VERSION
from voice.rooms.bounds import Bounds
from voice.signalling.client_socket import ClientSocket
from voice.signalling.conversation import Conversation

logger = logging.getLogger(__name__)

_HEALTH: Final = "/health"
_MOST_BYTES: Final = 64 * 1024
"""The longest message: a commit that makes a group of a hundred has 45 KB, a browser's description 30 KB at most."""
_HANDSHAKE_S: Final = 5.0
_QUIET: Final = logging.getLogger(f"{__name__}.picows")
"""picows says each broken frame of each stranger; that is theirs to know."""
_QUIET.setLevel(logging.CRITICAL)


class VoiceListener:
    """The listener. `make` begins the conversation of a socket, `after_message` is called when one has been heard."""

    __slots__ = ("_after_message", "_bounds", "_make", "_of_address", "_server", "_sockets")

    def __init__(
        self, *, make: Callable[[ClientSocket], Conversation], bounds: Bounds, after_message: Callable[[], None]
    ) -> None:
        self._make = make
        self._after_message = after_message
        self._bounds = bounds
        self._sockets: set[ClientSocket] = set()
        self._of_address: collections.Counter[str] = collections.Counter()
        self._server: asyncio.Server | None = None

    async def start(self, sock: socket.socket, tls: ssl.SSLContext | None) -> None:
        """Listen on a socket that is bound, with TLS or without."""
        self._server = await ws_create_server(
            self._accept,
            sock=sock,
            ssl=tls,
            websocket_handshake_timeout=_HANDSHAKE_S,
            enable_auto_ping=False,
            max_frame_size=_MOST_BYTES,
            logger_name=_QUIET,
        )

    def stop(self) -> None:
        """Listen no more and close all sockets."""
        if self._server is not None:
            self._server.close()
        for client in list(self._sockets):
            client.end()

    def add(self, client: ClientSocket) -> CloseCode | None:
        """Add a socket; return why it must not stay."""
        self._sockets.add(client)
        self._of_address[client.client_ip] += 1
        bounds = self._bounds
        if self._of_address[client.client_ip] > bounds.connections_per_address:
            return close_codes.RATE_LIMITED
        return close_codes.SERVER_NOT_FOUND if len(self._sockets) > bounds.connections else None

    def discard(self, client: ClientSocket) -> None:
        """Remove a socket that is gone."""
        self._sockets.discard(client)
        self._of_address[client.client_ip] -= 1
        if not self._of_address[client.client_ip]:
            del self._of_address[client.client_ip]

    @property
    def socket_count(self) -> int:
        """The sockets that are open."""
        return len(self._sockets)

    def _accept(self, request: WSUpgradeRequest) -> Any:
        target = urlsplit(request.path.decode("latin-1"))
        if target.path == _HEALTH:
            return WSUpgradeResponseWithListener(WSUpgradeResponse.create_ok_response(b"ok\n"), None)
        if target.path not in ("", "/"):
            return WSUpgradeResponseWithListener(WSUpgradeResponse.create_error_response(HTTPStatus.NOT_FOUND), None)
        if "upgrade" in request.headers.get("Connection", "").lower():
            request.headers["Connection"] = "Upgrade"  # Firefox sends "keep-alive, Upgrade", and picows knows one word
        is_ours = parse_qs(target.query).get("v") == [str(VERSION)]
        refusal = None if is_ours else close_codes.BAD_REQUEST
        return ClientSocket(owner=self, make=self._make, refusal=refusal, after_message=self._after_message)
