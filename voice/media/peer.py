"""A peer: one client as the others' packets see it, with its address and what it may do. There are two kinds.

`UdpPeer` speaks Discord's own protocol, `voice.webrtc.peer.WebrtcPeer` is a browser. They differ in how packets are
encrypted and in the numbers in their headers, and are in one circle. What is sent to a peer goes to its `receiver`,
which has its address and its key.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple, Protocol

from core.voice.seats import Rights
from core_ext.media import HOLD_S, UNLIMITED, ActiveSpeakers, Activity, Receiver, Ring, Stream, View
from voice.media.passing import Codec, Form
from voice.media.source import Source, Wants

Address = tuple[str, int]
"""An IP address and a port, as the socket gives them for IPv4; those of IPv6 have two numbers more."""

MOST_TAKEN: Final = 5000
"""Packets that are taken of one client in a second, so that it cannot make others pay for more: twice the most video
that a browser is told to send."""


class Peer(Protocol):
    """The state is changed by its owner between packets: everything here is synchronous."""

    ssrc: int
    _rights: Rights
    voice: Stream
    """Numbers the packets of its voice."""
    heard: Ring
    """The newest of these, for hearers that miss one."""
    circle: "Circle | None"
    activity: Activity
    """How much it speaks."""
    receiver: Receiver
    forms: Mapping[Codec, Form]
    """What it takes, and how. It stays the same."""
    views: dict[int, View]
    """What it gets of others' cameras, by their SSRCs: nothing that is not one of `forms`."""

    @property
    def rights(self) -> Rights:
        """What it may do."""
        return self._rights

    @rights.setter
    def rights(self, rights: Rights) -> None:
        self._rights = rights
        self.follow()
        if self.circle is not None:
            self.circle.ask_anew()

    def follow(self) -> None:
        """Take over its rights and its circle, one of which has changed."""

    @property
    def address(self) -> Address | None:
        """Where packets for it are sent, None until that address is proven."""
        address: Address | None = self.receiver.address
        return address

    @address.setter
    def address(self, address: Address | None) -> None:
        self.receiver.address = address

    @property
    def ssrcs(self) -> Sequence[int]:
        """Those under which the others get what it sends."""

    def film(self, camera: Sequence[Source], screen: Source | None = None) -> bool:
        """Take these layers of its camera and this screen from the client from now on, or none; return whether it can
        send any.
        """

    @property
    def is_filming(self) -> bool:
        """Whether its camera is on, or it shares its screen."""

    def want(self, wants: Wants) -> None:
        """Take what the client shows of others' video."""

    def forget(self, ssrcs: Sequence[int]) -> None:
        """Forget what is kept of streams of another peer, which are over for good."""

    def end(self) -> None:
        """Forget keys, and be heard no more."""


class Audience(NamedTuple):
    """Those of a circle who get the packets of one codec."""

    alike: Sequence[tuple[Form, Sequence[Receiver]]]
    """Those who take it in the same form, each with that form."""
    viewers: Sequence[tuple[Form, Receiver, dict[int, View]]]
    """Each of the same ones with its own views, as `choose_each` takes them."""


class Circle:
    """The peers that hear each other: one room's. Its forwarder alone changes it.

    Who gets what is asked of everybody once, and again after each change of those who are there or of their rights.
    """

    __slots__ = ("_audiences", "_by_ssrc", "filming", "peers", "speakers")

    def __init__(self, most_voices: int = UNLIMITED, hold_s: float = HOLD_S) -> None:
        """Of so many voices the packets are passed on, at most: of the loudest. A silence of less than `hold_s` is a
        pause.
        """
        self.peers: list[Peer] = []
        self.filming: list[Peer] = []
        """Those whose camera is on, or who share their screen."""
        self._by_ssrc: dict[int, Peer] = {}
        self.speakers = ActiveSpeakers(most_voices, hold_s)
        self._audiences: dict[Codec, Audience] = {}

    def add(self, peer: Peer) -> None:
        """Let a peer take part."""
        peer.circle = self
        peer.follow()
        self.peers.append(peer)
        self._by_ssrc.update(dict.fromkeys(peer.ssrcs, peer))
        self.note_filming(peer)
        self.ask_anew()

    def remove(self, peer: Peer) -> None:
        """Let a peer that takes part do so no more."""
        self.speakers.release(peer.activity)
        self.peers.remove(peer)
        for ssrc in peer.ssrcs:
            del self._by_ssrc[ssrc]
        if peer in self.filming:
            self.filming.remove(peer)
        self.ask_anew()
        peer.circle = None
        peer.follow()

    def find(self, ssrc: int) -> Peer | None:
        """Return whose stream the others know by this SSRC."""
        return self._by_ssrc.get(ssrc)

    def note_filming(self, peer: Peer) -> None:
        """Follow that a peer that takes part films from now on, or no longer."""
        if peer.is_filming and peer not in self.filming:
            self.filming.append(peer)
        elif not peer.is_filming and peer in self.filming:
            self.filming.remove(peer)

    def ask_anew(self) -> None:
        """Note that somebody's rights have changed."""
        self._audiences.clear()

    def find_audience(self, codec: Codec) -> Audience:
        """Return who may get packets of a codec and takes them; whoever sends one is among them."""
        audience = self._audiences.get(codec)
        if audience is None:
            audience = self._audiences[codec] = _ask(self.peers, codec)
        return audience


def _ask(peers: Sequence[Peer], codec: Codec) -> Audience:
    alike: dict[Form, list[Receiver]] = {}
    viewers = []
    for peer in peers:
        form = peer.forms.get(codec)
        if form is not None and peer.rights.hear:
            alike.setdefault(form, []).append(peer.receiver)
            viewers.append((form, peer.receiver, peer.views))
    return Audience(list(alike.items()), viewers)
