"""Texts: their cleaning and their measure."""

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain import texts
from core.domain.errors import Invalid
from core.domain.texts import Kind, Text, compose

DEFINITIONS = [value for value in vars(texts).values() if isinstance(value, Text)]
CLEANED = [definition for definition in DEFINITIONS if definition.kind is not Kind.MESSAGE]

awkward = st.text(
    st.one_of(
        st.characters(exclude_categories=["Cs"]),
        st.sampled_from(" \t\n\r\x0b\x85\u2028\u200b\u200d\u200f\u202e\u2066\ufeff\u3164\ufe0f\u0301eE\U000e0020"),
    ),
    max_size=40,
)


@pytest.mark.parametrize(
    ("definition", "written", "kept"),
    [
        (texts.GUILD_NAME, "  The Gardeners\n", "The Gardeners"),
        (texts.GUILD_NAME, "The\u202e Gar\u200fdeners\u2069", "The Gardeners"),
        (texts.GUILD_NAME, "two\r\nlines", "two lines"),
        (texts.GUILD_NAME, "Cafe\u0301", "Caf\u00e9"),
        (texts.GUILD_NAME, "Cafe\u200e\u0301", "Caf\u00e9"),
        (texts.GUILD_NAME, "ad\u200bmin\ufeff", "admin"),
        (texts.NICK, "a   b\t\tc", "a b c"),
        (texts.NICK, "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0001f468\u200d\U0001f469\u200d\U0001f467"),
        (texts.NICK, "\u0646\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "\u0646\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"),
        (texts.BIO, " one\r\n\n  two\x07\u202e ", "one\n\n  two"),
        (texts.MESSAGE_CONTENT, " a\u202eb\n\u200b ", "a\u202eb\n\u200b"),
    ],
)  # fmt: skip
def test_clean_takes_out_what_nobody_sees(definition: Text, written: str, kept: str) -> None:
    assert definition.clean(written) == kept


@pytest.mark.parametrize(
    "blank", ["", " ", "\u3000\n", "\u200b\u200d", "\u3164", "\u2800 \u2800", "\ufe0f", "\u202e\u202e"]
)
def test_clean_blanks_are_nothing(blank: str) -> None:
    for definition in CLEANED:
        assert definition.clean(blank) == ""


@pytest.mark.parametrize(
    ("definition", "written", "code", "message"),
    [
        (texts.GUILD_NAME, "  \u3164 ", "BASE_TYPE_REQUIRED", "This field is required"),
        (texts.GUILD_NAME, " x ", "BASE_TYPE_BAD_LENGTH", "Must be between 2 and 100 in length."),
        (texts.GUILD_NAME, "x" * 101, "BASE_TYPE_BAD_LENGTH", "Must be between 2 and 100 in length."),
        (texts.NICK, "x" * 33, "BASE_TYPE_MAX_LENGTH", "Must be 32 or fewer in length."),
        (texts.MESSAGE_CONTENT, "x" * 2001, "BASE_TYPE_MAX_LENGTH", "Must be 2000 or fewer in length."),
    ],
)
def test_parse_says_what_is_wrong(definition: Text, written: str, code: str, message: str) -> None:
    with pytest.raises(Invalid) as caught:
        definition.parse(written, "name")
    [error] = caught.value.fields
    assert (error.path, error.code, error.message) == (("name",), code, message)


def test_parse_measures_what_is_kept_in_code_points() -> None:
    assert texts.GUILD_NAME.parse(" " + "\U0001f333" * 100 + " ") == "\U0001f333" * 100
    assert len(texts.NICK.parse("e\u0301" * 32)) == 32


@given(written=awkward, definition=st.sampled_from(CLEANED))
def test_clean_gives_the_same_again_and_nothing_unseen(written: str, definition: Text) -> None:
    kept = definition.clean(written)
    assert definition.clean(kept) == kept == kept.strip()
    assert unicodedata.is_normalized("NFC", kept)
    allowed = "\n\t" if definition.kind is Kind.LINES else ""
    assert not [char for char in kept if unicodedata.category(char) == "Cc" and char not in allowed]
    assert not [
        char
        for char in kept
        if unicodedata.bidirectional(char) in ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
    ]
    if definition.kind is Kind.NAME:
        assert "  " not in kept


@given(written=st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=20))
def test_clean_leaves_letters_and_digits(written: str) -> None:
    kept = texts.BIO.clean(written)
    assert kept in (unicodedata.normalize("NFC", written), "")


@pytest.mark.parametrize("marks", ["\u0315\u0300", "\u0300\u0316", "\u0344"])
def test_text_of_nothing_but_marks_is_measured_quickly(marks: str) -> None:
    began = time.process_time()
    for definition in CLEANED:
        for length in (4 * definition.max_length, 300_000):
            definition.clean("a" + marks * (length // len(marks)))
    compose("a" + marks * 10_000)
    assert time.process_time() - began < 5  # it takes a fifth of that; quadratic time would be minutes


def test_letter_keeps_thirty_marks() -> None:
    assert compose("x" + "\u0316" * 40 + "e\u0301") == "x" + "\u0316" * 30 + "\u00e9"


@given(text=st.text(st.sampled_from("ae\u0301\u0316\u0315\u0344\u1f82"), max_size=200))
def test_composition_is_unicodes_and_is_done_once(text: str) -> None:
    composed = compose(text)
    assert compose(composed) == composed
    assert unicodedata.is_normalized("NFC", composed)
    if len(text) <= 30:
        assert composed == unicodedata.normalize("NFC", text)


@given(text=st.text(max_size=30))
def test_text_that_is_not_composed_is_too_long_in_any_case(text: str) -> None:
    assert len(text) <= 4 * len(unicodedata.normalize("NFC", text))
