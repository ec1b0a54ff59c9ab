"""A leaf node: what a member shows of itself in key packages and commits (RFC 9420, section 7.2)."""

import enum
from typing import Final

import msgspec

from voice.mls.labels import BASIC_CREDENTIAL, CIPHER_SUITE, USER_ID_BYTES, VERSION
from voice.mls.presentation import BadMessage, Reader

_CAPABILITIES: Final = (VERSION, CIPHER_SUITE, None, None, BASIC_CREDENTIAL)
"""What it must know at least: a version, a cipher suite, no extension, no proposal, a kind of credentials."""


class Source(enum.IntEnum):
    """Where a leaf node comes from."""

    KEY_PACKAGE = 1
    UPDATE = 2
    COMMIT = 3


class LeafNode(msgspec.Struct, frozen=True):
    """What the server looks at of a leaf node."""

    user_id: int
    encryption_key: bytes
    signature_key: bytes
    source: Source
    lifetime: tuple[int, int]
    """From when and until when a key package is good, in Unix seconds; (0, 0) in commits."""
    signed: bytes
    """What is signed, but for what only the group knows."""
    signature: bytes


def read_leaf_node(reader: Reader) -> LeafNode:
    """Read a leaf node. Raises BadMessage."""
    start = reader.at
    encryption_key = reader.vector()
    signature_key = reader.vector()
    user_id = _read_user_id(reader)
    for wanted in _CAPABILITIES:
        known = [each.uint(2) for each in reader.vectors()]
        if wanted is not None and wanted not in known:
            raise BadMessage("a client that does not know what DAVE uses")
    source = _read_source(reader)
    lifetime = (0, 0)
    if source is Source.KEY_PACKAGE:
        lifetime = reader.uint(8), reader.uint(8)
    elif source is Source.COMMIT:
        reader.vector()  # the hash of its parent
    if reader.vector():
        raise BadMessage("DAVE has no extensions of leaf nodes")
    signed = reader.since(start)
    return LeafNode(user_id, encryption_key, signature_key, source, lifetime, signed, reader.vector())


def _read_user_id(reader: Reader) -> int:
    if reader.uint(2) != BASIC_CREDENTIAL:
        raise BadMessage("DAVE has basic credentials only")
    identity = reader.vector()
    if len(identity) != USER_ID_BYTES:
        raise BadMessage("the credential is no user id")
    return int.from_bytes(identity, "big")


def _read_source(reader: Reader) -> Source:
    try:
        return Source(reader.uint(1))
    except ValueError as error:
        raise BadMessage("a leaf node of unknown source") from error
