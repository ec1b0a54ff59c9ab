"""The number of connections to an HTTP server from each address.

An address that has too many connections may still ask for the process's health (a neighbour behind the same proxy may
be the one who asks), and for nothing else. Trusted proxies stand for many clients and are not counted by address.

The module owns the counts, and logs once for each address that it names other clients without being trusted.
"""

import enum
import logging
from collections.abc import Callable
from typing import Final

from core.http.bounds import HttpBounds
from core.runtime.addresses import key_of

logger = logging.getLogger(__name__)

PROBES: Final = frozenset({b"/health", b"/ready"})
"""Paths that are answered to everybody."""

_SURPLUS: Final = 16
"""Connections past the bounds that may ask for the process's health."""

_TOLD: Final = 1000
"""Addresses that are remembered as logged. More are an attack and not a forgotten setting."""


class Place(enum.Enum):
    """The service that a new connection gets."""

    SERVED = enum.auto()
    PROBES_ONLY = enum.auto()
    NONE = enum.auto()


class HttpPeers:
    """The connections of one server, counted by address."""

    __slots__ = (
        "_bounds",
        "_by_address",
        "_count_refusal",
        "_served",
        "_surplus",
        "_told",
    )

    def __init__(self, *, bounds: HttpBounds, count_refusal: Callable[[str], None] = lambda _: None) -> None:
        """`count_refusal` is called with the limit's name for each connection past a bound."""
        self._count_refusal = count_refusal
        self._bounds = bounds
        self._by_address: dict[str, int] = {}
        self._served = 0
        self._surplus = 0
        self._told: set[str] = set()

    def __len__(self) -> int:
        return self._served + self._surplus

    def enter(self, address: str, *, is_trusted: bool) -> Place:
        """Give a new connection its place. `leave` must follow, for every place."""
        key = key_of(address)
        count = self._by_address.get(key, 0)
        is_full = not is_trusted and count >= self._bounds.connections_per_address
        if not is_full and self._served < self._bounds.connections:
            self._by_address[key] = count + 1
            self._served += 1
            return Place.SERVED
        self._count_refusal("connections")
        logger.warning("too many connections", extra={"address": address, "connections": count, "all": self._served})
        if self._surplus >= _SURPLUS:
            return Place.NONE
        self._surplus += 1
        return Place.PROBES_ONLY

    def leave(self, address: str, place: Place) -> None:
        """Forget a connection that had this place."""
        if place is Place.PROBES_ONLY:
            self._surplus -= 1
        elif place is Place.SERVED:
            self._served -= 1
            key = key_of(address)
            left = self._by_address[key] - 1
            if left:
                self._by_address[key] = left
            else:
                del self._by_address[key]

    def note_forwarded(self, address: str) -> None:
        """Log that an address without trust has named the client that it speaks for."""
        if address not in self._told and len(self._told) < _TOLD:
            self._told.add(address)
            logger.warning(
                "X-Forwarded-For is not believed: if this is your proxy, add its address to api.trusted_proxies, "
                "or limits take all of its clients for one",
                extra={"address": address},
            )
