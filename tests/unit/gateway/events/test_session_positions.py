"""The positions of a cut, for all sessions and for those that are behind."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.events.log_progress import of_users
from gateway.events.session_positions import SessionPositions, of_session

SHARDS = st.integers(0, 4095)
PLACES = st.integers(0, (1 << 32) - 1)
POSITIONS = st.integers(1, (1 << 63) - 1)


@given(
    common=st.dictionaries(SHARDS, POSITIONS),
    users=st.dictionaries(SHARDS.map(of_users), POSITIONS),
    behind=st.dictionaries(st.tuples(PLACES, SHARDS), POSITIONS),
)
def test_each_session_has_its_own_positions(
    common: dict[int, int], users: dict[int, int], behind: dict[tuple[int, int], int]
) -> None:
    own = {of_session(*key): position for key, position in behind.items()}
    assert min(own, default=0) >= -(1 << 63), "no int of a cut"
    positions = SessionPositions({**common, **users, **own})
    for place in {place for place, _ in behind}:
        found = positions.find(place)
        assert {shard: found[shard] for shard in common} == {
            shard: behind.get((place, shard), position) for shard, position in common.items()
        }
        assert {shard for at, shard in behind if at == place} <= found.keys()


def test_session_that_is_behind_has_its_users_events_all_the_same() -> None:
    positions = SessionPositions({0: 9, 1: 9, of_users(1): 12, of_session(7, 0): 4, of_session(7, 1): 5})
    assert positions.find(7) == {0: 4, of_users(0): 9, 1: 5, of_users(1): 12}
    assert positions.find(8) == {0: 9, 1: 9, of_users(1): 12}
