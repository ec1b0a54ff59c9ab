"""How a generator was during a run, and whether its figures are its own."""

from typing import Final

import msgspec

_LATE_MS: Final = 25.0
"""Half of the smallest goal (voice, 50 ms): a generator that is later than that in one look of a hundred spoils
the 99th percentile.
"""
_BUSY: Final = 0.9
"""The share of a core from which on little is left for waiting greenlets."""


class Watched(msgspec.Struct, frozen=True):
    """How a generator was during a run."""

    late_p99_ms: float
    late_max_ms: float
    busy: float
    """Processor time by wall time; 1 is a whole core."""

    @property
    def is_bottleneck(self) -> bool:
        """Return whether figures of this run are the generator's own."""
        return self.late_p99_ms > _LATE_MS or self.busy > _BUSY


def find_worst(watched: list[Watched]) -> Watched:
    """Return the figures of the worst of several processes."""
    return Watched(
        late_p99_ms=max(each.late_p99_ms for each in watched),
        late_max_ms=max(each.late_max_ms for each in watched),
        busy=max(each.busy for each in watched),
    )
