"""A key package: by it others add a member to a group (RFC 9420, section 10)."""

from typing import Final

import msgspec

from voice.mls.labels import CIPHER_SUITE, KEY_PACKAGE_MESSAGE, VERSION, check_point, hash_ref, verify
from voice.mls.leaf_node import LeafNode, Source, read_leaf_node
from voice.mls.presentation import BadMessage, Reader

_FOREVER: Final = (0, (1 << 64) - 1)
"""The lifetime that DAVE asks for: members have no common clock."""
_MOST_BYTES: Final = 2048
"""Stock clients' have 400. Each member is sent all of it."""
_KEYS: Final = 3


class KeyPackage(msgspec.Struct, frozen=True):
    """A key package that is as DAVE wants it. `ref` is its name in Welcome messages."""

    data: bytes
    ref: bytes
    user_id: int
    signature_key: bytes
    keys: frozenset[bytes]
    """All its public keys. No other client may have one of them."""


def parse_key_package(message: bytes, *, user_id: int) -> KeyPackage:
    """Read and check the key package of a user: suite, credential, lifetime and signatures. Raises BadMessage.

    The protocol wants an MLSMessage around it. Stock clients send it bare, so both are read: the number behind the
    version is 5 in the one and the suite's, 2, in the other.
    """
    if len(message) > _MOST_BYTES:
        raise BadMessage("a key package that is too long")
    reader = Reader(message)
    if Reader(message[2:4]).uint(2) == KEY_PACKAGE_MESSAGE:
        _expect(reader.uint(2), VERSION)
        reader.uint(2)
    data = reader.rest
    reader = Reader(data)
    _expect(reader.uint(2), VERSION)
    _expect(reader.uint(2), CIPHER_SUITE)
    init_key = reader.vector()
    leaf = read_leaf_node(reader)
    if reader.vector():
        raise BadMessage("DAVE has no extensions of key packages")
    signed = reader.since(0)
    signature = reader.vector()
    reader.end()
    _check_leaf(leaf, user_id)
    keys = frozenset((init_key, leaf.encryption_key, leaf.signature_key))
    if len(keys) < _KEYS:
        raise BadMessage("one key for two uses")
    for key in keys:
        check_point(key)
    verify(leaf.signature_key, "LeafNodeTBS", leaf.signed, leaf.signature)
    verify(leaf.signature_key, "KeyPackageTBS", signed, signature)
    return KeyPackage(data, hash_ref("KeyPackage", data), user_id, leaf.signature_key, keys)


def _check_leaf(leaf: LeafNode, user_id: int) -> None:
    if leaf.user_id != user_id:
        raise BadMessage("the key package of another user")
    if leaf.source is not Source.KEY_PACKAGE or leaf.lifetime != _FOREVER:
        raise BadMessage("a key package that is not good for ever")


def _expect(value: int, wanted: int) -> None:
    if value != wanted:
        raise BadMessage("another version or cipher suite than that of DAVE 1")
