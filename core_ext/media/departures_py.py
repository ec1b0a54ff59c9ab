"""The datagrams that leave a media node: the plain code, which sends each as soon as it is put.

```
 put_all ─ for each receiver ─→ address? ─→ key? ─→ its own number or nonce ─→ encrypted ─┐
 put ──────────────────────────────────────────────────────────────────────────────────────┴─→ the socket
```

The compiled twin writes them into one buffer, and sends many with one call of the kernel: when the buffer is full, and
at the end of each `put` and `put_all` unless `hold` was called. Both ask the same of a datagram and send the same
bytes in the same order. This one takes the receivers of either.

A packet is given in two parts. A seal of SRTP writes the receiver's sequence number into the first and encrypts what
follows the header; an AEAD authenticates the first part, encrypts the second, and has its nonce behind them. A receiver
without an address gets nothing, and counts as nothing. What cannot be sent is told to `drop`, one word for each:

| word | |
|---|---|
| no keys | the receiver has no seal |
| late | the packet is older than what its receiver's key counts |
| no nonce | the key has no nonces left |
| long | more than fits into a datagram |
| full | the kernel has no room: voice that waits is worth nothing |
| unreachable | the kernel knows no way to the address |
"""

from collections.abc import Callable, Iterable
from typing import Any, Final, Protocol

from typing_extensions import override

from core_ext.media.nonces_py import NoncesUsedUp, OwnNonces
from core_ext.media.numbering_py import LATE, Numbering
from core_ext.media.passing_py import Passing

LONGEST_BYTES: Final = 2048
"""The longest datagram, encrypted: more than a network carries in one piece."""
LONGEST_SRTP_BYTES: Final = 1356
"""The longest packet that is encrypted by SRTP: what pylibsrtp takes, so that both twins take the same."""
SHORTEST_SRTP_BYTES: Final = 12
TAG_BYTES: Final = 16
NONCE_BYTES: Final = 4
MISREAD: Final = b"\xbe\xde"
"""How extensions begin (RFC 8285). @discordjs/voice takes a packet whose content begins so when it is encrypted for one
with extensions, whatever its header says, and gives an empty one to its user: one of 65,536.
"""
_PLAIN_HEADER_BYTES: Final = 12


class Refused(Exception):
    """A packet cannot be encrypted. The text is the word for `drop`."""


class Seal(Protocol):
    """The key of one receiver, and how far it has counted."""

    def write(self, head: bytes, body: bytes, ssrc: int, number: int) -> bytes:
        """Return a packet as the receiver gets it. Raises Refused."""


class SrtpSeal(Seal):
    """SRTP. The sender's number of a packet is not that of the receiver: `Numbering` has both."""

    __slots__ = ("_numbers", "_protect")

    def __init__(self, protect: Callable[[bytes], bytes | None], *, context: int, function: int) -> None:  # noqa: ARG002 - the compiled twin's
        """`protect` encrypts, or returns None. The compiled twin calls `function` of libsrtp with `context` instead,
        which are addresses, and are valid for as long as `protect` lives.
        """
        self._protect = protect
        self._numbers = Numbering()

    @override
    def write(self, head: bytes, body: bytes, ssrc: int, number: int) -> bytes:
        """Return a packet with the receiver's sequence number, encrypted. Raises Refused."""
        size = len(head) + len(body)
        if len(head) < SHORTEST_SRTP_BYTES or size > LONGEST_SRTP_BYTES:
            raise Refused("long")
        sequence = self._numbers.take(ssrc, number)
        if sequence == LATE:
            raise Refused("late")
        sealed = self._protect(head[:2] + sequence.to_bytes(2, "big") + head[4:] + body)
        if sealed is None:
            raise Refused("late")
        return sealed

    def find_number(self, ssrc: int, sequence: int) -> int | None:
        """Return the sender's number of a packet that the receiver has not got; None when it knows no such stream."""
        return self._numbers.find(ssrc, sequence)

    def forget(self, ssrc: int) -> None:
        """Forget how far a stream is."""
        self._numbers.forget(ssrc)


class AeadSeal(Seal):
    """An AEAD with nonces of four bytes on the wire. A nonce by which a packet would be misread is left out."""

    __slots__ = ("_encrypt", "_nonces")

    def __init__(
        self, encrypt: Callable[[bytes, bytes, bytes], bytes], *, key: bytes, function: int, count: int = 0
    ) -> None:
        """`encrypt` takes content, header and nonce. If `function` is not 0, the compiled twin calls it instead: the
        address of libsodium's function of XChaCha20-Poly1305, for which `key` has 32 bytes. `count` packets were sent.
        """
        if function and len(key) != 32:
            raise ValueError("the key must have 32 bytes")
        self._encrypt = encrypt
        self._nonces = OwnNonces(count)

    @override
    def write(self, head: bytes, body: bytes, ssrc: int, number: int) -> bytes:
        """Return a packet with its content encrypted and its nonce behind it. Raises Refused."""
        if len(head) + len(body) + TAG_BYTES + NONCE_BYTES > LONGEST_BYTES:
            raise Refused("long")
        while True:
            try:
                nonce = self._nonces.take()
            except NoncesUsedUp as error:
                raise Refused("no nonce") from error
            sealed = self._encrypt(body, head, nonce)
            if len(head) != _PLAIN_HEADER_BYTES or not sealed.startswith(MISREAD):
                return head + sealed + nonce


class Receiver:
    """Where one client gets its packets, and with which key."""

    __slots__ = ("address", "bytes_sent", "seal")

    def __init__(self) -> None:
        self.address: Any = None
        """An address as the module `socket` has it, which is proven to be the client's; None before and after that."""
        self.seal: Any = None
        """One of the seals, or None."""
        self.bytes_sent = 0
        """The datagrams of `put_all` that it was sent."""


class Departures:
    """The datagrams. It must be used by one thread."""

    __slots__ = ("_drop", "_sock")

    def __init__(self, sock: Any, drop: Callable[[str], None]) -> None:
        """`sock` does not block, and stays its owner's, who closes it after the last call."""
        self._sock = sock
        self._drop = drop

    def put(self, datagram: bytes, address: Any) -> None:
        """Send a datagram as it is."""
        if len(datagram) > LONGEST_BYTES:
            self._drop("long")
            return
        try:
            self._sock.sendto(datagram, address)
        except OSError as error:
            self._drop("full" if isinstance(error, BlockingIOError) else "unreachable")

    def pass_on(
        self, audience: Iterable[tuple[Any, Iterable[Receiver]]], passing: Passing, speaker: Receiver | None = None
    ) -> tuple[int, int]:
        """Send a packet to an audience, which is receivers by the form in which they take it, as `put_all` does."""
        count = size = 0
        for form, receivers in audience:
            more, bytes_more = self.put_all(receivers, *passing.write(form), passing.ssrc, passing.number, speaker)
            count += more
            size += bytes_more
        return count, size

    def put_all(
        self,
        receivers: Iterable[Receiver],
        head: bytes,
        body: bytes,
        ssrc: int,
        number: int,
        speaker: Receiver | None = None,
    ) -> tuple[int, int]:
        """Send a packet to each receiver but the speaker, who has sent it; return how many datagrams these are, and
        their bytes.
        """
        count = size = 0
        for receiver in receivers:
            if receiver.address is None or receiver is speaker:
                continue
            if receiver.seal is None:
                self._drop("no keys")
                continue
            try:
                datagram = receiver.seal.write(head, body, ssrc, number)
            except Refused as refused:
                self._drop(str(refused))
                continue
            count += 1
            size += len(datagram)
            receiver.bytes_sent += len(datagram)
            self.put(datagram, receiver.address)
        return count, size

    def hold(self) -> None:
        """Wait for `release`: more is about to be put."""

    def release(self) -> None:
        """Send what waits."""
