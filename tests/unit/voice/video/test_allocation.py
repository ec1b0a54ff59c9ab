"""Who gets which layer when not all fit."""

from hypothesis import given
from hypothesis import strategies as st

from core_ext.media import NOTHING
from voice.video.allocation import Wish, allocate
from voice.video.downlink import UNLIMITED

LAYERS = (100.0, 300.0, 1000.0)


def wish(ssrc: int, rates: tuple[float, ...] = LAYERS, *, most: int = 2, current: int = 2) -> Wish:
    return Wish(ssrc, rates, most, current)


def test_everybody_is_large_where_nothing_is_limited() -> None:
    assert allocate(UNLIMITED, [wish(1), wish(2, (50.0,))]) == {1: 2, 2: 0}


def test_small_pictures_of_all_go_before_a_large_one() -> None:
    assert allocate(200, [wish(1), wish(2)]) == {1: 0, 2: 0}
    assert allocate(400, [wish(1), wish(2)]) == {1: 1, 2: 0}
    assert allocate(1100, [wish(1), wish(2)]) == {1: 1, 2: 1}
    assert allocate(1300, [wish(1), wish(2)]) == {1: 2, 2: 1}


def test_those_who_matter_most_are_seen_when_not_all_fit() -> None:
    assert allocate(150, [wish(1), wish(2), wish(3, (40.0,))]) == {1: 0, 2: NOTHING, 3: 0}
    assert allocate(50, [wish(1)]) == {1: NOTHING}


def test_what_is_not_shown_is_not_sent_and_gives_room() -> None:
    assert allocate(1000, [wish(1, most=NOTHING), wish(2)]) == {1: NOTHING, 2: 2}
    assert allocate(1000, [wish(1, most=0), wish(2, most=1)]) == {1: 0, 2: 1}


def test_larger_layer_must_fit_with_something_to_spare_smaller_one_not() -> None:
    assert allocate(1000, [wish(1, current=1)]) == {1: 1}
    assert allocate(1150, [wish(1, current=1)]) == {1: 2}
    assert allocate(1000, [wish(1, current=2)]) == {1: 2}


def test_layers_that_are_not_sent_are_passed_over() -> None:
    assert allocate(UNLIMITED, [wish(1, (100.0, 0.0, 0.0))]) == {1: 0}
    assert allocate(UNLIMITED, [wish(1, (0.0, 300.0, 0.0))]) == {1: 1}
    assert allocate(UNLIMITED, [wish(1, (100.0, 0.0, 1000.0))]) == {1: 2}
    assert allocate(UNLIMITED, [wish(1, (0.0, 300.0, 1000.0), most=0)]) == {1: 1}


def test_camera_that_has_just_begun_is_wanted() -> None:
    assert allocate(100, [wish(1, (0.0, 0.0, 0.0), current=NOTHING)]) == {1: 0}


rates = st.lists(st.floats(0, 2000), min_size=1, max_size=3)
wishes = st.lists(st.tuples(rates, st.integers(-1, 2), st.integers(-1, 2)), max_size=8)


@given(limit=st.floats(0, 5000), given_wishes=wishes)
def test_it_fits_and_nobody_gets_more_than_wanted(
    limit: float, given_wishes: list[tuple[list[float], int, int]]
) -> None:
    made = [Wish(ssrc, each, most, current) for ssrc, (each, most, current) in enumerate(given_wishes)]
    layers = allocate(limit, made)
    assert layers.keys() == {each.ssrc for each in made}
    assert sum(each.rates_bps[layers[each.ssrc]] for each in made if layers[each.ssrc] >= 0) <= limit + 1e-6
    for each in made:
        least = next((layer for layer, rate in enumerate(each.rates_bps) if rate), 0)
        assert NOTHING <= layers[each.ssrc] <= (max(each.most, least) if each.most >= 0 else NOTHING)
        assert layers[each.ssrc] < len(each.rates_bps)
