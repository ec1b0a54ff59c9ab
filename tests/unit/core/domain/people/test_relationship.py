"""The steps of two people's sides, over all pairs that can be reached."""

from collections.abc import Callable

import pytest

from core.domain.errors import AlreadyFriends, FriendRequestBlocked
from core.domain.people.relationship import (
    FRIENDS,
    STRANGERS,
    Pair,
    RelationshipType,
    block,
    remove,
    request_friendship,
)

FRIEND, BLOCKED = RelationshipType.FRIEND, RelationshipType.BLOCKED
INCOMING, OUTGOING = RelationshipType.INCOMING, RelationshipType.OUTGOING
FITTING = {
    STRANGERS,
    FRIENDS,
    Pair(OUTGOING, INCOMING),
    Pair(INCOMING, OUTGOING),
    Pair(BLOCKED, None),
    Pair(None, BLOCKED),
    Pair(BLOCKED, BLOCKED),
}


def flipped(pair: Pair) -> Pair:
    return Pair(pair.other, pair.own)


def by_the_other(step: Callable[[Pair], Pair]) -> Callable[[Pair], Pair]:
    return lambda pair: flipped(step(flipped(pair)))


def test_steps_of_both_reach_the_fitting_pairs_and_no_others() -> None:
    own = (request_friendship, block, remove)
    steps = [*own, *(by_the_other(step) for step in own)]
    reached, new = {STRANGERS}, [STRANGERS]
    while new:
        pair = new.pop()
        for step in steps:
            try:
                after = step(pair)
            except (AlreadyFriends, FriendRequestBlocked):
                continue
            if after not in reached:
                reached.add(after)
                new.append(after)
    assert reached == FITTING


def test_requests_of_both_make_friends() -> None:
    asked = request_friendship(STRANGERS)
    assert asked == Pair(OUTGOING, INCOMING)
    assert request_friendship(asked) == asked
    assert request_friendship(flipped(asked)) == FRIENDS


def test_request_is_refused_between_friends_and_where_there_is_a_block() -> None:
    with pytest.raises(AlreadyFriends):
        request_friendship(FRIENDS)
    for pair in (Pair(BLOCKED, None), Pair(None, BLOCKED), Pair(BLOCKED, BLOCKED)):
        with pytest.raises(FriendRequestBlocked):
            request_friendship(pair)


@pytest.mark.parametrize("pair", sorted(FITTING, key=str))
def test_block_and_removal_leave_nothing_but_the_others_block(pair: Pair) -> None:
    left = BLOCKED if pair.other is BLOCKED else None
    assert block(pair) == Pair(BLOCKED, left)
    assert remove(pair) == Pair(None, left)
