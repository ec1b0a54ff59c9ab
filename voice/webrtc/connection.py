"""One browser's connection: its name and password for ICE, the addresses that it is known at, and its handshake."""

import asyncio
from collections.abc import Callable
from typing import Final

from voice.media.peer import Address
from voice.webrtc.handshake import Handshake, NodeCertificate
from voice.webrtc.peer import WebrtcPeer

_MOST_ADDRESSES: Final = 8
"""A browser checks from each of its networks, and changes them now and then."""


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

    __slots__ = ("_answers", "addresses", "handshake", "is_over", "name", "password", "peer", "task")

    def __init__(
        self,
        *,
        peer: WebrtcPeer,
        certificate: NodeCertificate,
        emit: Callable[[bytes, Address], None],
        after_step: Callable[[], None],
        name: str,
        password: str,
    ) -> None:
        self.peer = peer
        self.name = name
        self.password = password
        self.addresses: list[Address] = []
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
