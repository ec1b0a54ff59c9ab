"""The numbers under which a browser gets a stream: no gap is ever too long for its keys."""

from hypothesis import given
from hypothesis import strategies as st

from voice.webrtc.numbering import Numbering


def test_short_gaps_are_kept_and_long_ones_closed() -> None:
    numbering = Numbering()
    assert [numbering.take(1, number) for number in (5000, 5002, 5001, 95_000, 95_001, 94_999, 5003)] == [
        5000, 5002, 5001, 5003, 5004, 5002, None,
    ]  # fmt: skip
    assert numbering.take(2, 70_000) == 70_000 - 65_536


@given(gaps=st.lists(st.integers(1, 100_000), min_size=1, max_size=30), behind=st.integers(0, 400))
def test_numbers_are_found_again(gaps: list[int], behind: int) -> None:
    numbering, number, before = Numbering(), 10_000, None
    for gap in gaps:
        number += gap
        sequence = numbering.take(1, number)
        assert sequence is not None
        assert before is None or 0 < (sequence - before) % 65_536 <= 3000
        before = sequence
    assert before is not None
    assert numbering.find(1, (before - behind) % 65_536) == number - behind
    assert numbering.find(2, before) is None
    numbering.forget(1)
    assert numbering.find(1, before) is None
