"""The quality of a stream over its life."""

from types import ModuleType
from typing import Any

import pytest

from tests.unit.core_ext.twins import each

pytestmark = pytest.mark.parametrize("module", each("streams"))


def hear(quality: Any, sequences: list[int]) -> None:
    """Begin, and count packets."""
    quality.begin(sequences[0])
    for sequence in sequences:
        quality.note(sequence)


def test_worst_window_counts_also_when_better_ones_follow(module: ModuleType) -> None:
    quality = module.Quality()
    hear(quality, [n for n in range(1000) if not 300 <= n < 400])
    assert quality.peak_loss == pytest.approx(0.4)


def test_overtaken_packets_are_not_lost(module: ModuleType) -> None:
    quality = module.Quality()
    hear(quality, [0, *(n + 1 if n % 2 else n - 1 for n in range(2, 1000))])
    assert quality.peak_loss == pytest.approx(0, abs=0.01)


def test_few_packets_say_nothing_and_a_last_part_says_something(module: ModuleType) -> None:
    quality = module.Quality()
    hear(quality, list(range(49)))
    assert quality.peak_loss is None
    quality.begin(5000)
    for sequence in range(5000, 5100, 2):
        quality.note(sequence)
    assert quality.peak_loss == pytest.approx(0.495, abs=0.01)


def test_round_trips_are_summed(module: ModuleType) -> None:
    quality = module.Quality()
    quality.note_rtt(0.25)
    quality.note_rtt(0.5)
    assert quality.rtts == (0.75, 2)
