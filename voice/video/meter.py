"""How many bits a second a count of bytes grows by. Pure, no clock."""


class Meter:
    """The rate between its last two measurements, of which the older one counts `old_part` in the next."""

    __slots__ = ("_bytes", "_measured_s", "_old_part", "bps")

    def __init__(self, old_part: float = 0.0) -> None:
        self._old_part = old_part
        self.bps = 0.0
        self._bytes = 0
        self._measured_s: float | None = None

    def measure(self, count_bytes: int, now_s: float) -> float:
        """Take the count as it is now; return the rate. Nothing new comes of two measurements at once."""
        if self._measured_s is None or now_s > self._measured_s:
            passed_s = now_s - self._measured_s if self._measured_s is not None else 1.0
            new = 8 * (count_bytes - self._bytes) / passed_s
            is_new = not self.bps or not new
            self.bps = new if is_new else self.bps * self._old_part + new * (1 - self._old_part)
            self._bytes, self._measured_s = count_bytes, now_s
        return self.bps
