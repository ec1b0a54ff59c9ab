"""Sound as packets: RTP, encrypted as `aead_aes256_gcm_rtpsize` says (Discord, "Voice Connections").

The header is authenticated, and the first four bytes of an extension with it; the extension's body is encrypted before
the sound. The last four bytes of a packet are its nonce, which the sender counts.
"""

import struct
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MODE: Final = "aead_aes256_gcm_rtpsize"
_HEADER: Final = struct.Struct(">BBHII")
_OPUS: Final = 0x78
"""The payload type 120 of Discord's clients."""
_SAMPLES: Final = 960
"""Those of 20 ms at 48 kHz, by which timestamps grow."""
_NONCE_BYTES: Final = 4
_TAG_BYTES: Final = 16
_LEAST_BYTES: Final = _HEADER.size + _TAG_BYTES + _NONCE_BYTES
_ZEROS: Final = bytes(12 - _NONCE_BYTES)
_EXTENSION, _CONTRIBUTORS = 0x10, 0x0F
_RTCP: Final = range(192, 224)
"""The second bytes of RTCP packets on RTP's port (RFC 5761 section 4)."""


class ForgedError(Exception):
    """A packet was not made with the session's key."""


class Packet(NamedTuple):
    """A packet of sound that came."""

    ssrc: int
    sequence: int
    sound: bytes


class RtpSession:
    """Both directions of one client's packets, which have one key."""

    __slots__ = ("_cipher", "_nonce", "_sequence", "_ssrc")

    def __init__(self, key: bytes, ssrc: int) -> None:
        """`key` has 32 bytes, `ssrc` names the client's own stream."""
        self._cipher = AESGCM(key)
        self._ssrc = ssrc
        self._nonce = self._sequence = 0

    def seal(self, sound: bytes) -> bytes:
        """Make the next packet."""
        number, self._sequence = self._sequence, self._sequence + 1
        header = _HEADER.pack(0x80, _OPUS, number & 0xFFFF, number * _SAMPLES & 0xFFFFFFFF, self._ssrc)
        nonce = self._nonce.to_bytes(_NONCE_BYTES, "big")
        self._nonce += 1
        return header + self._cipher.encrypt(nonce + _ZEROS, sound, header) + nonce

    def open(self, datagram: bytes) -> Packet | None:
        """Read a datagram; None is what is no RTP, as RTCP and late answers of IP discovery. Raises ForgedError."""
        if len(datagram) < _LEAST_BYTES or not 0x80 <= datagram[0] < 0xC0 or datagram[1] in _RTCP:
            return None
        first, _, sequence, _, ssrc = _HEADER.unpack_from(datagram)
        end = _HEADER.size + 4 * (first & _CONTRIBUTORS)
        extension_bytes = 0
        if first & _EXTENSION:
            extension_bytes = 4 * int.from_bytes(datagram[end + 2 : end + 4], "big")
            end += 4
        nonce = datagram[-_NONCE_BYTES:]
        try:
            plain = self._cipher.decrypt(nonce + _ZEROS, datagram[end:-_NONCE_BYTES], datagram[:end])
        except (InvalidTag, ValueError) as error:  # ValueError: shorter than a tag
            raise ForgedError("a packet of another key") from error
        return Packet(ssrc, sequence, plain[extension_bytes:])
