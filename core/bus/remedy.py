"""What is to be done with a log that is closed, decided by what it holds and by what its keeper has applied.

| the log | the keeper | remedy |
|---|---|---|
| ends at or after the keeper's position | has a position in it | OPEN as it is: the keeper reads the rest |
| ends before it | remembers all that is missing | APPEND what is missing under the old positions |
| ends before it, or is gone | remembers only newer entries | REPLACE: the log begins with what is remembered |
| was never there, or the keeper has no position in it | | BEGIN a new generation |

After APPEND and REPLACE nobody can tell that anything was lost: positions go on, and a reader from before what was
replaced finds that trimmed away, as it would after a while in any case. A new generation says to every reader that
entries may be missing of which nobody knows.
"""

from enum import Enum, auto

import msgspec

from core.bus.heads import Head
from core.bus.positions import generation_of, n_of


class Remedy(Enum):
    """What opens a log."""

    NONE = auto()
    """It is open."""
    OPEN = auto()
    APPEND = auto()
    REPLACE = auto()
    BEGIN = auto()


class Known(msgspec.Struct, frozen=True):
    """What a keeper knows of a log by its own tail."""

    position: int
    """The position that it has applied."""
    life: int
    """The life of the log in which it has; 0 when it has never compared itself."""
    kept_after: int
    """The position after which it remembers every entry."""


def find_remedy(head: Head, known: Known) -> Remedy:
    """Return what is to be done."""
    if head.is_open:
        return Remedy.NONE
    if not known.life or (head.generation and head.life != known.life):
        # Of what other keepers have done meanwhile, this one's position says nothing.
        return Remedy.BEGIN
    if head.generation == 0:
        return Remedy.REPLACE
    if generation_of(known.position) != head.generation:
        return Remedy.BEGIN
    if n_of(known.position) <= head.n:
        return Remedy.OPEN
    return Remedy.APPEND if n_of(known.kept_after) <= head.n else Remedy.REPLACE
