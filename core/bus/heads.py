"""Where the logs end, as the script `log_heads` tells it."""

import msgspec

from core.bus.positions import position_of
from core.redis.interfaces import Answer

_FIELDS = 7


class Head(msgspec.Struct, frozen=True):
    """One shard's log. A shard that has none is all zeros."""

    is_open: bool
    """Whether the log takes entries in this run of the server."""
    generation: int
    n: int
    revision: int
    """The revision of the newest relational entry."""
    life: int
    """The name of the time since the log was opened last; greater than all before."""
    before: int
    """The life before that one."""
    start: int
    """The `n` with which the life began."""

    @property
    def position(self) -> int:
        """The position of the newest entry."""
        return position_of(self.generation, self.n)


class Heads(msgspec.Struct, frozen=True):
    """All logs, and the counters of their entries, at one moment."""

    all: int
    rel: int
    life: int
    """Changes whenever any log is opened."""
    shards: list[Head]


def decode_heads(answer: Answer) -> Heads:
    """Read the answer of `log_heads`."""
    shards = [
        Head(bool(answer[place]), *answer[place + 1 : place + _FIELDS]) for place in range(3, len(answer), _FIELDS)
    ]
    return Heads(answer[0], answer[1], answer[2], shards)
