"""A peer: one client as the others' packets see it, with its address and what it may do. There are two kinds.

`UdpPeer` speaks Discord's own protocol, `voice.webrtc.peer.WebrtcPeer` is a browser. They differ in how packets are
encrypted and in the numbers in their headers, and are in one circle.
"""

from collections.abc import Sequence
from typing import Protocol

from core.voice.seats import Rights
from voice.media.active_speakers import UNLIMITED, ActiveSpeakers, Activity
from voice.media.passing import Passing
from voice.media.source import Source, Wants
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
    voice: Stream
    """Numbers the packets of its voice."""
    circle: "Circle | None"
    activity: Activity
    """How much it speaks."""
    bytes_sent: int
    """The datagrams with others' packets that it was sent."""

    def choose(self, passing: Passing) -> Passing | None:
        """Return a packet of another peer with the numbers that this one is to get it by, None when it is not to."""

    @property
    def ssrcs(self) -> Sequence[int]:
        """Those under which the others get what it sends."""

    def film(self, sources: Sequence[Source]) -> bool:
        """Take these layers of video from the client from now on, or none; return whether it can send any."""

    def want(self, wants: Wants) -> None:
        """Take what the client shows of others' video."""

    def seal(self, passing: Passing) -> bytes:
        """Encrypt a packet that `choose` has returned. Raises Unsealed."""

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
