"""Texts of previews, made of what strangers write."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.services.previews.preview_texts import clean_line, clean_lines, parse_color, parse_side


def test_line_is_one_line_without_controls() -> None:
    assert clean_line(" a\n\tb\x00c \u202ed\u2067e ", 50) == "a b c d e"


def test_lines_stay_and_empty_ones_go() -> None:
    assert clean_lines("  a  b \r\n\r\n \n c\rd ", 50) == "a b\nc\nd"


def test_long_text_ends_in_an_ellipsis() -> None:
    assert clean_line("word " * 100, 11) == "word word…"


@given(st.text(st.characters(), max_size=80), st.integers(1, 60))
def test_text_is_within_its_bound_and_can_be_encoded(text: str, max_length: int) -> None:
    for cleaned in (clean_line(text, max_length), clean_lines(text, max_length)):
        assert len(cleaned) <= max_length
        assert "\0" not in cleaned
        cleaned.encode()


@pytest.mark.parametrize(
    ("text", "color"),
    [("#a0b1c2", 0xA0B1C2), ("#abc", 0xAABBCC), (" #FFFFFF80 ", 0xFFFFFF), ("#000", 0)],
)
def test_color_is_its_number(text: str, color: int) -> None:
    assert parse_color(text) == color


@pytest.mark.parametrize("text", ["", "red", "#12", "#12345", "#ggg", "rgb(1,2,3)"])
def test_other_color_is_not_read(text: str) -> None:
    assert parse_color(text) is None


@pytest.mark.parametrize(
    ("text", "side"),
    [("640", 640), (" 640px ", 640), ("0", None), ("-1", None), ("1e3", None), ("9" * 6, None), ("²", None)],
)
def test_side_is_a_number_of_pixels(text: str, side: int | None) -> None:
    assert parse_side(text) == side
