"""A page: what it answers, what it keeps, and how much of it."""

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from api.services.messages.pages.message_page import MAX_DERIVED_BYTES, MAX_MESSAGE_BYTES, PAGE_SIZE, Page
from core.domain.messages.message import Message, ResolvedMessage
from core.domain.people.user import User

CHANNEL = 7


def message(number: int) -> Message:
    return Message(id=number, channel_id=CHANNEL, author_id=1)


@given(
    count=st.integers(0, PAGE_SIZE + 20),
    bound=st.integers(0, PAGE_SIZE + 25),
    limit=st.integers(1, 100),
    direction=st.sampled_from(["before", "after", "newest"]),
)
def test_slice_is_what_the_store_would_say_or_nothing(count: int, bound: int, limit: int, direction: str) -> None:
    everything = [message(number) for number in range(1, count + 1)]
    page = Page(tuple(everything[-PAGE_SIZE:][::-1]))
    before = bound if direction == "before" else None
    after = bound if direction == "after" else None
    if after is not None:
        expected = [found for found in everything if found.id > after][:limit][::-1]
    else:
        expected = [found for found in everything if before is None or found.id < before][-limit:][::-1]
    found = page.find_slice(before=before, after=after, limit=limit)
    if found is None:
        assert count >= PAGE_SIZE
    else:
        assert list(found) == expected
    if count < PAGE_SIZE or direction == "newest":
        assert found is not None


def resolved(number: int, author: User, **fields: Any) -> ResolvedMessage:
    return ResolvedMessage(message=msgspec.structs.replace(message(number), **fields), author=author)


AUTHOR = User(id=1, username="x")


def page_of(*messages: Message) -> Page:
    """A page of these messages, given oldest first."""
    return Page(messages[::-1])


def large(number: int, size: int = MAX_MESSAGE_BYTES // 4) -> Message:
    """A message of which three fit onto a page."""
    return msgspec.structs.replace(message(number), content="x" * size)


def test_page_lets_go_of_the_json_of_what_leaves_it() -> None:
    page = page_of(*(message(number) for number in range(1, PAGE_SIZE + 1)))
    for number in (1, 2):
        page.keep_encoded(resolved(number, AUTHOR), b"%d" % number)
    page.push(message(PAGE_SIZE + 1))
    assert [page.find_encoded(message(number), AUTHOR) for number in (1, 2)] == [None, b"2"]


def test_page_keeps_json_for_one_author_as_he_is_and_of_nobody_else() -> None:
    page = page_of(message(1), message(2), message(3))
    page.keep_encoded(resolved(1, AUTHOR), b"plain")
    page.keep_encoded(resolved(2, AUTHOR, mention_ids=(5,)), b"mentions")
    page.keep_encoded(resolved(3, AUTHOR, reference_id=1), b"answers")
    assert [page.find_encoded(message(number), AUTHOR) for number in (1, 2, 3)] == [b"plain", None, None]
    renamed = User(id=1, username="x")
    assert page.find_encoded(message(1), renamed) is page.find_encoded(message(1), None) is None
    page.keep_encoded(resolved(1, renamed), b"renamed")
    assert page.find_encoded(message(1), renamed) == b"renamed"


def test_page_keeps_nothing_for_messages_that_have_left_it_while_they_were_encoded() -> None:
    page = page_of(*(message(number) for number in range(1, PAGE_SIZE + 1)))
    reply = msgspec.structs.replace(message(1), reference_id=500)
    page.push(message(PAGE_SIZE + 1))
    page.keep_encoded(resolved(1, AUTHOR), b"late")
    page.keep_replied(reply, None)
    assert page.find_encoded(message(1), AUTHOR) is None
    assert not page.replied


def test_page_lets_go_of_what_replies_answer_when_they_leave_it() -> None:
    page = Page(())
    for number in range(1, 3 * PAGE_SIZE):
        reply = msgspec.structs.replace(message(number), reference_id=10_000 + number)
        page.push(reply)
        page.keep_replied(reply, large(10_000 + number, 100))
    assert set(page.replied) == {10_000 + shown.id for shown in page.messages}
    assert len(page.replied) == PAGE_SIZE


def test_page_holds_as_many_messages_as_fit() -> None:
    page = page_of(*(large(number) for number in range(1, 6)))
    assert [shown.id for shown in page.messages] == [5, 4, 3]
    assert not page.is_whole
    assert page.find_slice(before=None, after=None, limit=4) is None
    page.push(message(6))
    page.push(large(7))
    assert [shown.id for shown in page.messages] == [7, 6, 5, 4]
    for number in range(8, 8 + PAGE_SIZE):
        page.push(message(number))
    assert len(page.messages) == PAGE_SIZE


def test_page_without_room_for_its_newest_message_has_no_answer_and_remembers_which_it_was() -> None:
    page = page_of(message(1))
    page.push(large(2, MAX_MESSAGE_BYTES))
    assert (page.messages, page.is_whole, page.complete_to) == ((), False, 2)
    assert page.find_slice(before=None, after=None, limit=1) is page.find_slice(before=None, after=2, limit=1) is None
    assert Page((large(3, MAX_MESSAGE_BYTES), message(2))).messages == ()


def test_page_keeps_as_much_of_its_readers_work_as_fits_and_room_comes_back() -> None:
    half = b"x" * (MAX_DERIVED_BYTES // 2 - 200)
    page = page_of(*(message(number) for number in range(1, PAGE_SIZE + 1)))
    for number in (1, 2, 3):
        page.keep_encoded(resolved(number, AUTHOR), half)
    page.keep_replied(msgspec.structs.replace(message(4), reference_id=500), large(500))
    assert [page.find_encoded(message(number), AUTHOR) for number in (1, 2, 3)] == [half, half, None]
    assert not page.replied
    page.keep_encoded(resolved(1, User(id=1, username="renamed")), half)
    page.push(message(PAGE_SIZE + 1))
    page.keep_encoded(resolved(3, AUTHOR), half)
    assert page.find_encoded(message(3), AUTHOR) == half


def test_page_leaves_out_what_its_read_may_have_missed() -> None:
    read = [message(number) for number in range(PAGE_SIZE, 0, -1)]
    page = Page(read, before=PAGE_SIZE - 1)
    assert [shown.id for shown in page.messages] == list(range(PAGE_SIZE - 2, 0, -1))
    assert (page.complete_to, page.is_whole, page.is_behind) == (PAGE_SIZE - 2, False, False)
    nothing = Page(read[-3:], before=1)
    assert (nothing.messages, nothing.complete_to, nothing.is_whole) == ((), 0, True)
