"""One browser's view of a camera: one stream without gaps, whatever layer is sent."""

from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core_ext.media.vp8_py import parse_vp8
from tests.unit.core_ext.twins import assert_alike, each, implementations_of, sibling_of

SMALL, LARGE = 0, 1
TICKS = 3000


def make(
    module: ModuleType, number: int, layer: int = SMALL, *, came_s: float = 0.0, key: bool = False, picture: int = 0
) -> Any:
    """A packet, which is a picture. Each layer has timestamps of its own."""
    payload = b"\x90\xc0" + (0x8000 | picture).to_bytes(2, "big") + bytes([picture & 0xFF]) + (b"\0" if key else b"\1")
    vp8 = parse_vp8(payload)
    passing = sibling_of(module, "passing")
    return passing.Passing(
        codec="VP8",
        marker=True,
        number=number,
        timestamp=number * TICKS + layer * 1_000_000,
        ssrc=5,
        payload=payload,
        picture=passing.Picture(layer, came_s, is_keyframe=key, vp8=vp8),
    )


def numbers(chosen: Any) -> tuple[int, int, int]:
    """What the browser sees: number, timestamp and number of the picture."""
    assert chosen is not None
    assert chosen.picture is not None
    vp8 = parse_vp8(chosen.payload)
    assert vp8 is not None
    assert (vp8.picture, vp8.layer) == (chosen.picture.vp8.picture, chosen.picture.vp8.layer)
    return chosen.number, chosen.timestamp, vp8.picture


@pytest.mark.parametrize("module", each("views"))
def test_stream_that_never_changes_is_passed_as_it_is(module: ModuleType) -> None:
    view = module.View()
    packet = make(module, 100)
    assert view.choose(packet) is packet
    assert view.choose(make(module, 101, LARGE)) is None
    late = make(module, 105)
    assert view.choose(late) is late
    early = make(module, 103)
    assert view.choose(early) is early
    assert view.choose(make(module, 99)) is None
    assert view.find(104) == (SMALL, 104)


@pytest.mark.parametrize("module", each("views"))
def test_change_waits_for_a_keyframe_and_goes_on_without_a_gap(module: ModuleType) -> None:
    view = module.View()
    view.choose(make(module, 100, picture=7))
    view.wanted = LARGE
    assert view.waits
    assert view.choose(make(module, 900, LARGE, came_s=0.1, picture=300)) is None
    assert numbers(view.choose(make(module, 101, came_s=0.1, picture=8)))[0] == 101
    first = numbers(view.choose(make(module, 901, LARGE, came_s=0.2, key=True, picture=301)))
    assert first == (102, 101 * TICKS + 9000, 9)
    assert not view.waits
    assert numbers(view.choose(make(module, 902, LARGE, came_s=0.3, picture=302))) == (103, first[1] + TICKS, 10)
    assert view.choose(make(module, 102, came_s=0.3, picture=9)) is None, "the layer before is over"
    assert numbers(view.choose(make(module, 101, came_s=0.3, picture=8)))[0] == 101, "but what comes late is passed on"
    assert view.choose(make(module, 900, LARGE, picture=300)) is None, "and nothing of before the keyframe"
    assert (view.find(101), view.find(102), view.find(103)) == ((SMALL, 101), (LARGE, 901), (LARGE, 902))
    assert view.time_shift == (first[1] - 901 * TICKS - 1_000_000) % (1 << 32)


@pytest.mark.parametrize("module", each("views"))
def test_what_is_sent_again_has_the_numbers_that_it_had(module: ModuleType) -> None:
    view = module.View()
    view.choose(make(module, 100, picture=7))
    view.wanted = LARGE
    packet = make(module, 901, LARGE, came_s=0.2, key=True, picture=301)
    sent = numbers(view.choose(packet))
    again = view.repeat(packet)
    assert numbers(again) == sent
    assert again is not None
    assert again.picture is not None
    assert again.picture.came_s == 0.2, "one number has one packet, bit by bit"
    assert view.repeat(make(module, 5000, LARGE)) is None


@pytest.mark.parametrize("module", each("views"))
def test_pause_begins_at_once_and_ends_with_a_keyframe(module: ModuleType) -> None:
    view = module.View()
    view.choose(make(module, 100, picture=7))
    view.pause()
    assert not view.waits
    assert view.choose(make(module, 101)) is None
    view.wanted = SMALL
    assert view.waits
    assert view.choose(make(module, 190, came_s=3, picture=97)) is None
    assert numbers(view.choose(make(module, 191, came_s=3, key=True, picture=98))) == (101, 191 * TICKS, 8)


@pytest.mark.parametrize("module", each("views"))
def test_long_gap_is_closed(module: ModuleType) -> None:
    view = module.View()
    view.choose(make(module, 100))
    assert numbers(view.choose(make(module, 100_000)))[0] == 101
    assert view.choose(make(module, 99_999)) is None


@pytest.mark.parametrize("module", each("views"))
def test_first_layer_is_the_one_that_is_wanted(module: ModuleType) -> None:
    view = module.View()
    view.wanted = LARGE
    assert view.choose(make(module, 1, SMALL, key=True)) is None
    assert view.choose(make(module, 1, LARGE)) is not None


steps = st.lists(
    st.tuples(st.integers(0, 2), st.integers(-3, 4), st.booleans(), st.sampled_from([-1, 0, 1, 2, None])), max_size=80
)


@pytest.mark.parametrize("module", each("views"))
@given(steps)
def test_numbers_never_repeat_and_belong_to_one_packet(
    module: ModuleType, steps: list[tuple[int, int, bool, int | None]]
) -> None:
    view, newest, seen, now_s = module.View(), [1000, 5000, 9000], {}, 0.0
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
        packet = make(module, number, layer, came_s=now_s, key=key, picture=number % 0x8000)
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


@given(steps)
def test_any_packets_are_seen_alike(steps: list[tuple[int, int, bool, int | None]]) -> None:
    assert_alike([show(module, steps) for module in implementations_of("views")])


def show(module: ModuleType, steps: list[tuple[int, int, bool, int | None]]) -> list[object]:
    """What two viewers get, one of whom changes what it wants, and of whom one has no address at times."""
    receivers = [Place(), Place(), Place()]
    views: list[dict[int, Any]] = [{}, {}, {}]
    viewers = [(("form", number % 2), receiver, views[number]) for number, receiver in enumerate(receivers)]
    shown: list[object] = []
    for at, (layer, ahead, key, wanted) in enumerate(steps):
        receivers[1].address = "there" if at % 3 else None
        view = views[0].get(5)
        if view is not None and wanted is not None and wanted >= 0:
            view.wanted = wanted
        packet = make(module, 1000 * (layer + 1) + at + ahead, layer, came_s=at * 0.03, key=key, picture=at)
        for form, alike, chosen in module.choose_each(viewers, packet, receivers[2]):
            numbers = chosen.number, chosen.timestamp, chosen.payload
            shown.append((form, [receivers.index(one) for one in alike], numbers, chosen is packet))
        shown += [
            (view.current, view.bytes_passed, view.waits, view.find(packet.number), view.time_shift)
            for view in (seen.get(5) for seen in views)
            if view is not None
        ]
    assert not views[2], "the one who films does not see itself"
    return shown


class Place:
    """A receiver."""

    address: str | None = "here"
