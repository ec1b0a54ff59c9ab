"""The numbers of many sessions at one moment: those that have changed since the moment before, and no others."""

import struct
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.core_ext.delivery.delivery_bench import Bench, Body
from tests.unit.core_ext.twins import each, implementations_of

both = pytest.mark.parametrize("module", each("delivery"))
UNKNOWN = b"\xff" * 4


def pairs(packed: bytes) -> list[tuple[int, int]]:
    return list(struct.iter_unpack("=II", packed))


@both
def test_changed_numbers_come_once_and_gaps_are_skipped(module: ModuleType) -> None:
    bench = Bench(module)
    tracks = [bench.make_track(), None, bench.make_track(seq=7), bench.make_track()]
    noted = bytearray(16)
    assert pairs(module.collect_seqs(tracks, noted)) == [(2, 7)]
    tracks[0].push(Body(b"x"))
    tracks[2].push(Body(b"x"))
    assert pairs(module.collect_seqs(tracks, noted)) == [(0, 1), (2, 8)]
    assert module.collect_seqs(tracks, noted) == b""


@both
def test_unknown_numbers_are_told_whatever_they_are(module: ModuleType) -> None:
    bench = Bench(module)
    tracks = [bench.make_track(), bench.make_track(seq=(1 << 31) - 1)]
    assert pairs(module.collect_seqs(tracks, bytearray(UNKNOWN * 2))) == [(0, 0), (1, (1 << 31) - 1)]


@both
@pytest.mark.parametrize("size", [0, 7, 12])
def test_notes_of_another_size_are_refused(module: ModuleType, size: int) -> None:
    bench = Bench(module)
    with pytest.raises(ValueError, match="four bytes"):
        module.collect_seqs([bench.make_track(), None], bytearray(size))


@both
def test_other_objects_than_tracks_are_refused(module: ModuleType) -> None:
    with pytest.raises((TypeError, AttributeError)):
        module.collect_seqs([object()], bytearray(4))


@given(st.lists(st.lists(st.integers(0, 7)), max_size=6))
def test_numbers_that_are_collected_add_up_to_those_of_the_tracks(rounds: list[list[int]]) -> None:
    told = []
    for module in implementations_of("delivery"):
        bench = Bench(module)
        tracks = [bench.make_track() for _ in range(8)]
        noted, known, answers = bytearray(32), dict.fromkeys(range(8), 0), []
        for pushed in rounds:
            for place in pushed:
                tracks[place].push(Body(b"x"))
            answers.append(module.collect_seqs(tracks, noted))
            known |= dict(pairs(answers[-1]))
            assert known == {place: track.seq for place, track in enumerate(tracks)}
        told.append(answers)
    assert told[0] == told[1]
