"""One side of a conversation: who goes on, and what arrives."""

import pytest

from core.links.conversation import Conversation, Gap, Meeting
from core.links.messages import Batch, Standing, Status
from core.links.outbox import UnknownNumber


@pytest.fixture
def conversation() -> Conversation:
    """A conversation that was begun as "one"."""
    made = Conversation()
    made.meet(Standing(b"", 0), b"one")
    return made


def take(conversation: Conversation, first: int, *frames: bytes) -> list[bytes]:
    return list(conversation.take(Batch(first, 0, list(frames)), 10))


def test_the_same_name_goes_on_after_what_has_arrived(conversation: Conversation) -> None:
    for frame in (b"a", b"b", b"c"):
        conversation.outbox.put(frame)
    conversation.outbox.take(100)
    take(conversation, 1, b"x")

    assert conversation.meet(Standing(b"one", 2), b"two") == (Meeting.CONTINUED, 1)

    assert conversation.standing == Standing(b"one", 1)
    assert conversation.outbox.take(100) == (3, [b"c"])


@pytest.mark.parametrize("theirs", [b"", b"another"])
def test_another_name_begins_anew(conversation: Conversation, theirs: bytes) -> None:
    conversation.outbox.put(b"old")
    take(conversation, 1, b"x")

    assert conversation.meet(Standing(theirs, 0), b"two") == (Meeting.BEGUN, 0)

    assert conversation.standing == Standing(b"two", 0)
    assert not conversation.outbox.has_waiting


def test_two_sides_without_a_name_begin() -> None:
    conversation = Conversation()

    assert conversation.meet(Standing(b"", 0), b"one") == (Meeting.BEGUN, 0)


def test_a_number_that_cannot_be_is_refused(conversation: Conversation) -> None:
    with pytest.raises(UnknownNumber):
        conversation.meet(Standing(b"one", 1), b"two")
    with pytest.raises(UnknownNumber):
        conversation.take(Batch(1, 5, []), 10)


def test_repeats_are_dropped(conversation: Conversation) -> None:
    assert take(conversation, 1, b"a", b"b") == [b"a", b"b"]
    assert take(conversation, 1, b"a", b"b") == []
    assert take(conversation, 2, b"b", b"c") == [b"c"]
    assert conversation.received == 3


def test_a_gap_is_noticed_by_the_next_frame_and_by_a_status(conversation: Conversation) -> None:
    take(conversation, 1, b"a")

    with pytest.raises(Gap):
        take(conversation, 3, b"c")
    with pytest.raises(Gap):
        conversation.hear(Status(0, 2))
    conversation.hear(Status(0, 1))
    assert conversation.received == 1


def test_what_was_told_is_acknowledged_no_more(conversation: Conversation) -> None:
    take(conversation, 1, b"a", b"b")
    assert (conversation.unacknowledged, conversation.unacknowledged_bytes) == (2, 10)

    assert conversation.tell() == 2

    assert (conversation.unacknowledged, conversation.unacknowledged_bytes) == (0, 0)
