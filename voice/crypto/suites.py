"""The two ciphers of voice over UDP, by their names in Select Protocol: AEAD with 32-byte keys, nonces on the wire.

Only the nonce's first four bytes are sent; the rest are zeros. The packet's header is authenticated and not encrypted.
"""

from collections.abc import Callable, Mapping
from typing import Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from nacl._sodium import ffi, lib  # type: ignore[import-not-found]  # not public: see tests/contract/voice
from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_decrypt,
    crypto_aead_xchacha20poly1305_ietf_encrypt,
)
from nacl.exceptions import CryptoError
from typing_extensions import override

from core_ext.media import AeadSeal

KEY_BYTES: Final = 32
AES256_GCM: Final = "aead_aes256_gcm_rtpsize"
XCHACHA20_POLY1305: Final = "aead_xchacha20_poly1305_rtpsize"

_ENCRYPT: Final = int(ffi.cast("uintptr_t", ffi.addressof(lib, "crypto_aead_xchacha20poly1305_ietf_encrypt")))
"""The address of libsodium's function."""
_GCM_ZEROS: Final = bytes(12 - 4)
_XCHACHA_ZEROS: Final = bytes(24 - 4)


class Forged(Exception):
    """The packet was not made with this key, or has been changed."""


class Suite(Protocol):
    """A cipher with its key."""

    def seal(self, plain: bytes, header: bytes, nonce: bytes) -> bytes:
        """Encrypt; return ciphertext and tag. `nonce` has four bytes and must not come twice."""

    def open(self, sealed: bytes, header: bytes, nonce: bytes) -> bytes:
        """Check and decrypt. Raises Forged."""

    def make_seal(self) -> AeadSeal:
        """Return what encrypts the node's packets to the client. It must be made once a key: it counts their nonces."""


class AesGcm(Suite):
    """AES-256-GCM, which processors have in hardware."""

    __slots__ = ("_cipher",)

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    @override
    def seal(self, plain: bytes, header: bytes, nonce: bytes) -> bytes:
        return self._cipher.encrypt(nonce + _GCM_ZEROS, plain, header)

    @override
    def open(self, sealed: bytes, header: bytes, nonce: bytes) -> bytes:
        try:
            return self._cipher.decrypt(nonce + _GCM_ZEROS, sealed, header)
        except InvalidTag as error:
            raise Forged from error

    @override
    def make_seal(self) -> AeadSeal:
        return AeadSeal(self.seal, key=b"", function=0)


class XChaCha(Suite):
    """XChaCha20-Poly1305, which every client must have."""

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        self._key = key

    @override
    def seal(self, plain: bytes, header: bytes, nonce: bytes) -> bytes:
        return crypto_aead_xchacha20poly1305_ietf_encrypt(plain, header, nonce + _XCHACHA_ZEROS, self._key)

    @override
    def open(self, sealed: bytes, header: bytes, nonce: bytes) -> bytes:
        try:
            return crypto_aead_xchacha20poly1305_ietf_decrypt(sealed, header, nonce + _XCHACHA_ZEROS, self._key)
        except (CryptoError, ValueError) as error:  # ValueError: shorter than a tag
            raise Forged from error

    @override
    def make_seal(self) -> AeadSeal:
        return AeadSeal(self.seal, key=self._key, function=_ENCRYPT)


SUITES: Final[Mapping[str, Callable[[bytes], Suite]]] = {AES256_GCM: AesGcm, XCHACHA20_POLY1305: XChaCha}
"""The suites by their names, the preferred one first."""
