"""The gate: datagrams of browsers, which share the node's one UDP port with everything else.

```
 datagram ─┬─ STUN check ─→ connection by user name ─→ signed? ─→ the address is known: answer
           ├─ from a known address ─┬─ DTLS ─→ handshake ─→ keys, and the address that media goes to
           │                        ├─ SRTP ─→ authentic? ─→ may send? ─→ the forwarder, to each hearer
           │                        └─ SRTCP ─→ authentic? ─→ reports, which end here
           └─ else ─→ the forwarder: Discord's own protocol
```

ICE is the "lite" kind: a browser checks, and the node answers. A signed check makes an address *known*, which means
that a handshake with it may begin. Media goes to the address where the handshake was made, and follows the browser
when an authentic packet, which cannot be repeated, comes from another known address. An address that somebody has
proven is not given to another, until that browser is silent for too long: then nothing is sent to it.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, Final

from core.runtime.clock import Clock
from core.runtime.randomness import Randomness
from core.voice.seats import Rights
from core_ext.media import KeptBack, Passing, Stream
from voice.media.forwarder import Forwarder
from voice.media.peer import Address
from voice.media.tally import Tally
from voice.packets.stun import is_stun, parse_check
from voice.video.camera import Camera
from voice.webrtc.connection import Connection
from voice.webrtc.feedback import Feedback
from voice.webrtc.handshake import NodeCertificate
from voice.webrtc.heard import Heard
from voice.webrtc.offer import Offer
from voice.webrtc.peer import WebrtcPeer
from voice.webrtc.srtp import SrtpKeys

logger = logging.getLogger(__name__)

_DTLS: Final = range(20, 64)
_RTP: Final = (0x80, 0xC0)
_RTCP_TYPES: Final = (192, 224)
"""From the first to before the second: a `range` asks more slowly, and each packet is asked."""
_LEAST_BYTES: Final = 12 + 10
"""A header and the shortest tag of SRTP."""
_LEAST_DTLS_BYTES: Final = 13 + 1
"""A header and the shortest content of DTLS: what says that keys change, which some browsers send by itself."""
_TICK_S: Final = 0.1
_TICKS: Final = 10
"""Each browser gets reports once in so many ticks, a tenth of all at a time: all at once would hold up media."""

Spawn = Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]


class Gate:
    """All connections of browsers."""

    __slots__ = (
        "_after_step", "_at", "_certificate", "_clock", "_feedback", "_forwarder", "_monotonic_s", "_names",
        "_randomness", "_spawn", "_tally", "_turns",
    )  # fmt: skip

    def __init__(
        self,
        *,
        forwarder: Forwarder,
        tally: Tally,
        clock: Clock,
        randomness: Randomness,
        certificate: NodeCertificate,
        spawn: Spawn,
        after_step: Callable[[], None],
    ) -> None:
        """`spawn` runs a handshake in a task, whose end nobody waits for; `after_step` is called between its steps."""
        self._after_step = after_step
        self._forwarder = forwarder
        self._feedback = Feedback(forwarder=forwarder, clock=clock)
        self._tally = tally
        self._clock = clock
        self._monotonic_s = clock.monotonic_s
        self._randomness = randomness
        self._spawn = spawn
        self._certificate = certificate
        self._names: dict[str, Connection] = {}
        self._turns: tuple[dict[WebrtcPeer, Connection], ...] = tuple({} for _ in range(_TICKS))
        """All connections, by the tick at which they get reports."""
        self._at: dict[Address, Connection] = {}

    # ---- connections that come and go

    def open(
        self, *, ssrc: int, rights: Rights, offer: Offer, voice: Stream, camera: Camera, screen: Camera
    ) -> Connection:
        """Expect a browser; its peer goes into a circle at once, and takes part when its keys are made."""
        peer = WebrtcPeer(
            ssrc=ssrc,
            rights=rights,
            offer=offer,
            voice=voice,
            camera=camera,
            screen=screen,
            on_end=self._close,
        )
        connection = Connection(
            peer=peer,
            certificate=self._certificate,
            emit=self._forwarder.emit,
            after_step=self._after_step,
            name=self._randomness.token_bytes(8).hex(),
            password=self._randomness.token_bytes(16).hex(),
            now_s=self._clock.monotonic_s(),
        )
        self._names[connection.name] = self._find_turn(peer)[peer] = connection
        return connection

    def _close(self, peer: WebrtcPeer) -> None:
        connection = self._find_turn(peer).pop(peer, None)
        if connection is None:
            return
        del self._names[connection.name]
        for address in connection.addresses:
            if self._at.get(address) is connection:
                del self._at[address]
        self._feedback.forget(peer)
        connection.close()

    def _find_turn(self, peer: WebrtcPeer) -> dict[WebrtcPeer, Connection]:
        return self._turns[(peer.ssrc >> 2) % _TICKS]  # the lowest bits are the same for all

    @property
    def fingerprint(self) -> str:
        """The hash of the node's certificate, as a description has it."""
        return self._certificate.fingerprint

    @property
    def sizes(self) -> tuple[int, int, int]:
        """The numbers of connections, their names and addresses that are remembered."""
        return sum(map(len, self._turns)), len(self._names), len(self._at)

    # ---- datagrams

    def take(self, datagram: bytes, address: Address) -> None:
        """Do what a datagram asks for. Never raises, whatever the datagram is."""
        connection = self._at.get(address)
        if connection is None and not is_stun(datagram):
            self._forwarder.take(datagram, address)
            return
        size, tally = len(datagram), self._tally
        tally.packets_in += 1
        tally.bytes_in += size
        if connection is None or size < _LEAST_BYTES or not _RTP[0] <= datagram[0] < _RTP[1]:
            self._take_other(connection, datagram, address)
        elif _RTCP_TYPES[0] <= datagram[1] < _RTCP_TYPES[1]:
            self._take_rtcp(connection.peer, datagram, address)
        else:
            self._take_rtp(connection.peer, datagram, address)

    def _take_other(self, connection: Connection | None, datagram: bytes, address: Address) -> None:
        """Take what is no media: there are a few of them while somebody comes, and now and then later."""
        if is_stun(datagram):
            self._take_check(datagram, address)
        elif connection is not None and len(datagram) >= _LEAST_DTLS_BYTES and datagram[0] in _DTLS:
            self._take_dtls(connection, datagram, address)
        else:
            self._tally.drop("unknown")

    def _take_check(self, datagram: bytes, address: Address) -> None:
        check = parse_check(datagram)
        connection = None if check is None else self._names.get(check.name)
        if check is None or connection is None:
            self._tally.drop("unknown" if check is None else "stranger")
        elif not check.is_signed_with(connection.key):
            self._tally.drop("forged")
        elif not self.know(connection, address):
            self._tally.drop("stranger")
        else:
            connection.hear_check(address, self._clock.monotonic_s())
            self._forwarder.emit(check.answer(connection.key, address), address)

    def know(self, connection: Connection, address: Address) -> bool:
        """Note that a browser is at an address, unless that has been proven to be another's; return whether it is."""
        other = self._at.get(address)
        if other is connection:
            return True
        if self._forwarder.is_bound(address) or (other is not None and other.peer.address == address):
            return False
        if other is not None:
            other.addresses.remove(address)
        self._at[address] = connection
        forgotten = connection.know(address)
        if forgotten is not None:
            del self._at[forgotten]
        return True

    def _take_dtls(self, connection: Connection, datagram: bytes, address: Address) -> None:
        if not connection.take_dtls(datagram, address):
            self._tally.drop("full")
        if connection.task is None and not connection.is_over:
            connection.task = self._spawn(self._shake_hands(connection))

    async def _shake_hands(self, connection: Connection) -> None:
        def on_keys(keys: SrtpKeys) -> None:
            if not connection.is_over:
                connection.peer.keys = keys
                connection.peer.address = connection.dtls_address

        try:
            await connection.handshake.run(on_keys)
        except Exception:  # a stranger's bytes in a library's code must not end the node
            logger.exception("a handshake has ended in an error")
        finally:
            connection.is_over = True
            connection.task = None  # it remembers how it was cancelled, and with that the connection
            connection.peer.keys = connection.peer.address = None

    def _take_rtp(self, peer: WebrtcPeer, datagram: bytes, address: Address) -> None:
        way = peer.ways.get(datagram[1] & 0x7F)
        passing = KeptBack.UNKNOWN if way is None else way.open(datagram, address, self._monotonic_s())
        if not isinstance(passing, Passing):
            self._tally.drop(passing)
            return
        self._forwarder.pass_on(peer, passing)
        if way is not None and way.keep(passing):
            self._feedback.ask(peer)

    def _take_rtcp(self, peer: WebrtcPeer, datagram: bytes, address: Address) -> None:
        source = datagram[4:8]
        if peer.keys is None or not peer.sender.may_have(source):
            self._tally.drop("no keys" if peer.keys is None else "stranger")
            return
        plain = peer.keys.open_rtcp(datagram)
        if plain is None:
            self._tally.drop("forged")
            return
        if not peer.sender.take(source):
            self._tally.drop("flood")
            return
        peer.address = address
        self._feedback.take(peer, plain)

    # ---- reports

    async def run(self) -> None:
        """Send reports, and look who is silent, until cancelled."""
        tick = 0
        while True:
            await asyncio.sleep(_TICK_S)
            tick = (tick + 1) % _TICKS
            self.report(tick)

    def report(self, tick: int) -> None:
        """Ask again for what is missing, and report to a tenth of all: those whose turn is at this tick."""
        heard = Heard(self._clock.monotonic_s())
        for peer in self._feedback.waiting:
            _try(self._feedback.ask, peer)
        for connection in list(self._turns[tick].values()):
            _try(self._report_to, connection, heard)

    def _report_to(self, connection: Connection, heard: Heard) -> None:
        connection.watch(heard.now_s)
        self._feedback.report_to(connection.peer, heard)


def _try(report: Callable[..., None], *given: Any) -> None:
    """Report to one browser; what that one has sent must not end the reports of all, and with them the node."""
    try:
        report(*given)
    except Exception:
        logger.exception("reports to a browser have failed")
