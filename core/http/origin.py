"""The origin of a connection's requests: both ends of it, and the client that a trusted proxy speaks for."""

import asyncio
from typing import Any, Final

from core.http.exchange import EXTENSIONS
from core.http.parser import RequestHead
from core.http.peers import HttpPeers
from core.http.proxies import FORWARDED_FOR, FORWARDED_PROTO, Address, TrustedProxies, find_scheme
from core.runtime.unix_sockets import UNIX

_ASGI: Final = {"version": "3.0", "spec_version": "2.4"}


class Origin:
    """The origin of one connection's requests. It does not change; a proxy's headers concern single requests."""

    __slots__ = ("_client", "_peers", "_proxies", "_scheme", "_server", "address", "is_trusted")

    def __init__(self, transport: asyncio.Transport, *, proxies: TrustedProxies, peers: HttpPeers) -> None:
        self._proxies = proxies
        self._peers = peers
        self._server = _find_address(transport, "sockname")
        self._client = _find_address(transport, "peername")
        self._scheme = "http" if transport.get_extra_info("sslcontext") is None else "https"
        self.address = self._client[0] if self._client else ""
        """The host at the other end, which may be a proxy."""
        self.is_trusted = proxies.is_trusted(self.address)

    def build_scope(self, head: RequestHead) -> dict[str, Any]:
        """Return ASGI's scope of a request."""
        client, scheme = self._client, self._scheme
        if FORWARDED_FOR in head.names or FORWARDED_PROTO in head.names:
            if self.is_trusted:
                client = self._proxies.find_client(head.headers) or client
                scheme = find_scheme(head.headers) or scheme
            elif FORWARDED_FOR in head.names:
                self._peers.note_forwarded(self.address)
        return {
            "type": "http",
            "asgi": _ASGI,
            "http_version": head.version,
            "server": self._server,
            "client": client,
            "scheme": scheme,
            "root_path": "",
            "method": head.method,
            "path": head.path,
            "raw_path": head.raw_path,
            "query_string": head.query,
            "headers": head.headers,
            "extensions": EXTENSIONS,
        }


def _find_address(transport: asyncio.Transport, name: str) -> Address | None:
    """Return host and port of an end, of a Unix socket `unix:` and 0; None where the socket has none."""
    found = transport.get_extra_info(name)
    if isinstance(found, str | bytes):  # a path, which clients have seldom
        return UNIX, 0
    return (str(found[0]), int(found[1])) if isinstance(found, tuple) and len(found) >= 2 else None
