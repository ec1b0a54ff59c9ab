"""The outbox: what is kept, what is sent again, and what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.links.outbox import Outbox, UnknownNumber


def fill(*frames: bytes) -> Outbox:
    outbox = Outbox()
    for frame in frames:
        outbox.put(frame)
    return outbox


def test_frames_are_taken_in_order_with_the_number_of_the_first() -> None:
    outbox = fill(b"a", b"b", b"c")

    assert outbox.take(2) == (1, [b"a", b"b"])
    assert outbox.take(2) == (3, [b"c"])
    assert not outbox.has_waiting


def test_a_frame_that_is_too_large_is_taken_alone() -> None:
    outbox = fill(bytes(10), b"a")

    assert outbox.take(4) == (1, [bytes(10)])
    assert outbox.take(4) == (2, [b"a"])


def test_put_tells_the_bytes_of_all_that_is_kept() -> None:
    outbox = fill(b"abc")
    outbox.take(100)

    assert outbox.put(b"de") == 5
    assert (outbox.size_bytes, outbox.under_way_bytes) == (5, 3)
    outbox.acknowledge(1)
    assert (outbox.size_bytes, outbox.under_way_bytes) == (2, 0)


def test_a_rewind_sends_again_what_has_not_arrived() -> None:
    outbox = fill(b"a", b"b", b"c", b"d")
    outbox.take(3)

    assert outbox.rewind(1) == 2

    assert outbox.take(100) == (2, [b"b", b"c", b"d"])


def test_an_acknowledgement_of_an_earlier_wire_counts_after_a_rewind() -> None:
    outbox = fill(b"a", b"b", b"c")
    outbox.take(100)
    outbox.rewind(0)

    outbox.acknowledge(2)

    assert outbox.take(100) == (3, [b"c"])


@pytest.mark.parametrize("number", [3, 2])
def test_what_was_not_sent_is_not_acknowledged(number: int) -> None:
    outbox = fill(b"a", b"b")
    outbox.take(1)

    with pytest.raises(UnknownNumber):
        outbox.acknowledge(number)
    with pytest.raises(UnknownNumber):
        outbox.rewind(number)


def test_a_rewind_by_an_older_number_sends_nothing_again_that_was_acknowledged() -> None:
    outbox = fill(b"a", b"b", b"c")
    outbox.take(100)
    outbox.acknowledge(2)

    assert outbox.rewind(1) == 1

    assert outbox.take(100) == (3, [b"c"])


def test_the_oldest_mark_is_of_what_is_not_acknowledged() -> None:
    outbox = Outbox()
    outbox.mark(1.0)
    assert outbox.oldest_s is None

    outbox.put(b"a")
    outbox.mark(2.0)
    outbox.mark(3.0)
    outbox.put(b"b")
    outbox.mark(4.0)
    assert outbox.oldest_s == 2.0

    outbox.take(100)
    outbox.acknowledge(1)
    assert outbox.oldest_s == 4.0
    outbox.acknowledge(2)
    assert outbox.oldest_s is None


@given(st.data())
def test_whatever_happens_each_number_keeps_its_frame(data: st.DataObject) -> None:
    outbox = Outbox()
    frames: list[bytes] = []
    acknowledged = sent_most = 0
    for _ in range(data.draw(st.integers(0, 40))):
        match data.draw(st.sampled_from(["put", "take", "acknowledge", "rewind"])):
            case "put":
                frames.append(b"%d" % len(frames) * data.draw(st.integers(1, 5)))
                outbox.put(frames[-1])
            case "take":
                first, taken = outbox.take(data.draw(st.integers(1, 30))) if outbox.has_waiting else (1, [])
                assert list(taken) == frames[first - 1 : first - 1 + len(taken)]
                sent_most = max(sent_most, outbox.sent)
            case "acknowledge":
                acknowledged = data.draw(st.integers(acknowledged, sent_most))
                outbox.acknowledge(acknowledged)
            case "rewind":
                acknowledged = data.draw(st.integers(acknowledged, sent_most))
                outbox.rewind(acknowledged)
                assert outbox.sent == acknowledged
        assert outbox.acknowledged == acknowledged
        assert outbox.size_bytes == sum(map(len, frames[acknowledged:]))
