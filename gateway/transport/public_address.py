"""The gateway's address as clients are told it (GET /gateway, READY's resume_gateway_url).

The operator's setting, or else where the gateway listens. A gateway that listens on every address does not know by which one
a client reaches it, but the client does: the host that it named in its own request is right for it.
"""

import re
from typing import Final
from urllib.parse import urlsplit

_EVERY_ADDRESS: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - addresses to translate, not to bind
"""What stands for every address, and the one of them that reaches it from the machine itself."""

_HOST: Final = re.compile(r"[A-Za-z0-9._-]{1,253}|[0-9A-Fa-f:.]{2,45}")


def compute_gateway_url(*, public_url: str, host: str, port: int, asked_host: str = "") -> str:
    """`ws://host:port` without query. `asked_host` is the Host header of a client's request, whatever it holds."""
    if public_url:
        return public_url.rstrip("/")  # as Discord's: libraries put "?v=10" or "/?v=10" behind it
    if host in _EVERY_ADDRESS:
        host = _parse_host(asked_host) or _EVERY_ADDRESS[host]
    return f"ws://[{host}]:{port}" if ":" in host else f"ws://{host}:{port}"


class PublicAddress:
    """The gateway's address, whose host and port are known once the listener is bound."""

    __slots__ = ("_bound", "_public_url")

    def __init__(self, public_url: str) -> None:
        """`public_url` is the operator's setting, empty when there is none."""
        self._public_url = public_url
        self._bound: tuple[str, int]

    def bind(self, host: str, port: int) -> None:
        """The listener is bound to this address."""
        self._bound = host, port

    @property
    def local_url(self) -> str:
        """The address by which a client on this machine reaches the gateway."""
        host, port = self._bound
        return compute_gateway_url(public_url="", host=host, port=port)

    def url_for(self, asked_host: str) -> str:
        """The address that a client is told whose request named `asked_host` (a Host header)."""
        host, port = self._bound
        return compute_gateway_url(public_url=self._public_url, host=host, port=port, asked_host=asked_host)


def _parse_host(header: str) -> str:
    """The host of a Host header, without port and brackets; empty when there is none that could be meant."""
    try:
        host = urlsplit(f"//{header}").hostname or ""
    except ValueError:
        return ""
    return host if _HOST.fullmatch(host) else ""
