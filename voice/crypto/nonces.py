"""The nonces of one session: which of the client's are fresh. Those of the node are counted where they are used, in
`core_ext.media`.

Discord's protocol has one key for both directions, and each side counts its own packets from any number. Two packets
with one key and one nonce would give the key's secrets away, so the two sides must never meet. Clients count from 0,
as big-endian numbers (or little-endian ones, which nothing forbids). The node takes the numbers whose first *and* last
byte have the highest bit: a counting client comes there after 2³¹ packets in either order, which is a year of talk, and
is not heard then. For the same reason a packet of the node that somebody sends back is not heard.

A client's nonce is fresh when it was not seen and is not far behind the newest. Which end of the number is counted
shows at the second packet: it is the one in which the two are close.
"""

from typing import Final, Literal

_HIGH: Final = 0x80
_WINDOW: Final = 512
"""Packets that may be overtaken by later ones: ten seconds of voice."""
_MASK: Final = (1 << _WINDOW) - 1


def is_of_node(nonce: bytes) -> bool:
    """Return whether a nonce is one of those that only nodes use."""
    return nonce[0] >= _HIGH and nonce[3] >= _HIGH


class FreshNonces:
    """The nonces that have come from one client. Only those of authenticated packets may be added."""

    __slots__ = ("_first", "_newest", "_order", "_seen")

    def __init__(self) -> None:
        self._first: bytes | None = None
        self._order: Literal["big", "little"] | None = None
        """Which end of the number is counted, from the second packet on."""
        self._newest = 0
        self._seen = 0
        """A bit for each of the newest numbers; the lowest bit is the newest itself."""

    def is_fresh(self, nonce: bytes) -> bool:
        """Return whether a packet with this nonce may be heard, if it is authentic."""
        if is_of_node(nonce):
            return False
        if self._order is None:
            return nonce != self._first
        behind = self._newest - int.from_bytes(nonce, self._order)
        return behind < 0 or (behind < _WINDOW and not self._seen >> behind & 1)

    def add(self, nonce: bytes) -> None:
        """Remember a fresh nonce."""
        if self._first is None:
            self._first = nonce
            return
        if self._order is None:
            self._order = _find_order(self._first, nonce)
            self._newest, self._seen = int.from_bytes(self._first, self._order), 1
        ahead = int.from_bytes(nonce, self._order) - self._newest
        if ahead > 0:
            self._newest += ahead
            self._seen = ((self._seen << ahead) & _MASK if ahead < _WINDOW else 0) | 1
        else:
            self._seen |= 1 << -ahead


def _find_order(first: bytes, second: bytes) -> Literal["big", "little"]:
    big = abs(int.from_bytes(first, "big") - int.from_bytes(second, "big"))
    little = abs(int.from_bytes(first, "little") - int.from_bytes(second, "little"))
    return "big" if big <= little else "little"
