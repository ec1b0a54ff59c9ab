"""How well a stream comes, over its whole life: the worst loss, and the time to the sender and back. Pure.

With that of its voice goes what a client tells of the streams that it is sent.
"""

from voice.media.told_losses import LEAST, WINDOW, ToldLosses


class Quality:
    """The quality of one stream. Sequence numbers do not go round here."""

    __slots__ = ("_first", "_has_peak", "_last", "_peak", "_received", "_rtt_s", "_rtts", "told")

    def __init__(self) -> None:
        self._peak, self._has_peak = 0.0, False
        self._first = self._last = 0
        self._received = 0
        self._rtt_s, self._rtts = 0.0, 0
        self.told = ToldLosses()
        """What its sender has lost of what it was sent."""

    def begin(self, sequence: int) -> None:
        """Begin to count: the stream begins (anew) with this packet."""
        self._close()
        self._first = self._last = sequence
        self._received = 0

    def note(self, sequence: int) -> None:
        """Count a packet."""
        self._received += 1
        self._last = max(self._last, sequence)
        if self._last - self._first + 1 >= WINDOW:
            self.begin(self._last + 1)

    def note_rtt(self, seconds: float) -> None:
        """Count a time to the sender and back."""
        self._rtt_s += seconds
        self._rtts += 1

    @property
    def peak_loss(self) -> float | None:
        """The greatest part of packets that were lost in a window, None when too few have come."""
        self._close()
        return self._peak if self._has_peak else None

    @property
    def rtts(self) -> tuple[float, int]:
        """The sum of all times to the sender and back, in seconds, and their number."""
        return self._rtt_s, self._rtts

    def _close(self) -> None:
        expected = self._last - self._first + 1
        if self._received and expected >= LEAST:
            self._has_peak = True
            self._peak = max(self._peak, 1 - min(self._received / expected, 1.0))
