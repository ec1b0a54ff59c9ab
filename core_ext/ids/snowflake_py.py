"""The generator of snowflakes: 42 bits of time in ms since `EPOCH_MS`, 5 bits worker, 5 bits process, 12 bits sequence.

A generator owns its last millisecond and sequence, nothing else; the clock is the caller's. Ids rise strictly: when the
clock stands still or steps back, the generator stays in its own last millisecond. When that one's 4096 ids are used up,
it goes on in the next one without waiting, so it may run ahead of the clock for a while. A generator is for one thread.

Compiled as `core_ext.ids.snowflake_c` with the types in `snowflake_c.pxd`.
"""

from collections.abc import Callable

EPOCH_MS = 1_420_070_400_000
"""2015-01-01T00:00:00Z in Unix milliseconds; the same number as `core.domain.ids.EPOCH_MS`."""


class SnowflakeGenerator:
    """The one source of ids of a (worker, process) pair.

    `after` is the largest id known from an earlier run: all new ids are above it, whatever the clock says.

    Raises:
        ValueError: when worker or process does not fit 5 bits, or `after` is no snowflake.
    """

    __slots__ = ("_last_ms", "_node", "_now_ms", "_sequence")

    def __init__(self, worker: int, process: int, now_ms: Callable[[], int], after: int = 0) -> None:
        if not 0 <= worker <= 31 or not 0 <= process <= 31:
            raise ValueError("worker and process must be in 0..31")
        if not 0 <= after < 1 << 63:
            raise ValueError("after must be a snowflake")
        self._node = worker << 17 | process << 12
        self._now_ms = now_ms
        self._last_ms = after >> 22
        # The whole millisecond of `after` counts as used up, so that no id is made twice or equals 0.
        self._sequence = 4095

    def next(self) -> int:
        """Return the next id, which is larger than every one before.

        Raises:
            OverflowError: when the clock is past what 42 bits hold.
        """
        elapsed_ms = self._now_ms() - EPOCH_MS
        sequence = self._sequence + 1
        if elapsed_ms > self._last_ms:
            sequence = 0
        else:
            elapsed_ms = self._last_ms
            if sequence > 4095:
                elapsed_ms += 1
                sequence = 0
        if elapsed_ms >= 1 << 42:
            raise OverflowError("the clock is past the last snowflake")
        self._last_ms = elapsed_ms
        self._sequence = sequence
        return elapsed_ms << 22 | self._node | sequence
