"""STUN as ICE uses it (RFC 8489, RFC 8445): a browser's checks, and the answers of a node that only answers ("lite").

```
 type, length of the rest, cookie, transaction │ type, length, value, padding to four bytes │ …
 ──────────────── header ───────────────────────── attributes: USERNAME, PRIORITY, … MESSAGE-INTEGRITY, FINGERPRINT ──
```

A check names the connection by the user name `node:browser` and is signed with the node's password for it, so a check
that passes proves that whoever sends it has the answer that the node gave over TLS. The signature is of all before it,
with the length that the message has up to its end. The fingerprint is of all before it, and stands last.

Of a check nothing is taken but its name, its signature and its transaction: whoever answers only neither compares
priorities nor chooses a way. What is known is still held to its length, and is there once. An attribute which must be
understood and is not known here has the check dropped; any other is passed over, as browsers add some of their own.
"""

import hashlib
import hmac
import socket
import struct
import zlib
from collections.abc import Mapping
from typing import Final

_COOKIE: Final = b"\x21\x12\xa4\x42"
_LEAST_BYTES: Final = 20
_LONGEST_BYTES: Final = 1024
_HEADER: Final = struct.Struct(">HH4s12s")
_ATTRIBUTE: Final = struct.Struct(">HH")
_REQUEST: Final = 0x0001
_ANSWER: Final = 0x0101
"""Of the method "binding", the only one of ICE."""

_USERNAME: Final = 0x0006
_SIGNATURE: Final = 0x0008
_XOR_MAPPED_ADDRESS: Final = 0x0020
_SOFTWARE: Final = 0x8022
_FINGERPRINT: Final = 0x8028
_FIRST_OPTIONAL: Final = 0x8000
_LENGTHS: Final[Mapping[int, range]] = {
    _USERNAME: range(1, 509),
    _SIGNATURE: range(20, 21),
    0x0024: range(4, 5),  # PRIORITY
    0x0025: range(1),  # USE-CANDIDATE
    _SOFTWARE: range(764),
    _FINGERPRINT: range(4, 5),
    0x8029: range(8, 9),  # ICE-CONTROLLED
    0x802A: range(8, 9),  # ICE-CONTROLLING
    0x802B: range(0),  # RESPONSE-ORIGIN: answers have it, and no check
    0x802C: range(0),  # OTHER-ADDRESS
}
"""The attributes that are known, and how long each may be."""

_SIGNATURE_BYTES: Final = 24
_FINGERPRINT_BYTES: Final = 8
_FINGERPRINT_XOR: Final = 0x5354554E
_BLOCK_BYTES: Final = 64
"""Of SHA-1."""
_FAMILIES: Final = ((1, socket.AF_INET), (2, socket.AF_INET6))


class SigningKey:
    """A connection's password, as messages are signed with it: HMAC with SHA-1 (RFC 2104), as ICE has no other.

    Both hashes have taken the password in and are copied for each message, since OpenSSL takes longer to begin one than
    to hash a check.
    """

    __slots__ = ("_inner", "_outer")

    def __init__(self, password: str) -> None:
        """`password` has 64 bytes at most."""
        block = password.encode().ljust(_BLOCK_BYTES, b"\0")
        self._inner = hashlib.sha1(bytes(byte ^ 0x36 for byte in block))  # noqa: S324 - see above
        self._outer = hashlib.sha1(bytes(byte ^ 0x5C for byte in block))  # noqa: S324

    def sign(self, message: bytes) -> bytes:
        """Return the signature of a message."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(message)
        outer.update(inner.digest())
        return outer.digest()


class Check:
    """A browser's check. Nothing of it is proven before `is_signed_with`."""

    __slots__ = ("_datagram", "_signature_at", "name")

    def __init__(self, datagram: bytes, signature_at: int, name: str) -> None:
        """`signature_at` is where the value of the signature begins, 0 when there is none."""
        self._datagram = datagram
        self._signature_at = signature_at
        self.name = name
        """The node's part of the user name."""

    def is_signed_with(self, key: SigningKey) -> bool:
        """Return whether whoever has sent it knows the password."""
        at, datagram = self._signature_at, self._datagram
        if not at:
            return False
        end = at + _SIGNATURE_BYTES - _ATTRIBUTE.size
        length = (end - _LEAST_BYTES).to_bytes(2, "big")
        signed = datagram[:2] + length + datagram[4 : at - _ATTRIBUTE.size]
        return hmac.compare_digest(datagram[at:end], key.sign(signed))

    def answer(self, key: SigningKey, address: tuple[str, int]) -> bytes:
        """Write the answer, with the address that the check came from."""
        transaction = self._datagram[8:_LEAST_BYTES]
        seen = _write_address(address, transaction)
        length = len(seen) + _SIGNATURE_BYTES
        signed = _HEADER.pack(_ANSWER, length, _COOKIE, transaction) + seen
        signature = key.sign(signed)
        head = _HEADER.pack(_ANSWER, length + _FINGERPRINT_BYTES, _COOKIE, transaction)
        answer = head + seen + _ATTRIBUTE.pack(_SIGNATURE, len(signature)) + signature
        return answer + _ATTRIBUTE.pack(_FINGERPRINT, 4) + _compute_fingerprint(answer)


def is_stun(datagram: bytes) -> bool:
    """Return whether a datagram is STUN by its first bytes. IP discovery, DTLS and RTP never are."""
    return len(datagram) >= _LEAST_BYTES and datagram[0] < 4 and datagram[4:8] == _COOKIE


def parse_check(datagram: bytes) -> Check | None:
    """Read a check; None when it is anything else, or broken."""
    size = len(datagram)
    if not _LEAST_BYTES <= size <= _LONGEST_BYTES or size % 4:
        return None
    kind, length, cookie, _ = _HEADER.unpack_from(datagram)
    if (kind, length, cookie) != (_REQUEST, size - _LEAST_BYTES, _COOKIE):
        return None
    found = _find_attributes(datagram)
    if found is None or _USERNAME not in found:
        return None
    if _FINGERPRINT in found and datagram[-4:] != _compute_fingerprint(datagram[:-_FINGERPRINT_BYTES]):
        return None
    try:
        name = str(datagram[found[_USERNAME]], "utf-8")
        str(datagram[found.get(_SOFTWARE, _NOTHING)], "utf-8")
    except UnicodeDecodeError:
        return None
    return Check(datagram, found.get(_SIGNATURE, _NOTHING).start, name.partition(":")[0])


_NOTHING: Final = slice(0, 0)


def _find_attributes(datagram: bytes) -> dict[int, slice] | None:
    """Return where the values of a message's attributes are; None when one is not as it must be."""
    found: dict[int, slice] = {}
    at, size = _LEAST_BYTES, len(datagram)
    while at < size:
        kind, length = _ATTRIBUTE.unpack_from(datagram, at)
        begin = at + _ATTRIBUTE.size
        at = begin + (length + 3 & ~3)
        if at > size or _FINGERPRINT in found:
            return None
        if kind != _FINGERPRINT and _SIGNATURE in found:
            continue  # it is not signed
        lengths = _LENGTHS.get(kind)
        if lengths is not None:
            if length not in lengths or kind in found:
                return None
            found[kind] = slice(begin, begin + length)
        elif kind < _FIRST_OPTIONAL:
            return None
    return found


def _compute_fingerprint(message: bytes) -> bytes:
    """Return the fingerprint of a message up to there, whose length is that of the whole."""
    return (zlib.crc32(message) ^ _FINGERPRINT_XOR).to_bytes(4, "big")


def _write_address(address: tuple[str, int], transaction: bytes) -> bytes:
    """Write XOR-MAPPED-ADDRESS: no router on the way finds an address in it that it would change."""
    number, family = _FAMILIES[":" in address[0]]
    ip = socket.inet_pton(family, address[0].partition("%")[0])
    value = address[1].to_bytes(2, "big") + ip
    key = int.from_bytes((_COOKIE[:2] + _COOKIE + transaction)[: len(value)], "big")
    hidden = (int.from_bytes(value, "big") ^ key).to_bytes(len(value), "big")
    return struct.pack(">HHBB", _XOR_MAPPED_ADDRESS, 2 + len(value), 0, number) + hidden
