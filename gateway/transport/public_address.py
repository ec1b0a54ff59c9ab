"""The gateway's address for clients (GET /gateway, READY's resume_gateway_url).

It is the operator's setting, or else the address where the gateway listens. A gateway that listens on every address
does not know by which one a client reaches it. The client knows it, so the host in the client's own request is taken.

Where a cluster has several workers, the setting is a template, `wss://gw-{worker}.example.org:{port}`: in each worker's
address its own name and port stand there. A setting without them is the address of a balancer before all workers.
"""

import re
from typing import Final
from urllib.parse import urlsplit

from core.runtime.unix_sockets import UNIX

_EVERY_ADDRESS: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - addresses to translate, not to bind
"""The wildcard addresses, each with the loopback address that reaches it."""

_HOST: Final = re.compile(r"[A-Za-z0-9._-]{1,253}|[0-9A-Fa-f:.]{2,45}")


def compute_gateway_url(*, public_url: str, host: str, port: int, asked_host: str = "", is_tls: bool = False) -> str:
    """Compute `ws://host:port`, or `wss://`, without query. A Unix socket is its own address, for this machine alone.

    `asked_host` is the Host header of a client's request, unchecked.
    """
    if public_url:
        return public_url
    if host.startswith(UNIX):
        return host
    if host in _EVERY_ADDRESS:
        host = _parse_host(asked_host) or _EVERY_ADDRESS[host]
    scheme = "wss" if is_tls else "ws"
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


class PublicAddress:
    """The gateway's address, whose host and port are known once the listener is bound."""

    __slots__ = ("_bound", "_is_tls", "_public_url", "_resume_url", "_worker")

    def __init__(self, public_url: str, *, resume_url: str = "", worker: str = "", is_tls: bool = False) -> None:
        """The operator's settings, which may be empty. `worker` is the name in its place."""
        self._is_tls = is_tls
        self._public_url = public_url.rstrip("/")  # as Discord's: libraries put "?v=10" or "/?v=10" behind it
        self._resume_url = resume_url.rstrip("/")
        self._worker = worker
        self._bound: tuple[str, int] | None = None

    def bind(self, host: str, port: int) -> None:
        """Set the address that the listener is bound to."""
        self._bound = host, port

    @property
    def bound(self) -> tuple[str, int] | None:
        """Host and port of the listener, None before it listens."""
        return self._bound

    @property
    def public_url(self) -> str:
        """The operator's setting for this very gateway, empty when there is none. The listener must be bound."""
        return self._fill(self._public_url)

    @property
    def local_url(self) -> str:
        """The address by which a client on this machine reaches the gateway."""
        host, port = self._where()
        return compute_gateway_url(public_url="", host=host, port=port, is_tls=self._is_tls)

    def url_for(self, asked_host: str) -> str:
        """Return the address for a client whose request had this Host header."""
        host, port = self._where()
        return compute_gateway_url(
            public_url=self.public_url, host=host, port=port, asked_host=asked_host, is_tls=self._is_tls
        )

    def resume_url_for(self, asked_host: str) -> str:
        """Return the address for a resume of a client that has connected with this Host header."""
        return self._fill(self._resume_url) or self.url_for(asked_host)

    def _fill(self, template: str) -> str:
        return template.replace("{worker}", self._worker).replace("{port}", str(self._where()[1]))

    def _where(self) -> tuple[str, int]:
        assert self._bound is not None, "the gateway listens"  # noqa: S101 - for the type checker
        return self._bound


def _parse_host(header: str) -> str:
    """Return the host of a Host header, without port and brackets; empty when it is not valid."""
    try:
        host = urlsplit(f"//{header}").hostname or ""
    except ValueError:
        return ""
    return host if _HOST.fullmatch(host) else ""
