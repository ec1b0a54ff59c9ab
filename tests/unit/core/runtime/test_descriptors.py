"""Shares of the process's descriptors."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.runtime.descriptors import read_limit, share_descriptors


@given(st.integers(min_value=256, max_value=1 << 30))
def test_shares_leave_some_for_the_process(limit: int) -> None:
    shares = share_descriptors(limit)
    assert shares.api + shares.gateway + 100 <= limit
    assert min(shares.api, shares.gateway) >= 16


@pytest.mark.parametrize(("limit", "api", "gateway"), [(256, 64, 80), (1024, 256, 656), (20_000, 2500, 17_388)])
def test_most_are_the_gateways(limit: int, api: int, gateway: int) -> None:
    shares = share_descriptors(limit)
    assert (shares.api, shares.gateway) == (api, gateway)


def test_limit_is_the_systems() -> None:
    assert read_limit() > 100
