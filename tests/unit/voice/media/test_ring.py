"""The ring of a stream: what is sent again, and what is asked for."""

from voice.media.passing import Codec, Passing
from voice.media.ring import Ring


def passing(number: int) -> Passing:
    """A packet of video."""
    return Passing(codec=Codec.VP8, marker=False, number=number, timestamp=0, ssrc=1, payload=b"")


def test_the_newest_are_kept() -> None:
    ring = Ring()
    assert ring.find(0) is None
    for number in range(1000):
        assert not ring.add(passing(number))
    found = [number for number in range(-10, 1010) if (kept := ring.find(number)) is not None and kept.number == number]
    assert found == list(range(1000 - 512, 1000))


def test_gaps_are_asked_for_until_they_are_filled_and_not_for_ever() -> None:
    ring = Ring()
    ring.add(passing(10))
    assert ring.add(passing(13))
    assert list(ring.take_missing()) == [11, 12]
    assert not ring.add(passing(11))
    assert [list(ring.take_missing()) for _ in range(5)] == [[12], [12], [12], [], []]


def test_a_long_gap_is_left_to_a_keyframe() -> None:
    ring = Ring()
    ring.add(passing(10))
    ring.add(passing(12))
    assert not ring.add(passing(100))
    assert list(ring.take_missing()) == []


def test_what_is_only_kept_is_not_asked_for() -> None:
    ring = Ring(8)
    for number in (1, 20, 22):
        ring.keep(passing(number))
    assert [number for number in range(30) if ring.find(number) is not None] == [1, 20, 22]
    assert list(ring.take_missing()) == []
    ring.keep(passing(30))
    assert ring.find(22) is None
