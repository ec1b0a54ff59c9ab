"""One browser's connection: its name and password for ICE, the addresses that it is known at, and its handshake.

A browser says that it still wants media where it gets it: by a signed check every few seconds (RFC 7675), and by each
authentic packet. When nothing has come of it for a while, nothing is sent there until something comes again: the
address may be another's by then.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from voice.media.peer import Address
from voice.packets.stun import SigningKey
from voice.webrtc.handshake import Handshake, NodeCertificate
from voice.webrtc.peer import WebrtcPeer

_MOST_ADDRESSES: Final = 8
"""A browser checks from each of its networks, and changes them now and then."""
SILENT_S: Final = 15.0
"""Browsers check every 2.5 to 5 s, so three checks and all reports were lost. RFC 7675 allows 30 s."""


class _Answers:
    """The node's datagrams of one handshake. It knows no connection, so that nobody has to look for cycles later."""

    __slots__ = ("_emit", "address")

    def __init__(self, emit: Callable[[bytes, Address], None]) -> None:
        self._emit = emit
        self.address: Address | None = None

    def send(self, datagram: bytes) -> None:
        """Send one to where the last one came from."""
        if self.address is not None:
            self._emit(datagram, self.address)


class Connection:
    """The gate alone changes it."""

    __slots__ = (
        "_answers", "_heard_s", "_left_address", "addresses", "handshake", "is_over", "key", "name", "password", "peer",
        "task",
    )  # fmt: skip

    def __init__(
        self,
        *,
        peer: WebrtcPeer,
        certificate: NodeCertificate,
        emit: Callable[[bytes, Address], None],
        after_step: Callable[[], None],
        name: str,
        password: str,
        now_s: float,
    ) -> None:
        self.peer = peer
        self.name = name
        self.password = password
        self.key = SigningKey(password)
        self.addresses: list[Address] = []
        self._heard_s = now_s
        """When something authentic has come of it last."""
        self._left_address: Address | None = None
        """Where its media went before it was silent."""
        self.task: asyncio.Task[None] | None = None
        """The handshake, from its first datagram on."""
        self.is_over = False
        """Whether the handshake has failed, or either side has ended the connection."""
        self._answers = _Answers(emit)
        self.handshake = Handshake(
            certificate=certificate, expected=peer.offer.fingerprints, emit=self._answers.send, after_step=after_step
        )

    @property
    def dtls_address(self) -> Address | None:
        """Where the last datagram of the handshake came from."""
        return self._answers.address

    def hear_check(self, address: Address, now_s: float) -> None:
        """Note a signed check from a known address. It is enough to go on where media went before."""
        self._heard_s = now_s
        if self.peer.address is None and self.peer.keys is not None and address == self._left_address:
            self.peer.address = address

    def watch(self, now_s: float) -> None:
        """Send nothing more to a browser that is silent. Called before what it may send is counted anew."""
        peer = self.peer
        if peer.has_sent:
            self._heard_s = now_s
        elif peer.address is not None and now_s - self._heard_s >= SILENT_S:
            self._left_address, peer.address = peer.address, None

    def know(self, address: Address) -> Address | None:
        """Add an address; return one that is forgotten for it."""
        self.addresses.append(address)
        if len(self.addresses) <= _MOST_ADDRESSES:
            return None
        forgotten = next(each for each in self.addresses if each not in (self.peer.address, self.dtls_address))
        self.addresses.remove(forgotten)
        return forgotten

    def take_dtls(self, datagram: bytes, address: Address) -> bool:
        """Take a datagram of the handshake from a known address; return False when too many wait."""
        self._answers.address = address
        return self.handshake.take(datagram)

    def close(self) -> None:
        """End it. The browser is told so while the task ends."""
        self.is_over = True
        if self.task is not None:
            self.task.cancel()
