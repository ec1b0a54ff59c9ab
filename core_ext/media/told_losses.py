"""How much of what one client is sent gets lost on the way, as its own reports tell it (RFC 3550 section 6.4.1). Pure.

Each report names the newest packet of a stream that has come, and how many were missing until then. Two of them that
are some seconds apart tell of the time between. What was sent again, and has come at last, is not lost: that is the
peak. What was missing at first says how the way is now, and by that the encoder and the video of others are steered.
"""

from typing import Final

WINDOW: Final = 250
"""The packets over which loss is measured: five seconds of voice."""
LEAST: Final = 50
"""Fewer packets say nothing of loss."""


class _Told:
    __slots__ = ("expected", "first", "is_paused", "last", "lost", "lost_before", "missed")

    def __init__(self, highest: int, lost: int) -> None:
        self.first = self.last = highest
        self.lost = self.lost_before = lost
        self.expected, self.missed = 0, 0.0
        """The packets since it was last told how many were missed, and how many of these were."""
        self.is_paused = False

    def measure(self) -> tuple[int, float]:
        """Return the number of packets since the window began, and what part of them was lost."""
        expected = self.last - self.first
        return expected, min(max(self.lost - self.lost_before, 0) / max(expected, 1), 1.0)


class ToldLosses:
    """The losses of all streams that one client gets."""

    __slots__ = ("_peak", "_streams")

    def __init__(self) -> None:
        self._peak: float | None = None
        self._streams: dict[int, _Told] = {}

    def note(self, ssrc: int, highest: int, lost: int, part: float = 0.0) -> float | None:
        """Take a report of a stream: its newest number, which does not go round, all that were lost until then, and
        what part of the packets since the report before was missing, come later or not.

        Return what part of the newest packets was missing, None when too few were told of: browsers report whenever
        they ask for a packet again, and then often of two packets, one of them lost.
        """
        told = self._streams.get(ssrc)
        if told is None or highest < told.last or (told.is_paused and highest > told.last):
            self._streams[ssrc] = _Told(highest, lost)  # a new connection counts anew
            return None
        if told.is_paused:
            return None
        expected = highest - told.last
        told.expected, told.missed = told.expected + expected, told.missed + part * expected
        told.last, told.lost = highest, lost
        if told.measure()[0] >= WINDOW:
            self._close(told)
            told.first, told.lost_before = highest, lost
        if told.expected < LEAST:
            return None
        newest, told.expected, told.missed = told.missed / told.expected, 0, 0.0
        return newest

    def forget(self, ssrc: int) -> None:
        """Forget a stream that is over."""
        told = self._streams.pop(ssrc, None)
        if told is not None:
            self._close(told)

    def pause(self) -> None:
        """Note that the client is sent nothing from now on, or something again: what it misses is not lost."""
        for told in self._streams.values():
            self._close(told)
            told.first, told.lost_before, told.is_paused = told.last, told.lost, True

    @property
    def peak(self) -> float | None:
        """The greatest part of packets that were lost in a window, None when too few were sent."""
        for told in self._streams.values():
            self._close(told)
        return self._peak

    def _close(self, told: _Told) -> None:
        expected, part = told.measure()
        if expected >= LEAST:
            self._peak = max(self._peak or 0.0, part)
