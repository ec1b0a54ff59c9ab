"""What a node counts. The control conversation tells it to the gateway, which shows it in its metrics."""

from core.voice.orders import Counts


class Tally:
    """Counters that only grow."""

    __slots__ = (
        "_dave",
        "_drops",
        "bytes_in",
        "bytes_out",
        "joins",
        "measured",
        "measured_s",
        "packets_in",
        "packets_out",
    )

    def __init__(self) -> None:
        self.packets_in = self.packets_out = 0
        self.bytes_in = self.bytes_out = 0
        self.joins = 0
        self.measured, self.measured_s = 0, 0.0
        """The datagrams whose time was measured, and the sum of these times."""
        self._drops: dict[str, int] = {}
        self._dave: dict[str, int] = {}

    def drop(self, reason: str) -> None:
        """Count a datagram that is not passed on. `reason` is one of few fixed words."""
        self._drops[reason] = self._drops.get(reason, 0) + 1

    def count_dave(self, happening: str) -> None:
        """Count what has happened to the encryption of a room from end to end. It is one of few fixed words."""
        self._dave[happening] = self._dave.get(happening, 0) + 1

    def read(self) -> Counts:
        """Return what was counted until now."""
        return Counts(
            packets_in=self.packets_in,
            packets_out=self.packets_out,
            bytes_in=self.bytes_in,
            bytes_out=self.bytes_out,
            joins=self.joins,
            drops={str(reason): count for reason, count in self._drops.items()},
            measured=self.measured,
            measured_s=self.measured_s,
            dave={str(happening): count for happening, count in self._dave.items()},
        )
