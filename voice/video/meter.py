"""How many bits a second a count of bytes grows by. Pure, no clock."""

_OLD_PART = 0.5
"""What the value before counts for: video comes in bursts."""


class Meter:
    """The rate, as of its last measurement."""

    __slots__ = ("_bytes", "_measured_s", "bps")

    def __init__(self) -> None:
        self.bps = 0.0
        self._bytes = 0
        self._measured_s: float | None = None

    def measure(self, count_bytes: int, now_s: float) -> float:
        """Take the count as it is now; return the rate. Nothing new comes of two measurements at once."""
        if self._measured_s is None or now_s > self._measured_s:
            passed_s = now_s - self._measured_s if self._measured_s is not None else 1.0
            new = 8 * (count_bytes - self._bytes) / passed_s
            self.bps = self.bps * _OLD_PART + new * (1 - _OLD_PART) if self.bps and new else new
            self._bytes, self._measured_s = count_bytes, now_s
        return self.bps
