"""The friends and blocks of people with sessions, by rows and events in any order."""

from collections.abc import Iterable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.events import Audience
from core.domain.people.relationship import Relationship
from core.wire.envelope import Envelope
from gateway.users.relations import KEPT_BLOCKS, Change, Relations

FRIEND, BLOCKED, INCOMING = 1, 2, 3
ALICE, BOB, CAROL = 1, 2, 3


def event(name: str, other_id: int, kind: int = FRIEND, *, user_id: int = ALICE) -> Envelope:
    payload = msgspec.Raw(msgspec.json.encode({"id": str(other_id), "type": kind, "nickname": None}))
    return Envelope(id=1, event=name, audience=Audience.USER, payload=payload, user_id=user_id)


def rows(*friend_ids: int, blocked: Iterable[int] = (), user_id: int = ALICE) -> list[Relationship]:
    sides = [(each, FRIEND) for each in friend_ids] + [(each, BLOCKED) for each in blocked]
    return [Relationship(user_id=user_id, other_id=other_id, type=kind) for other_id, kind in sides]


def known(*friend_ids: int, blocked: Iterable[int] = ()) -> Relations:
    relations = Relations()
    relations.expect(ALICE)
    relations.know(ALICE, rows(*friend_ids, blocked=blocked))
    return relations


def test_friend_is_new_once() -> None:
    friends = known()
    assert friends.note(event("RELATIONSHIP_ADD", BOB)) == Change(BOB, is_friend=True)
    assert friends.note(event("RELATIONSHIP_ADD", BOB)) is None
    assert set(friends.friends_of(ALICE)) == {BOB}


@pytest.mark.parametrize(
    ("name", "kind"), [("RELATIONSHIP_REMOVE", FRIEND), ("RELATIONSHIP_ADD", BLOCKED), ("RELATIONSHIP_ADD", INCOMING)]
)
def test_whatever_is_no_friendship_ends_one(name: str, kind: int) -> None:
    friends = known(BOB, CAROL)
    assert friends.note(event(name, BOB, kind)) == Change(
        BOB, is_friend=False, is_blocked=True if kind == BLOCKED else None
    )
    assert set(friends.friends_of(ALICE)) == {CAROL}


def test_new_nickname_and_events_of_others_change_nothing() -> None:
    friends = known(BOB)
    for envelope in (
        event("RELATIONSHIP_UPDATE", BOB),
        event("MESSAGE_CREATE", BOB),
        event("RELATIONSHIP_REMOVE", BOB, user_id=9),
    ):
        assert friends.note(envelope) is None
    assert set(friends.friends_of(ALICE)) == {BOB}
    assert set(friends.friends_of(9)) == set()


def test_rows_are_taken_once_and_forgotten_with_the_last_session() -> None:
    friends = known(BOB)
    friends.expect(ALICE)
    friends.know(ALICE, rows(CAROL))
    assert set(friends.friends_of(ALICE)) == {BOB}
    friends.forget(ALICE)
    assert set(friends.friends_of(ALICE)) == {BOB}, "somebody else's are still expected"
    friends.forget(ALICE)
    assert set(friends.friends_of(ALICE)) == set()
    friends.know(ALICE, rows(CAROL))
    assert set(friends.friends_of(ALICE)) == set()


def test_both_ends_of_a_block_are_hidden_from_each_other_until_it_ends() -> None:
    relations = known(blocked=[BOB])
    assert set(relations.hidden_from(ALICE)) == {BOB}
    assert set(relations.hidden_from(BOB)) == {ALICE}
    assert set(relations.hidden_from(CAROL)) == set()
    assert relations.note(event("RELATIONSHIP_REMOVE", BOB, BLOCKED)) == Change(BOB, is_blocked=False)
    assert not relations.hidden_from(ALICE)
    assert not relations.hidden_from(BOB)


def test_block_of_either_is_enough() -> None:
    relations = known(blocked=[BOB])
    relations.expect(BOB)
    relations.know(BOB, rows(blocked=[ALICE, CAROL], user_id=BOB))
    assert set(relations.hidden_from(BOB)) == {ALICE, CAROL}
    relations.note(event("RELATIONSHIP_REMOVE", BOB, BLOCKED))
    assert set(relations.hidden_from(ALICE)) == {BOB}


def test_blocks_of_who_has_left_are_kept_for_a_while_and_read_anew_at_the_next_login() -> None:
    relations = known(blocked=[BOB])
    relations.forget(ALICE)
    assert set(relations.hidden_from(BOB)) == {ALICE}
    relations.expect(ALICE)
    relations.know(ALICE, rows(blocked=[CAROL]))
    assert not relations.hidden_from(BOB)
    assert set(relations.hidden_from(CAROL)) == {ALICE}


def test_blocks_of_a_crowd_that_has_left_are_bounded() -> None:
    relations = Relations()
    for user_id in range(100, 102 + KEPT_BLOCKS):
        relations.expect(user_id)
        relations.know(user_id, rows(blocked=[BOB], user_id=user_id))
        relations.forget(user_id)
    assert len(relations.hidden_from(BOB)) == KEPT_BLOCKS
    assert not relations.hidden_from(100)


changes = st.lists(
    st.tuples(st.sampled_from([BOB, CAROL]), st.sampled_from([0, FRIEND, BLOCKED, INCOMING])), max_size=12
)


@given(changes=changes, read_at=st.integers(0, 12), heard_at=st.integers(0, 12))
def test_rows_of_any_moment_and_the_events_lead_to_the_truth(
    changes: list[tuple[int, int]], read_at: int, heard_at: int
) -> None:
    """Rows are read after some of the changes, and come when some events have; events before the seat are not heard."""
    read_at, heard_at = min(read_at, len(changes)), min(heard_at, len(changes))
    events = [event("RELATIONSHIP_ADD" if kind else "RELATIONSHIP_REMOVE", other, kind) for other, kind in changes]

    def after(count: int, kind: int) -> set[int]:
        return {other for other, newest in dict(changes[:count]).items() if newest == kind}

    relations = Relations()
    relations.expect(ALICE)
    for envelope in events[min(read_at, heard_at) : heard_at]:
        relations.note(envelope)
    relations.know(ALICE, rows(*after(read_at, FRIEND), blocked=after(read_at, BLOCKED)))
    for envelope in events[heard_at:]:
        relations.note(envelope)
    assert set(relations.friends_of(ALICE)) == after(len(changes), FRIEND)
    assert set(relations.hidden_from(ALICE)) == after(len(changes), BLOCKED)
    for other in (BOB, CAROL):
        assert (ALICE in relations.hidden_from(other)) == (other in after(len(changes), BLOCKED))
