"""Halves of surrogate pairs are replaced, and nothing else is."""

import json

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.wire.lone_surrogates import replace_lone_surrogates

PARTS = [
    r"\ud83d",
    r"\uD83D",
    r"\ude00",
    r"\uDE00",
    r"\udbff\udc00",
    r"\\",
    r"\"",
    r"\n",
    r"\u0041",
    "ud83d",
    "é",
    "😀",
    " ",
]
"""The pieces of texts. One after another, halves meet their other half or not."""


def replaced_by_python(text: str) -> str:
    """Python keeps a half, as any other code point."""
    return "".join("\N{REPLACEMENT CHARACTER}" if "\ud800" <= letter <= "\udfff" else letter for letter in text)


@example([r"\\", "ud83d"])
@example([r"\ud83d", r"\ud83d", r"\ude00"])
@example([r"\\", r"\ud83d"])
@given(st.lists(st.sampled_from(PARTS), max_size=8))
def test_replaced_json_is_what_python_reads_with_halves_replaced(parts: list[str]) -> None:
    written = '"' + "".join(parts) + '"'
    read = msgspec.json.decode(replace_lone_surrogates(written.encode()))
    assert read == replaced_by_python(json.loads(written))


@given(
    st.recursive(st.text() | st.text(st.characters(categories=["Cs"])), lambda inner: st.dictionaries(st.text(), inner))
)
def test_anything_that_was_written_with_escapes_can_be_read(value: object) -> None:
    written = json.dumps(value)
    wanted = json.loads(replaced_by_python(json.dumps(json.loads(written), ensure_ascii=False)))
    assert msgspec.json.decode(replace_lone_surrogates(written.encode())) == wanted


@pytest.mark.parametrize(
    "payload",
    [
        b"{}",
        rb'"\ud83d\ude00"',
        rb'"\\ud83d"',
        "😀".encode(),
        b'"\xed\xa0\x80"',
        rb'"\u00e9 \udzzz"',
        rb'"\ud83"',
        b"\\",
    ],
)
def test_what_holds_no_half_is_the_same_object(payload: bytes) -> None:
    assert replace_lone_surrogates(payload) is payload
