"""Flights shared by repeats, and which messages are published again."""

import asyncio

import pytest

from api.services.messages.message_nonces import NONCE_MS, NonceKey, Nonces
from core.domain.ids import snowflake_at

NOW_MS = 1_750_000_000_000
KEY: NonceKey = (1, 2, "n")


def own_id(after_ms: int = 0) -> int:
    return snowflake_at(NOW_MS + after_ms) | 3 << 12


@pytest.fixture
def nonces() -> Nonces[int]:
    return Nonces(first_id=own_id())


async def test_share_runs_once_for_all_that_wait(nonces: Nonces[int]) -> None:
    runs = 0
    gate = asyncio.Event()

    async def send() -> int:
        nonlocal runs
        runs += 1
        await gate.wait()
        return 5

    waiting = [asyncio.create_task(nonces.share(KEY, send)) for _ in range(20)]
    other = asyncio.create_task(nonces.share((1, 2, "other"), send))
    await asyncio.sleep(0)
    gate.set()
    outcomes = await asyncio.gather(*waiting)
    assert outcomes.count((5, True)) == 1
    assert outcomes.count((5, False)) == 19
    assert await other == (5, True)
    assert runs == 2


async def test_share_lets_each_fail_for_itself(nonces: Nonces[int]) -> None:
    runs = 0

    async def fail() -> int:
        nonlocal runs
        runs += 1
        await asyncio.sleep(0)
        raise LookupError(runs)

    outcomes = await asyncio.gather(*(nonces.share(KEY, fail) for _ in range(3)), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [LookupError] * 3
    assert runs == 3


async def test_share_goes_on_when_the_first_is_cancelled(nonces: Nonces[int]) -> None:
    async def hang() -> int:
        await asyncio.Event().wait()
        return 0

    async def succeed() -> int:
        return 5

    first = asyncio.create_task(nonces.share(KEY, hang))
    await asyncio.sleep(0)
    second = asyncio.create_task(nonces.share(KEY, succeed))
    await asyncio.sleep(0)
    first.cancel()
    assert await second == (5, True)


def test_stored_nonce_is_known_for_an_hour(nonces: Nonces[int]) -> None:
    assert not nonces.is_stored(KEY, NOW_MS)
    nonces.remember(KEY, own_id())
    assert nonces.is_stored(KEY, NOW_MS + NONCE_MS - 1)
    assert not nonces.is_stored(KEY, NOW_MS + NONCE_MS)


def test_republication_is_claimed_once_and_only_for_messages_of_others(nonces: Nonces[int]) -> None:
    assert not nonces.claim_republication(own_id(after_ms=5))
    earlier = own_id(after_ms=-5)
    other_process = snowflake_at(NOW_MS + 5) | 4 << 12
    for message_id in (earlier, other_process):
        assert nonces.claim_republication(message_id)
        assert not nonces.claim_republication(message_id)
