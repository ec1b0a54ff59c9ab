"""The external sender: the server proposes to a group's members who is added and who is removed.

It is no member and has none of the group's secrets. It signs each proposal, and members know its key from the group's
extension (RFC 9420, sections 6, 12.1.8).
"""

from typing import Final

import msgspec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from voice.mls.key_package import KeyPackage
from voice.mls.labels import PUBLIC_MESSAGE, VERSION, encode_credential, hash_ref, make_key, sign
from voice.mls.presentation import encode_uint, encode_vector

_IDENTITY: Final = b"voice gateway"
_EXTERNAL: Final = 2
_FIRST_SENDER: Final = 0
_PROPOSAL: Final = 2
_ADD: Final = 1
_REMOVE: Final = 3


class Proposal(msgspec.Struct, frozen=True):
    """A proposal as members get it, an MLSMessage, and the name by which a commit refers to it."""

    message: bytes
    ref: bytes
    added: KeyPackage | None
    removed: int | None
    """The index of a leaf."""


class ExternalSender:
    """The external sender of a node's groups. `package` is what members must know of it."""

    __slots__ = ("_key", "package")

    def __init__(self) -> None:
        self._key = make_key()
        public_key = self._key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        self.package = encode_vector(public_key) + encode_credential(_IDENTITY)

    def propose_add(self, group_id: bytes, epoch: int, key_package: KeyPackage) -> Proposal:
        """Propose to add a member."""
        message = self._encode(group_id, epoch, encode_uint(_ADD, 2) + key_package.data)
        return Proposal(message, _name(message), key_package, None)

    def propose_remove(self, group_id: bytes, epoch: int, leaf: int) -> Proposal:
        """Propose to remove the member of a leaf."""
        message = self._encode(group_id, epoch, encode_uint(_REMOVE, 2) + encode_uint(leaf, 4))
        return Proposal(message, _name(message), None, leaf)

    def _encode(self, group_id: bytes, epoch: int, proposal: bytes) -> bytes:
        sender = encode_uint(_EXTERNAL, 1) + encode_uint(_FIRST_SENDER, 4)
        authenticated_data = encode_vector(b"")
        content = (
            encode_vector(group_id)
            + encode_uint(epoch, 8)
            + sender
            + authenticated_data
            + encode_uint(_PROPOSAL, 1)
            + proposal
        )
        signed = encode_uint(VERSION, 2) + encode_uint(PUBLIC_MESSAGE, 2) + content
        return signed + encode_vector(sign(self._key, "FramedContentTBS", signed))


def _name(message: bytes) -> bytes:
    return hash_ref("Proposal", message[2:])  # without the version, an external sender's message is what is named
