"""What is lost of a stream is counted by the gaps of its numbers."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.measures.sound import Sound, SoundStream, add_up


def _hear(*sequences: int) -> Sound:
    sound = Sound()
    stream = SoundStream(sound)
    for sequence in sequences:
        stream.note(sequence)
    return sound


@pytest.mark.parametrize(
    ("sequences", "received", "lost", "repeated"),
    [
        ((), 0, 0, 0),
        ((7, 8, 9), 3, 0, 0),
        ((7, 10), 2, 2, 0),
        ((7, 9, 8, 10), 4, 0, 0),
        ((7, 8, 8, 9), 3, 0, 1),
        ((7, 9, 8, 8), 3, 0, 1),
        ((65_534, 65_535, 0, 1), 4, 0, 0),
        ((65_534, 2), 2, 3, 0),
        ((1, 0, 1), 1, 0, 2),
        ((7, 9, 200, 8), 3, 191, 0),
        ((7, 40_000, 40_001), 3, 0, 0),
        ((40_000, 7, 8), 3, 0, 0),
    ],
    ids=["silence", "whole", "gap", "overtaken", "repeat", "late repeat", "round", "gap round", "before the first",
         "too late", "begun anew ahead", "begun anew behind"],
)  # fmt: skip
def test_note_counts(sequences: tuple[int, ...], received: int, lost: int, repeated: int) -> None:
    sound = _hear(*sequences)
    assert (sound.received, sound.lost, sound.repeated) == (received, lost, repeated)


@given(st.integers(0, 65_535), st.sets(st.integers(1, 200)), st.integers(0, 40), st.randoms(use_true_random=False))
def test_note_loses_exactly_what_does_not_come(
    first: int, missing: set[int], most_late: int, source: random.Random
) -> None:
    numbers = [number for number in range(1, 201) if number not in missing]
    numbers.sort(key=lambda number: number + source.randint(0, most_late))  # overtaken by fewer than are waited for
    sound = _hear(*((first + number) % 65_536 for number in (0, *numbers)))
    newest = max(numbers, default=0)
    assert (sound.received, sound.repeated) == (len(numbers) + 1, 0)
    assert sound.lost == sum(number < newest for number in missing)


def test_note_says_which_packets_are_new() -> None:
    stream = SoundStream(Sound())
    assert [stream.note(number) for number in (5, 6, 6, 9, 8, 8)] == [True, True, False, True, True, False]


def test_loss_is_the_part_of_what_was_expected() -> None:
    assert Sound().loss == 0
    assert Sound(received=3, lost=1).loss == 0.25


def test_add_up_sums_processes() -> None:
    sounds = [Sound(1, 2, 3, 4), Sound(10, 20, 30, 40)]
    assert add_up(sounds) == Sound(11, 22, 33, 44)
    assert sounds[0] == Sound(1, 2, 3, 4)
