# cython: nonecheck=True
"""Who of a room is heard when many microphones are open: the loudest, up to a limit ("last N"). Pure, no clock.

```
 a packet of a voice ─→ how loud? ─┬─ it has a seat ────────────────────────────────→ passed on
                                   ├─ a seat is free, or one can be taken ─→ takes it ─→ passed on
                                   └─ else ────────────────────────────────────────→ kept back
```

A seat is taken with the packet that begins a word, so that none is cut. Whoever has spoken keeps the seat for a while
of silence, since a pause is no end. A voice whose owner is still speaking loses its seat only to one that is clearly
louder, and not as soon as it has it: that is what keeps two voices of one loudness from taking turns. Priority speakers
are pinned: they take a seat at once, and nobody takes theirs. In a room with no more open microphones than seats
everybody has one.
"""

import math
import sys
from typing import Final

UNLIMITED: Final = sys.maxsize

HOLD_S: Final = 2.0
"""A longer silence is no pause between two sentences. Also how long a new seat is safe."""
_LOUDER_DB: Final = 8.0
"""Less is what one voice differs by from word to word."""
_PARTS: Final = 8
"""Each packet counts one eighth: a cough of 20 ms takes no seat, a voice is known after some 0.2 s."""
_SILENCE_LEVEL: Final = 127
_VOICE_DB: Final = 72.0
"""Louder than −55 dBov: speech is at −20 to −40, a quiet room at −60. The V bit of RFC 6464 is not asked, as some
senders set it for all that they encode."""
_USUAL_DB: Final = 87.0
"""What counts for a voice whose loudness nobody tells: −40 dBov."""
_SILENCE_BYTES: Final = 3
"""Opus says silence in so many bytes, or fewer."""


def measure_loudness(level: int | None, size_bytes: int) -> float:
    """Return how loud a packet is, in dB above silence.

    `level` is the byte of the header extension of RFC 6464, None where the sender tells none; `size_bytes` is the size
    of the packet's Opus.
    """
    if level is not None:
        return float(_SILENCE_LEVEL - (level & 0x7F))
    return _USUAL_DB if size_bytes > _SILENCE_BYTES else 0.0


class Activity:
    """How much one voice speaks. Its room's `ActiveSpeakers` alone change it, but for the pin."""

    __slots__ = ("has_seat", "is_pinned", "loudness", "seated_s", "voiced_s")

    def __init__(self) -> None:
        self.is_pinned = False
        """Whether it speaks as priority speaker now."""
        self.has_seat = False
        self.loudness = 0.0
        """In dB above silence, over the last packets."""
        self.seated_s = self.voiced_s = -math.inf
        """When it took its seat, and when it was last louder than a quiet room."""


class ActiveSpeakers:
    """The seats of one room."""

    __slots__ = ("_hold_s", "_limit", "_seated")

    def __init__(self, limit: int = UNLIMITED, hold_s: float = HOLD_S) -> None:
        self._limit = limit
        self._hold_s = hold_s
        self._seated: list[Activity] = []

    def note(self, voice: Activity, loudness: float, now_s: float) -> bool:
        """Take how loud a packet of a voice is; return whether the packet is passed on."""
        voice.loudness += (loudness - voice.loudness) / _PARTS
        if loudness >= _VOICE_DB:
            voice.voiced_s = now_s
        if voice.has_seat:
            return True
        if len(self._seated) >= self._limit:
            loser = self._find_loser(voice, now_s)
            if loser is None:
                return False
            self.release(loser)
        voice.has_seat, voice.seated_s = True, now_s
        self._seated.append(voice)
        return True

    def release(self, voice: Activity) -> None:
        """Free the seat of a voice, if it has one."""
        if voice.has_seat:
            voice.has_seat = False
            self._seated.remove(voice)

    def _find_loser(self, voice: Activity, now_s: float) -> Activity | None:
        """Return whose seat a voice takes."""
        if voice.voiced_s != now_s and not voice.is_pinned:
            return None
        resting = weakest = None
        for each in self._seated:
            if each.is_pinned:
                continue
            if resting is None or each.voiced_s < resting.voiced_s:
                resting = each
            if weakest is None or each.loudness < weakest.loudness:
                weakest = each
        if resting is None or weakest is None:
            return None
        if now_s - resting.voiced_s >= self._hold_s:
            return resting
        is_louder = voice.loudness - weakest.loudness >= _LOUDER_DB and now_s - weakest.seated_s >= self._hold_s
        return weakest if is_louder or voice.is_pinned else None
