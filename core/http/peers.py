"""Who is connected to an HTTP server: how many from each address.

An address that has too many connections is still answered whether the process is well (its neighbour behind a proxy may
be the one who asks), and nothing else. Proxies that are trusted stand for many clients and are not counted by address.

Owns the counts. Tells once for each address that it names other clients and is not believed.
"""

import enum
import logging
from collections.abc import Callable
from typing import Final

from core.http.bounds import HttpBounds
from core.runtime.addresses import key_of

logger = logging.getLogger(__name__)

PROBES: Final = frozenset({b"/health", b"/ready"})
"""Paths that are answered whoever asks."""

_SURPLUS: Final = 16
"""Connections past the bounds that are kept for those who ask how the process is."""

_TOLD: Final = 1000
"""Addresses that are remembered as told of. More are an attack, not a setting that was forgotten."""


class Place(enum.Enum):
    """What a new connection gets."""

    SERVED = enum.auto()
    PROBES_ONLY = enum.auto()
    NONE = enum.auto()


class HttpPeers:
    """See the module."""

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
        """A connection has come. `leave` must follow, whatever the answer is."""
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
        """A connection that had this place is gone."""
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
        """An address that is not trusted has named the client that it speaks for."""
        if address not in self._told and len(self._told) < _TOLD:
            self._told.add(address)
            logger.warning(
                "X-Forwarded-For is not believed: if this is your proxy, add its address to api.trusted_proxies, "
                "or limits take all of its clients for one",
                extra={"address": address},
            )
