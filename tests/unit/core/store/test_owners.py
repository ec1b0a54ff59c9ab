"""Owners: the order of their locks, which must be the same for all units."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from core.store.owners import Owners

IDS = st.sets(st.integers(1, 40), max_size=8)


@given(IDS, IDS)
def test_owners_are_locked_users_first_and_each_kind_ascending(users: set[int], guilds: set[int]) -> None:
    order = Owners(users=users, guilds=guilds).in_order()
    assert order[: len(users)] == sorted(users)
    assert order[len(users) :] == sorted(guilds - users)  # and none twice


@given(IDS)
def test_guilds_added_later_are_locked_ascending(guilds: set[int]) -> None:
    added = Owners(users=[1]).add_guilds(guilds)
    assert set(added) == guilds
    assert all(one < other for one, other in pairwise(added))
