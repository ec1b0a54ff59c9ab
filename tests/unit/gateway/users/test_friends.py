"""The friends of people with sessions, by rows and events in any order."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.events import Audience
from core.wire.envelope import Envelope
from gateway.users.friends import Friends

FRIEND, BLOCKED, INCOMING = 1, 2, 3
ALICE, BOB, CAROL = 1, 2, 3


def event(name: str, other_id: int, kind: int = FRIEND, *, user_id: int = ALICE) -> Envelope:
    payload = msgspec.Raw(msgspec.json.encode({"id": str(other_id), "type": kind, "nickname": None}))
    return Envelope(id=1, event=name, audience=Audience.USER, payload=payload, user_id=user_id)


def known(*friend_ids: int) -> Friends:
    friends = Friends()
    friends.expect(ALICE)
    friends.know(ALICE, friend_ids)
    return friends


def test_friend_is_new_once() -> None:
    friends = known()
    assert friends.note(event("RELATIONSHIP_ADD", BOB)) == BOB
    assert friends.note(event("RELATIONSHIP_ADD", BOB)) == 0
    assert set(friends.of(ALICE)) == {BOB}


@pytest.mark.parametrize(
    ("name", "kind"), [("RELATIONSHIP_REMOVE", FRIEND), ("RELATIONSHIP_ADD", BLOCKED), ("RELATIONSHIP_ADD", INCOMING)]
)
def test_whatever_is_no_friendship_ends_one(name: str, kind: int) -> None:
    friends = known(BOB, CAROL)
    assert friends.note(event(name, BOB, kind)) == 0
    assert set(friends.of(ALICE)) == {CAROL}


def test_new_nickname_and_events_of_others_change_nothing() -> None:
    friends = known(BOB)
    for envelope in (
        event("RELATIONSHIP_UPDATE", BOB),
        event("MESSAGE_CREATE", BOB),
        event("RELATIONSHIP_REMOVE", BOB, user_id=9),
    ):
        assert friends.note(envelope) == 0
    assert set(friends.of(ALICE)) == {BOB}
    assert set(friends.of(9)) == set()


def test_rows_are_taken_once_and_forgotten_with_the_last_session() -> None:
    friends = known(BOB)
    friends.expect(ALICE)
    friends.know(ALICE, [CAROL])
    assert set(friends.of(ALICE)) == {BOB}
    friends.forget(ALICE)
    assert set(friends.of(ALICE)) == set()
    friends.know(ALICE, [CAROL])
    assert set(friends.of(ALICE)) == set()


changes = st.lists(st.tuples(st.sampled_from([BOB, CAROL]), st.booleans()), max_size=12)


@given(changes=changes, read_at=st.integers(0, 12), heard_at=st.integers(0, 12))
def test_rows_of_any_moment_and_the_events_lead_to_the_truth(
    changes: list[tuple[int, bool]], read_at: int, heard_at: int
) -> None:
    """Rows are read after some of the changes, and come when some events have; events before the seat are not heard."""
    read_at, heard_at = min(read_at, len(changes)), min(heard_at, len(changes))
    events = [event("RELATIONSHIP_ADD" if begins else "RELATIONSHIP_REMOVE", other) for other, begins in changes]

    def after(count: int) -> set[int]:
        state: set[int] = set()
        for other, begins in changes[:count]:
            (state.add if begins else state.discard)(other)
        return state

    friends = Friends()
    friends.expect(ALICE)
    begin = min(read_at, heard_at)
    for envelope in events[begin:heard_at]:
        friends.note(envelope)
    friends.know(ALICE, after(read_at))
    for envelope in events[heard_at:]:
        friends.note(envelope)
    assert set(friends.of(ALICE)) == after(len(changes))
