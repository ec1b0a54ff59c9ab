"""The connections of the HTTP client: each goes to an address that was permitted, and to no other.

    name ─ GuardedResolver ─→ addresses, all of them permitted ─ open_socket ─→ the one that is connected to, permitted

The address is checked at the moment when its socket is made, so nothing that a name server says later matters, and an
address that stands in the URL itself, which no resolver sees, is checked as well. A name with any address that is not
permitted is refused whole: it is no host of the public web.
"""

import socket
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from typing_extensions import override

from core.web.address_rules import AddressRules

Lookup = Callable[[str, int], Awaitable[Sequence[str]]]
"""Finds the IP addresses of a host's name, for a port. Raises OSError."""

_PER_HOST: Final = 4
"""Connections to one host at a time, so that nobody can have this server storm another one."""


class RefusedAddress(OSError):
    """An address that is not permitted. An OSError, so that the client takes it as an address that does not answer."""


class GuardedResolver(AbstractResolver):
    """Finds addresses of names, and refuses names that lead to where strangers may not send this server."""

    def __init__(self, *, lookup: Lookup, rules: AddressRules) -> None:
        self._lookup = lookup
        self._rules = rules

    @override
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Find the addresses of a name. Raises OSError, RefusedAddress."""
        found = await self._lookup(host, port)
        if not found:
            raise OSError("the name has no address")
        if not all(map(self._rules.permits, found)):
            raise RefusedAddress("the name leads to an address that is not permitted")
        return [_as_result(host, address, port) for address in found]

    @override
    async def close(self) -> None:
        """Do nothing: there is nothing to close."""


def make_connector(*, lookup: Lookup, rules: AddressRules, limit: int) -> aiohttp.TCPConnector:
    """Make the source of connections, at most `limit` of them. Must be called in the event loop."""

    def open_socket(info: Any) -> socket.socket:
        family, kind, protocol, _, address = info
        if not rules.permits(address[0]):
            raise RefusedAddress("the address is not permitted")
        return socket.socket(family, kind, protocol)

    return aiohttp.TCPConnector(
        resolver=GuardedResolver(lookup=lookup, rules=rules),
        socket_factory=open_socket,
        limit=limit,
        limit_per_host=_PER_HOST,
        force_close=True,
    )


def _as_result(host: str, address: str, port: int) -> ResolveResult:
    return ResolveResult(
        hostname=host,
        host=address,
        port=port,
        family=socket.AF_INET6 if ":" in address else socket.AF_INET,
        proto=socket.IPPROTO_TCP,
        flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
    )
