"""The check for one emoji, with texts that are none or several."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.emoji import is_emoji

ONE = [
    "🌱",
    "❤",
    "❤️",
    "☂️",
    "©️",
    "4️⃣",
    "*⃣",
    "🇳🇴",
    "👍🏽",
    "🏳️‍🌈",
    "🏴‍☠️",
    "👩🏽‍⚕️",
    "👨‍👩‍👧‍👦",
    "❤️‍🔥",
    "🧑🏿‍🤝‍🧑🏻",
    "🛜",
    "🫩",
    "㊙️",
    "‼️",
]
ONE += ["\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"]
"""The last is England's flag, which is written with tags."""
NONE = [
    "",
    "abc",
    "a",
    "4",
    "#",
    "é",
    "漢",
    "🇳",
    "😀😀",
    "🇳🇴🇸🇪",
    "😀a",
    " 😀",
    "😀 ",
    ":smile:",
    "<:name:123>",
    "\u200d",
    "\ufe0f",
]
NONE += ["😀\u200d", "\u200d😀", "🏽‍", "★", "①", "→", "♩", "\U0001f000"]


@pytest.mark.parametrize("text", ONE)
def test_one_emoji_is_one(text: str) -> None:
    assert is_emoji(text)


@pytest.mark.parametrize("text", NONE)
def test_anything_else_is_none(text: str) -> None:
    assert not is_emoji(text)


@given(st.text(st.characters(categories=["L", "N", "Z", "C"]), min_size=1))
def test_letters_numbers_and_blanks_are_none(text: str) -> None:
    # What Unicode has not assigned yet may be an emoji one day.
    if all(unicodedata.category(letter) != "Cn" for letter in text):
        assert not is_emoji(text)
