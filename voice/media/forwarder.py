"""The forwarder: what happens to each datagram on the node's one UDP port. No sockets, no clock.

```
 datagram ─→ which kind ─┬─ RTP ─→ sender by SSRC ─→ fresh? authentic? ─→ bind address ─→ may speak? ─→ to each hearer
                         ├─ IP discovery ─→ answer, if the SSRC is one that the node has given
                         ├─ keepalive ─→ echo, if the address is bound
                         └─ else ─→ counted and dropped
```

A packet is decrypted once with the sender's key and encrypted once for each hearer, by `core_ext.media`. Nothing is
decoded, and the SSRC names the speaker to everybody. Between clients of Discord's protocol header and content stay as
they are. Packets of browsers come by `voice.webrtc.gate`, which stands before this one, and are passed on from here to
both kinds.

An address gets packets only when it is proven to be the client's own: by a fresh, authentic packet from there, which
also moves a client that has changed its network; or by IP discovery from the very IP address that has the client's
TLS connection (`bind_discovered`), so that clients that only listen hear something. Anything else could point a room's
packets at somebody who never asked. Whoever sends forged packets costs at most one failed decryption each.
"""

import logging
from collections.abc import Callable, Sequence
from typing import Final

from core_ext.media import Departures, KeptBack, Passing, Receiver, choose_each
from voice.crypto.suites import Forged
from voice.media.passing import Form
from voice.media.peer import Address, Circle, Peer
from voice.media.tally import Tally
from voice.media.udp_peer import UdpPeer
from voice.packets import discovery
from voice.packets.rtp import NONCE_BYTES, Kind, classify, find_ssrc

logger = logging.getLogger(__name__)

_MOST_ASKERS: Final = 8
"""Addresses from which one SSRC has asked that are remembered: a client asks from one or two."""


class Forwarder:
    """All peers of the node."""

    __slots__ = ("_askers", "_bound", "_departures", "_monotonic_s", "_peers", "_tally")

    def __init__(self, *, departures: Departures, tally: Tally, monotonic_s: Callable[[], float]) -> None:
        self._departures = departures
        self._tally = tally
        self._monotonic_s = monotonic_s
        self._peers: dict[int, Peer] = {}
        self._bound: dict[Address, UdpPeer] = {}
        self._askers: dict[int, list[Address]] = {}
        """The addresses from which each SSRC that was given has asked for its address."""

    # ---- peers that come and go

    def give(self, ssrc: int) -> None:
        """Answer IP discovery for this SSRC from now on."""
        self._askers[ssrc] = []

    def take_back(self, ssrc: int) -> None:
        """Forget an SSRC, and the peer that has it."""
        self._askers.pop(ssrc, None)
        peer = self._peers.get(ssrc)
        if peer is None:
            return
        circle = peer.circle
        self.remove(ssrc)
        for other in circle.peers if circle is not None else ():
            other.forget(peer.ssrcs)

    def is_given(self, ssrc: int) -> bool:
        """Return whether somebody has this SSRC."""
        return ssrc in self._askers

    def add(self, peer: Peer, circle: Circle) -> None:
        """Let a peer, whose keys both sides have now, speak to a circle. It replaces one of the same SSRC."""
        before = self._peers.get(peer.ssrc)
        self.remove(peer.ssrc)
        self._peers[peer.ssrc] = peer
        gone = () if before is None else [ssrc for ssrc in before.ssrcs if ssrc not in peer.ssrcs]
        for other in circle.peers if gone else ():
            other.forget(gone)
        circle.add(peer)

    def remove(self, ssrc: int) -> None:
        """End a peer: its next packet is a stranger's, and nothing is sent to it any more."""
        peer = self._peers.pop(ssrc, None)
        if peer is None:
            return
        if peer.circle is not None:
            peer.circle.remove(peer)
        self._release(peer)
        peer.end()

    def is_bound(self, address: Address) -> bool:
        """Return whether an address has been proven to be that of a client of Discord's protocol."""
        return address in self._bound

    def bind_discovered(self, peer: UdpPeer, address: Address, connection_ip: str) -> bool:
        """Send to the address that a client has named, if that is proven; return whether it is.

        It is when IP discovery for this peer came from there, and its TLS connection comes from the same IP address.
        """
        if address[0] != connection_ip or peer.address is not None:
            return False
        if address not in self._askers.get(peer.ssrc, ()) or address in self._bound:
            return False
        self._bind(peer, address)
        return True

    # ---- datagrams

    def take(self, datagram: bytes, address: Address) -> None:
        """Do what a datagram asks for. Never raises, whatever the datagram is."""
        tally = self._tally
        tally.packets_in += 1
        tally.bytes_in += len(datagram)
        kind = classify(datagram)
        if kind is Kind.RTP:
            self._take_rtp(datagram, address)
        elif kind is Kind.DISCOVERY:
            self._answer_discovery(datagram, address)
        elif kind is Kind.KEEPALIVE and address in self._bound:
            self.emit(datagram, address)
        else:
            tally.drop(kind.value)

    def _take_rtp(self, datagram: bytes, address: Address) -> None:
        peer = self._peers.get(find_ssrc(datagram))
        if not isinstance(peer, UdpPeer):
            self._tally.drop("stranger")
            return
        may_speak = peer.rights.speak
        if not may_speak and peer.address == address:
            self._tally.drop("muted")
            peer.break_off()
            return
        now_s = self._monotonic_s()
        if peer.address == address and peer.is_flooding(now_s):
            self._tally.drop("flood")
            peer.break_off()
            return
        nonce = datagram[-NONCE_BYTES:]
        if not peer.fresh.is_fresh(nonce):
            self._tally.drop(KeptBack.REPEATED)
            return
        try:
            passing = peer.open(datagram, now_s)
        except Forged:
            self._tally.drop("forged")
            return
        if peer.address != address:
            self._bind(peer, address)
        if isinstance(passing, KeptBack):
            self._tally.drop(passing)
        elif may_speak:
            peer.heard.keep(passing)
            self.pass_on(peer, passing)
        else:
            self._tally.drop("muted")
            peer.break_off()

    def pass_on(self, speaker: Peer, passing: Passing) -> None:
        """Send a packet to all others of the speaker's circle who may hear it and want it."""
        circle = speaker.circle
        if circle is None:
            return
        audience = circle.find_audience(passing.codec)
        if passing.picture is None:
            self._put(audience.alike, passing, speaker.receiver)
            return
        for form, receivers, chosen in choose_each(audience.viewers, passing, speaker.receiver):
            self._put([(form, receivers)], chosen)

    def send_again(self, peer: Peer, passing: Passing) -> None:
        """Send a packet, with the peer's own numbers, to a peer that has missed it."""
        form = peer.forms.get(passing.codec)
        if form is not None:
            self._put([(form, [peer.receiver])], passing)

    def _put(
        self, audience: Sequence[tuple[Form, Sequence[Receiver]]], passing: Passing, speaker: Receiver | None = None
    ) -> None:
        count, size_bytes = self._departures.pass_on(audience, passing, speaker)
        self._tally.packets_out += count
        self._tally.bytes_out += size_bytes

    def _answer_discovery(self, datagram: bytes, address: Address) -> None:
        ssrc = discovery.find_asker(datagram)
        askers = self._askers.get(ssrc)
        if askers is None:
            self._tally.drop("stranger")
            return
        if address not in askers:
            if len(askers) >= _MOST_ASKERS:
                askers.pop(0)
            askers.append(address)
        self.emit(discovery.encode_answer(ssrc, address[0], address[1]), address)

    def emit(self, datagram: bytes, address: Address) -> None:
        """Send a datagram to an address, and count it."""
        self._tally.packets_out += 1
        self._tally.bytes_out += len(datagram)
        self._departures.put(datagram, address)

    # ---- addresses

    def _bind(self, peer: UdpPeer, address: Address) -> None:
        self._release(peer)
        other = self._bound.get(address)
        if other is not None:
            other.address = None
        peer.address = address
        self._bound[address] = peer

    def _release(self, peer: Peer) -> None:
        if peer.address is not None and self._bound.get(peer.address) is peer:
            del self._bound[peer.address]
        peer.address = None

    @property
    def sizes(self) -> tuple[int, int, int]:
        """The numbers of SSRCs, peers and addresses that are remembered."""
        return len(self._askers), len(self._peers), len(self._bound)
