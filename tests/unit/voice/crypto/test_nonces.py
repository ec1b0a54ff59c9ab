"""The nonces of a client: each is heard once."""

import random

from hypothesis import given
from hypothesis import strategies as st

from voice.crypto.nonces import FreshNonces

orders = st.sampled_from(["big", "little"])


@given(begin=st.integers(0, (1 << 31) - 2000), count=st.integers(1, 700), order=orders)
def test_clients_count_is_heard_once_in_either_order_of_bytes(begin: int, count: int, order: str) -> None:
    fresh = FreshNonces()
    nonces = [number.to_bytes(4, order) for number in range(begin, begin + count)]  # type: ignore[arg-type]
    for nonce in nonces:
        assert fresh.is_fresh(nonce)
        fresh.add(nonce)
    for nonce in nonces:
        assert not fresh.is_fresh(nonce)


@given(seed=st.integers(0, 10_000), order=orders)
def test_packets_that_overtake_each_other_are_heard_once(seed: int, order: str) -> None:
    chance = random.Random(seed)
    arrivals = sorted(range(400), key=lambda number: number + chance.randrange(0, 60))
    fresh = FreshNonces()
    for number in arrivals:
        nonce = number.to_bytes(4, order)  # type: ignore[arg-type]
        assert fresh.is_fresh(nonce)
        fresh.add(nonce)
        assert not fresh.is_fresh(nonce)


def test_what_is_far_behind_is_not_heard() -> None:
    fresh = FreshNonces()
    for number in (0, 1, 1000):
        fresh.add(number.to_bytes(4, "big"))
    assert not fresh.is_fresh((300).to_bytes(4, "big"))
    assert fresh.is_fresh((600).to_bytes(4, "big"))
