"""A clock that stands still until it is moved."""

START_MS = 1_750_000_000_000
"""Some instant in 2025."""


class FakeClock:
    """A clock for both senses of now, which move together."""

    def __init__(self, start_ms: int = START_MS) -> None:
        self._now_ms = start_ms
        self._monotonic_s = 1_000.0

    def now_ms(self) -> int:
        """Wall-clock Unix milliseconds."""
        return self._now_ms

    def monotonic_s(self) -> float:
        """Seconds since a fixed point."""
        return self._monotonic_s

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._now_ms += round(seconds * 1000)
        self._monotonic_s += seconds

    def step_back(self, seconds: float) -> None:
        """Set the wall clock back, as an administrator or NTP may."""
        self._now_ms -= round(seconds * 1000)
