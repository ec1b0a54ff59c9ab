"""A commit: a member makes proposals true, and with that the group's next epoch (RFC 9420, sections 6, 12.4).

The server reads it and cannot check its signature, which covers what only members know of the group; they do.
"""

from typing import Final

import msgspec

from voice.mls.labels import PUBLIC_MESSAGE, VERSION
from voice.mls.leaf_node import LeafNode, Source, read_leaf_node
from voice.mls.presentation import BadMessage, Reader

_MEMBER: Final = 1
_COMMIT: Final = 3
_REFERENCE: Final = 2


class Commit(msgspec.Struct, frozen=True):
    """A commit. `message` is all of it, an MLSMessage."""

    message: bytes
    group_id: bytes
    epoch: int
    sender: int
    """The index of its maker's leaf."""
    refs: tuple[bytes, ...]
    """The names of its proposals, in the order in which they are applied."""
    leaf: LeafNode | None
    """The new leaf node of its maker, where it has one."""


def parse_commit(data: bytes) -> tuple[Commit, bytes]:
    """Read a commit; return it, and what follows it. Raises BadMessage."""
    reader = Reader(data)
    if (reader.uint(2), reader.uint(2)) != (VERSION, PUBLIC_MESSAGE):
        raise BadMessage("DAVE has public messages only")
    group_id, epoch = reader.vector(), reader.uint(8)
    if reader.uint(1) != _MEMBER:
        raise BadMessage("the sender is no member")
    sender = reader.uint(4)
    reader.vector()  # authenticated data
    if reader.uint(1) != _COMMIT:
        raise BadMessage("this is no commit")
    refs = tuple(_read_ref(each) for each in reader.vectors())
    leaf = _read_path(reader) if reader.flag() else None
    for _ in ("signature", "confirmation tag", "membership tag"):
        reader.vector()
    return Commit(reader.since(0), group_id, epoch, sender, refs, leaf), reader.rest


def _read_ref(reader: Reader) -> bytes:
    if reader.uint(1) != _REFERENCE:
        raise BadMessage("a commit has references to the server's proposals, and none of its own")
    return reader.vector()


def _read_path(reader: Reader) -> LeafNode:
    leaf = read_leaf_node(reader)
    if leaf.source is not Source.COMMIT:
        raise BadMessage("the leaf node of a commit comes from elsewhere")
    reader.vector()  # the nodes above, whose secrets are encrypted for the other members
    return leaf
