"""Stamps."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.measures.stamp import Stamp, make_stamp, read_machine, read_stamp


@given(st.text(max_size=20), st.integers(0, 10**9), st.integers(0, 2**62))
def test_read_stamp_after_any_text_gives_it_back(text: str, number: int, sent_ns: int) -> None:
    stamp = Stamp("machine", "12-34", number, sent_ns)
    assert read_stamp(f"{text} {stamp.encode()}") == stamp


@pytest.mark.parametrize("text", ["", "hello", "⟦⟧", "⟦a.b.c.d⟧", "⟦a.b.1.2⟧ and more", "⟦a.b.1⟧"])
def test_read_stamp_without_one_gives_none(text: str) -> None:
    assert read_stamp(text) is None


def test_make_stamp_is_of_now_and_this_machine() -> None:
    first, second = (make_stamp(read_machine(), "me", number) for number in (1, 2))
    assert first.machine == second.machine != ""
    assert first.sent_ns <= second.sent_ns
