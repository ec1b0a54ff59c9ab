"""The node's own nonces: marked as such, all different, and at an end before they come again."""

from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.core_ext.twins import assert_alike, each, implementations_of
from voice.crypto.nonces import FreshNonces, is_of_node


@given(st.integers(0, (1 << 30) - 2))
def test_own_nonces_are_marked_and_all_different(count: int) -> None:
    taken = []
    for module in implementations_of("nonces"):
        own = module.OwnNonces(count)
        first, second = own.take(), own.take()
        assert is_of_node(first)
        assert is_of_node(second)
        assert first != second
        taken.append([first, second])
    assert_alike(taken)


@pytest.mark.parametrize("module", each("nonces"))
def test_own_nonces_hold_all_thirty_bits_of_the_count(module: ModuleType) -> None:
    seen = {module.OwnNonces(1 << bit).take() for bit in range(30)} | {module.OwnNonces(0).take()}
    assert len(seen) == 31


@pytest.mark.parametrize("module", each("nonces"))
def test_own_nonces_end(module: ModuleType) -> None:
    own = module.OwnNonces((1 << 30) - 1)
    own.take()
    with pytest.raises(module.NoncesUsedUp):
        own.take()


@pytest.mark.parametrize("module", each("nonces"))
def test_nonces_of_nodes_are_not_heard(module: ModuleType) -> None:
    assert not FreshNonces().is_fresh(module.OwnNonces().take())
