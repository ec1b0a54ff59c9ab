"""Something like speech, for encoders that tell it from music: vowels of a voice, in syllables with pauses between them.

A browser's own fake microphone beeps, and Opus protects no beeps.
"""

import math
import random
import struct
import wave
from pathlib import Path
from typing import Final

_RATE: Final = 16_000
_SECONDS: Final = 4
_SYLLABLE_S: Final = 0.25
_PITCH_HZ: Final = 120.0
_VOWELS: Final = ((730, 1090, 2440), (270, 2290, 3010), (300, 870, 2240), (530, 1840, 2480))
"""The formants of four vowels, in Hz."""
_BANDWIDTH_HZ: Final = 90.0
_BREATH: Final = 0.01


def write_speech(path: Path) -> None:
    """Write some seconds of it as a WAV file, which may be played again and again."""
    samples = _speak()
    peak = max(map(abs, samples))
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(_RATE)
        sound.writeframes(b"".join(struct.pack("<h", round(25_000 * each / peak)) for each in samples))


def _speak() -> list[float]:
    chance, samples, phase = random.Random(7), [], 0.0
    memory = [[0.0, 0.0] for _ in _VOWELS[0]]
    for at in range(_RATE * _SECONDS):
        syllable, within = divmod(at / _RATE, _SYLLABLE_S)
        pitch = _PITCH_HZ * (1.15 - 0.3 * within / _SYLLABLE_S)
        phase += pitch / _RATE
        pulse, phase = (1.0, phase - 1) if phase >= 1 else (0.0, phase)
        loudness = math.sin(math.pi * within / _SYLLABLE_S) ** 2 if int(syllable) % 5 else 0.0
        excitation = loudness * (pulse + _BREATH * chance.gauss(0, 1))
        formants = _VOWELS[int(syllable) % len(_VOWELS)]
        samples.append(sum(_resonate(each, hz, excitation) for each, hz in zip(memory, formants, strict=True)))
    return samples


def _resonate(memory: list[float], hz: float, excitation: float) -> float:
    """Return what a filter with one resonance makes of a sample. `memory` are its last two values."""
    decay = math.exp(-math.pi * _BANDWIDTH_HZ / _RATE)
    value = excitation + 2 * decay * math.cos(math.tau * hz / _RATE) * memory[0] - decay * decay * memory[1]
    memory[:] = value, memory[0]
    return value
