"""A peer: one client as the others' packets see it, with its address and what it may do. There are two kinds.

`UdpPeer` speaks Discord's own protocol, `voice.webrtc.peer.WebrtcPeer` is a browser. They differ in how packets are
encrypted and in the numbers in their headers, and are in one circle.
"""

from collections.abc import Container, Mapping
from typing import Protocol

from core.voice.seats import Rights
from voice.media.active_speakers import UNLIMITED, ActiveSpeakers, Activity
from voice.media.passing import Codec, Passing
from voice.media.stream import Stream

Address = tuple[str, int]
"""An IP address and a port, as the socket gives them for IPv4; those of IPv6 have two numbers more."""


class Unsealed(Exception):
    """A packet cannot be encrypted for this peer. The reason is one of few fixed words."""


class Peer(Protocol):
    """The state is changed by its owner between packets: everything here is synchronous."""

    ssrc: int
    rights: Rights
    address: Address | None
    """Where packets for it are sent, None until that address is proven."""
    circle: "Circle | None"
    activity: Activity
    """How much it speaks."""
    bytes_sent: int
    """The datagrams with others' packets that it was sent."""

    @property
    def codecs(self) -> Container[Codec]:
        """What it takes."""

    @property
    def streams(self) -> Mapping[int, Stream]:
        """What it sends, by the SSRCs under which the others get it."""

    def film(self, source: int | None) -> bool:
        """Take video with this SSRC from the client from now on, or none; return whether it can send any."""

    def seal(self, passing: Passing) -> bytes:
        """Return a packet of another peer as this one gets it. Raises Unsealed."""

    def forget(self, peer: "Peer") -> None:
        """Forget what is kept of another peer, which leaves the circle."""

    def end(self) -> None:
        """Forget keys, and be heard no more."""


class Circle:
    """The peers that hear each other: one room's. Its forwarder alone changes it."""

    __slots__ = ("peers", "speakers")

    def __init__(self, most_voices: int = UNLIMITED) -> None:
        """Of so many voices the packets are passed on, at most: of the loudest."""
        self.peers: list[Peer] = []
        self.speakers = ActiveSpeakers(most_voices)

    def add(self, peer: Peer) -> None:
        """Let a peer take part."""
        peer.circle = self
        self.peers.append(peer)

    def remove(self, peer: Peer) -> None:
        """Let a peer that takes part do so no more."""
        self.speakers.release(peer.activity)
        self.peers.remove(peer)
        peer.circle = None

    def hears(self, peer: Peer, loudness: float, now_s: float) -> bool:
        """Return whether the others get a packet of a peer's voice, which is so loud, in dB above silence."""
        return self.speakers.note(peer.activity, loudness, now_s)
