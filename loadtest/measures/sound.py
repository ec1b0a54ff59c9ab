"""What became of the sound of a run: frames that were sent, came, were lost, and came twice.

Speakers number their packets, and a listener finds a loss by a gap in the numbers of one stream (SSRC). A packet that
others have overtaken is lost until it comes. What is missing behind the last packet nobody can know.
"""

from collections.abc import Iterable
from typing import Final

import msgspec

_SEQUENCES: Final = 1 << 16
_HALF: Final = _SEQUENCES // 2
_MOST_AHEAD: Final = 3000
"""A longer gap is a new beginning (RFC 3550 appendix A.1, MAX_DROPOUT): a minute of voice."""
_MOST_BEHIND: Final = 100
"""A packet that is two seconds late is of no use to a listener, and stays lost."""


class Sound(msgspec.Struct):
    """Frames of a run, over all people: each one is sent once, and comes to each listener of the room."""

    sent: int = 0
    received: int = 0
    lost: int = 0
    repeated: int = 0

    @property
    def loss(self) -> float:
        """The part of the expected packets that did not come, from 0 to 1."""
        expected = self.received + self.lost
        return self.lost / expected if expected else 0.0


def add_up(sounds: Iterable[Sound]) -> Sound:
    """Return the sum of several processes."""
    total = Sound()
    for sound in sounds:
        total.sent += sound.sent
        total.received += sound.received
        total.lost += sound.lost
        total.repeated += sound.repeated
    return total


class SoundStream:
    """One stream, as one listener gets it. It counts into a `Sound`."""

    __slots__ = ("_missing", "_newest", "_sound")

    def __init__(self, sound: Sound) -> None:
        self._sound = sound
        self._newest: int | None = None
        self._missing: set[int] = set()
        """Numbers that may come yet. They grow, and do not go round as those of packets do."""

    def note(self, sequence: int) -> bool:
        """Take a packet's number, from 0 to 65,535; return whether the packet is a new one."""
        sound = self._sound
        if self._newest is None:
            return self._begin(sequence)
        ahead = (sequence - self._newest + _HALF) % _SEQUENCES - _HALF
        if not -_MOST_AHEAD < ahead < _MOST_AHEAD:
            return self._begin(sequence)
        number = self._newest + ahead
        if ahead > 0:
            self._miss(range(self._newest + 1, number))
            self._newest = number
        elif number in self._missing:
            self._missing.discard(number)
            sound.lost -= 1
        else:
            sound.repeated += ahead > -_MOST_BEHIND
            return False
        sound.received += 1
        return True

    def _begin(self, sequence: int) -> bool:
        self._newest = sequence
        self._missing.clear()
        self._sound.received += 1
        return True

    def _miss(self, gap: range) -> None:
        self._sound.lost += len(gap)
        if gap or self._missing:
            least = gap.stop - _MOST_BEHIND
            self._missing = {number for number in (*self._missing, *gap) if number > least}
