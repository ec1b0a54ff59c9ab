"""Trusted proxies, and the clients that they speak for.

A proxy appends to X-Forwarded-For the address that it was reached from. So the list is read from its end, and the first
address that is no trusted proxy is the client: the addresses before it are only that client's claims. When everybody
is trusted, the first address counts. Whoever comes by a Unix socket has the address `unix:`.

X-Forwarded-Proto is the proxy's own word; its last one holds.
"""

import functools
import ipaddress
from collections.abc import Iterable, Sequence
from typing import Final

from core.runtime.errors import StartError
from core.runtime.unix_sockets import UNIX

FORWARDED_FOR: Final = b"x-forwarded-for"
FORWARDED_PROTO: Final = b"x-forwarded-proto"

_EVERYBODY: Final = "*"
_SCHEMES: Final = frozenset({"http", "https", "ws", "wss"})
_KNOWN: Final = 4096
"""Addresses whose check is cached, because a proxy's clients come again."""

Address = tuple[str, int]


class TrustedProxies:
    """The proxies that are trusted. Raises StartError for one that is no address."""

    __slots__ = ("_is_known", "_networks", "_trusts_everybody", "_trusts_unix")

    def __init__(self, trusted: Sequence[str] = ()) -> None:
        self._trusts_everybody = _EVERYBODY in trusted
        self._trusts_unix = UNIX in trusted
        networks = (text for text in trusted if text not in (_EVERYBODY, UNIX))
        try:
            self._networks = [ipaddress.ip_network(text, strict=False) for text in networks]
        except ValueError as error:
            raise StartError(f"trusted proxies: {error}") from error
        self._is_known = functools.lru_cache(_KNOWN)(self._is_in_networks)

    def is_trusted(self, address: str) -> bool:
        """Return whether an address, or `unix:`, is that of a trusted proxy."""
        if address == UNIX and self._trusts_unix:
            return True
        return self._trusts_everybody or (bool(self._networks) and self._is_known(address))

    def find_client(self, headers: Iterable[tuple[bytes, bytes]]) -> Address | None:
        """Return the client that a trusted proxy speaks for, with port 0 where none is named; None when it names none.

        The name need not be an address: it is taken as it stands.
        """
        named = b",".join(value for name, value in headers if name == FORWARDED_FOR).decode("latin-1").split(",")
        if not self._trusts_everybody:
            for each in reversed(named):
                client = split_port(each.strip())
                if not self.is_trusted(client[0]):
                    return client if client[0] else None
        client = split_port(named[0].strip())  # the whole chain is trusted, so its beginning is the client
        return client if client[0] else None

    def _is_in_networks(self, address: str) -> bool:
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return False
        # A proxy that listens for both kinds writes an IPv4 address as an IPv6 one.
        plain = getattr(parsed, "ipv4_mapped", None) or parsed
        return any(plain in network for network in self._networks)


def find_scheme(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """Return the scheme by which the proxy was reached; None when it names none that is known."""
    said = [value for name, value in headers if name == FORWARDED_PROTO]
    scheme = said[-1].decode("latin-1").strip() if said else ""
    return scheme if scheme in _SCHEMES else None


def split_port(text: str) -> Address:
    """Split `address`, `address:port` or `[address]:port`. Any other text is an address as a whole."""
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            return text, 0
        return host, _parse_port(rest[1:]) or 0
    host, colon, rest = text.partition(":")
    if not colon or ":" in rest:
        return text, 0
    port = _parse_port(rest)
    return (text, 0) if port is None else (host, port)


def _parse_port(text: str) -> int | None:
    try:
        return int(text)
    except ValueError:
        return None
