"""One browser's view of a camera: one stream without gaps, whatever layer is sent."""

from hypothesis import given
from hypothesis import strategies as st

from voice.media.passing import Codec, Passing, Picture
from voice.packets.vp8 import parse_vp8
from voice.video.view import View

SMALL, LARGE = 0, 1
TICKS = 3000


def make(number: int, layer: int = SMALL, *, came_s: float = 0.0, key: bool = False, picture: int = 0) -> Passing:
    """A packet, which is a picture. Each layer has timestamps of its own."""
    payload = b"\x90\xc0" + (0x8000 | picture).to_bytes(2, "big") + bytes([picture & 0xFF]) + (b"\0" if key else b"\1")
    vp8 = parse_vp8(payload)
    return Passing(
        codec=Codec.VP8,
        marker=True,
        number=number,
        timestamp=number * TICKS + layer * 1_000_000,
        ssrc=5,
        payload=payload,
        picture=Picture(layer, came_s, key, vp8),
    )


def numbers(chosen: Passing | None) -> tuple[int, int, int]:
    """What the browser sees: number, timestamp and number of the picture."""
    assert chosen is not None
    assert chosen.picture is not None
    vp8 = parse_vp8(chosen.payload)
    assert vp8 is not None
    assert vp8 == chosen.picture.vp8
    return chosen.number, chosen.timestamp, vp8.picture


def test_stream_that_never_changes_is_passed_as_it_is() -> None:
    view = View()
    packet = make(100)
    assert view.choose(packet) is packet
    assert view.choose(make(101, LARGE)) is None
    late = make(105)
    assert view.choose(late) is late
    early = make(103)
    assert view.choose(early) is early
    assert view.choose(make(99)) is None
    assert view.find(104) == (SMALL, 104)


def test_change_waits_for_a_keyframe_and_goes_on_without_a_gap() -> None:
    view = View()
    view.choose(make(100, picture=7))
    view.wanted = LARGE
    assert view.waits
    assert view.choose(make(900, LARGE, came_s=0.1, picture=300)) is None
    assert numbers(view.choose(make(101, came_s=0.1, picture=8)))[0] == 101
    first = numbers(view.choose(make(901, LARGE, came_s=0.2, key=True, picture=301)))
    assert first == (102, 101 * TICKS + 9000, 9)
    assert not view.waits
    assert numbers(view.choose(make(902, LARGE, came_s=0.3, picture=302))) == (103, first[1] + TICKS, 10)
    assert view.choose(make(102, came_s=0.3, picture=9)) is None, "the layer before is over"
    assert numbers(view.choose(make(101, came_s=0.3, picture=8)))[0] == 101, "but what comes late is passed on"
    assert view.choose(make(900, LARGE, picture=300)) is None, "and nothing of before the keyframe"
    assert (view.find(101), view.find(102), view.find(103)) == ((SMALL, 101), (LARGE, 901), (LARGE, 902))
    assert view.time_shift == (first[1] - 901 * TICKS - 1_000_000) % (1 << 32)


def test_what_is_sent_again_has_the_numbers_that_it_had() -> None:
    view = View()
    view.choose(make(100, picture=7))
    view.wanted = LARGE
    packet = make(901, LARGE, came_s=0.2, key=True, picture=301)
    sent = numbers(view.choose(packet))
    again = view.repeat(packet, 9.0)
    assert numbers(again) == sent
    assert again is not None
    assert again.picture is not None
    assert again.picture.came_s == 9.0
    assert view.repeat(make(5000, LARGE), 9.0) is None


def test_pause_begins_at_once_and_ends_with_a_keyframe() -> None:
    view = View()
    view.choose(make(100, picture=7))
    view.pause()
    assert not view.waits
    assert view.choose(make(101)) is None
    view.wanted = SMALL
    assert view.waits
    assert view.choose(make(190, came_s=3, picture=97)) is None
    assert numbers(view.choose(make(191, came_s=3, key=True, picture=98))) == (101, 191 * TICKS, 8)


def test_long_gap_is_closed() -> None:
    view = View()
    view.choose(make(100))
    assert numbers(view.choose(make(100_000)))[0] == 101
    assert view.choose(make(99_999)) is None


def test_first_layer_is_the_one_that_is_wanted() -> None:
    view = View()
    view.wanted = LARGE
    assert view.choose(make(1, SMALL, key=True)) is None
    assert view.choose(make(1, LARGE)) is not None


steps = st.lists(
    st.tuples(st.integers(0, 2), st.integers(-3, 4), st.booleans(), st.sampled_from([-1, 0, 1, 2, None])), max_size=80
)


@given(steps)
def test_numbers_never_repeat_and_belong_to_one_packet(steps: list[tuple[int, int, bool, int | None]]) -> None:
    view, newest, seen, now_s = View(), [1000, 5000, 9000], {}, 0.0
    highest = -1
    for layer, ahead, key, wanted in steps:
        now_s += 0.03
        if wanted is not None:
            if wanted < 0:
                view.pause()
            else:
                view.wanted = wanted
        number = newest[layer] + ahead
        newest[layer] = max(newest[layer], number)
        packet = make(number, layer, came_s=now_s, key=key, picture=number % 0x8000)
        before = view.current
        chosen = view.choose(packet)
        if chosen is None:
            continue
        assert seen.setdefault(chosen.number, (layer, number)) == (layer, number)
        assert view.find(chosen.number) == (layer, number)
        if view.current != before and len(seen) > 1:
            assert key
            assert chosen.number == highest + 1
        highest = max(highest, chosen.number)
