"""The numbers of MLS that DAVE uses, and what is hashed and signed under labels (RFC 9420, sections 5.1.2, 5.2)."""

import hashlib
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from voice.mls.presentation import BadMessage, encode_uint, encode_vector

VERSION: Final = 1
"""MLS 1.0."""
CIPHER_SUITE: Final = 2
"""MLS_128_DHKEMP256_AES128GCM_SHA256_P256, the suite of DAVE 1."""
PUBLIC_MESSAGE: Final = 1
KEY_PACKAGE_MESSAGE: Final = 5
BASIC_CREDENTIAL: Final = 1
USER_ID_BYTES: Final = 8
"""A member's credential is its user id."""

_CURVE: Final = ec.SECP256R1()
_UNCOMPRESSED: Final = 4
_HASH: Final = ec.ECDSA(SHA256())


def hash_ref(label: str, value: bytes) -> bytes:
    """Return the name by which others refer to a structure, `label` being "KeyPackage" or "Proposal"."""
    text = f"MLS 1.0 {label} Reference".encode()
    return hashlib.sha256(encode_vector(text) + encode_vector(value)).digest()


def sign(key: ec.EllipticCurvePrivateKey, label: str, content: bytes) -> bytes:
    """Sign a structure."""
    return key.sign(_label(label, content), _HASH)


def verify(public_key: bytes, label: str, content: bytes, signature: bytes) -> None:
    """Check a structure's signature. Raises BadMessage."""
    try:
        key = ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, public_key)
        key.verify(signature, _label(label, content), _HASH)
    except (InvalidSignature, ValueError) as error:
        raise BadMessage(f"the signature of {label} is not its signer's") from error


def check_point(public_key: bytes) -> None:
    """Check that a public key is one, in the form of MLS. Raises BadMessage."""
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, public_key)
    except ValueError as error:
        raise BadMessage("a key that is none") from error
    if public_key[0] != _UNCOMPRESSED:
        raise BadMessage("a key in short form")


def make_key() -> ec.EllipticCurvePrivateKey:
    """Make a key that signs."""
    return ec.generate_private_key(_CURVE)


def encode_credential(identity: bytes) -> bytes:
    """Write a basic credential."""
    return encode_uint(BASIC_CREDENTIAL, 2) + encode_vector(identity)


def _label(label: str, content: bytes) -> bytes:
    return encode_vector(f"MLS 1.0 {label}".encode()) + encode_vector(content)
