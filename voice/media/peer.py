"""A peer: one client as its packets see it, with its keys, its address and what it may do."""

from core.voice.seats import Rights
from voice.crypto.nonces import FreshNonces, OwnNonces
from voice.crypto.suites import Suite

Address = tuple[str, int]
"""An IP address and a port, as the socket gives them for IPv4; those of IPv6 have two numbers more."""


class Peer:
    """The state is changed by its owner between packets: everything here is synchronous."""

    __slots__ = ("address", "circle", "fresh", "own", "rights", "ssrc", "suite")

    def __init__(self, *, ssrc: int, suite: Suite, rights: Rights) -> None:
        self.ssrc = ssrc
        self.suite = suite
        self.rights = rights
        self.fresh = FreshNonces()
        self.own = OwnNonces()
        self.address: Address | None = None
        """Where packets for it are sent, None until that address is proven."""
        self.circle: Circle | None = None


class Circle:
    """The peers that hear each other: one room's."""

    __slots__ = ("peers",)

    def __init__(self) -> None:
        self.peers: list[Peer] = []
