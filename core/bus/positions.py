"""Positions in the logs of a cluster.

A log lives in generations, and counts its entries in each from 1. A position is one int of both, so positions of a
shard rise for ever, and the next one after a position in the same generation is greater by one. A new generation begins
when nobody can tell which entries a log has lost (`core.bus.log_keeper`).
"""

from typing import Final

_BITS: Final = 40
"""A trillion entries in a generation; 8 million generations."""
_MASK: Final = (1 << _BITS) - 1


def position_of(generation: int, n: int) -> int:
    """Return the position of entry `n` of a generation; n = 0 is the place before its first entry."""
    return generation << _BITS | n


def generation_of(position: int) -> int:
    """Return a position's generation."""
    return position >> _BITS


def n_of(position: int) -> int:
    """Return a position's place in its generation."""
    return position & _MASK
