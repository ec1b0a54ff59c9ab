"""The order of roles."""

from hypothesis import given
from hypothesis import strategies as st

from api.services.roles.role_rules import compute_positions, compute_role_order, is_order_allowed, sort_roles
from core.domain.guilds.role import Role

GUILD_ID = 1


def role(role_id: int, position: int) -> Role:
    return Role(id=role_id, guild_id=GUILD_ID, name=f"r{role_id}", position=position)


def ids(roles: list[Role]) -> list[int]:
    return [item.id for item in roles]


def test_sort_roles_at_one_position_puts_older_above() -> None:
    everyone = role(GUILD_ID, 0)
    assert ids(sort_roles([role(10, 1), role(20, 1), everyone, role(5, 2)], GUILD_ID)) == [20, 10, 5]


def test_compute_role_order_moves_to_the_place_asked_for() -> None:
    before = [role(n, n) for n in (2, 3, 4, 5)]
    assert ids(compute_role_order(before, {5: 1})) == [5, 2, 3, 4]
    assert ids(compute_role_order(before, {2: 99})) == [3, 4, 5, 2]
    assert ids(compute_role_order(before, {2: 0})) == [2, 3, 4, 5]
    assert ids(compute_role_order(before, {2: 2, 3: 1})) == [3, 2, 4, 5]


def test_is_order_allowed_guards_everything_from_the_top_role_upwards() -> None:
    before = [role(n, n) for n in (2, 3, 4, 5)]
    below = compute_role_order(before, {2: 2})
    assert is_order_allowed(before, below, role(4, 4))
    assert not is_order_allowed(before, below, role(3, 3))
    assert not is_order_allowed(before, below, None)
    assert is_order_allowed(before, before, None)
    assert not is_order_allowed(before, compute_role_order(before, {4: 1}), role(4, 4))


def test_compute_positions_names_only_what_changes() -> None:
    assert compute_positions([role(9, 1), role(8, 1), role(7, 3)]) == {8: 2}


@given(
    positions=st.lists(st.integers(0, 5), min_size=1, max_size=8),
    moves=st.dictionaries(st.integers(2, 9), st.integers(0, 12), max_size=4),
)
def test_compute_role_order_keeps_every_role_and_the_order_of_the_unmoved(
    positions: list[int], moves: dict[int, int]
) -> None:
    before = sort_roles([role(number, position) for number, position in enumerate(positions, start=2)], GUILD_ID)
    after = compute_role_order(before, moves)
    assert sorted(ids(after)) == sorted(ids(before))
    assert [item for item in ids(after) if item not in moves] == [item for item in ids(before) if item not in moves]


@given(
    positions=st.lists(st.integers(0, 5), min_size=1, max_size=8),
    moves=st.dictionaries(st.integers(2, 9), st.integers(0, 12), max_size=4),
    top=st.integers(0, 7),
)
def test_allowed_order_never_lifts_a_role_above_the_callers(
    positions: list[int], moves: dict[int, int], top: int
) -> None:
    before = sort_roles([role(number, position) for number, position in enumerate(positions, start=2)], GUILD_ID)
    after = compute_role_order(before, moves)
    top_role = before[top % len(before)]
    if not is_order_allowed(before, after, top_role):
        return
    place_before, place_after = ids(before).index(top_role.id), ids(after).index(top_role.id)
    assert set(ids(after)[:place_after]) == set(ids(before)[:place_before])
