"""Epochs of shards: each owner of a shard has a larger one than the owner before.

A controller's term is counted in PostgreSQL, and is the high part of the epochs that it gives. So an epoch is greater
than all before it, also when Redis has forgotten those. All of them are whole numbers that a double holds, as Lua in
Redis needs it.
"""

from typing import Final

_BITS: Final = 32
"""Four thousand million changes of one shard's owner in a term; two million terms."""


def next_epoch(epoch: int, term: int) -> int:
    """Return the epoch after another one, given in a controller's term."""
    return max(epoch + 1, term << _BITS)


def term_of(epoch: int) -> int:
    """Return the newest term in which an epoch can have been given."""
    return epoch >> _BITS
