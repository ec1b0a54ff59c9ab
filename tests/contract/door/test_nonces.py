"""Repeats of a nonce: while the first message is under way, after it was stored, after it failed."""

import asyncio
from typing import Any

import pytest

from core.domain.errors import RateLimited
from tests.contract.door.backends import HOUR_S, DoorBackend, Held, opening, send, settle


async def test_repeat_waits_for_the_first_and_is_answered_by_it(backend: DoorBackend) -> None:
    first = Held(backend, nonce="n")
    await first.permit
    repeats = [asyncio.create_task(send(backend, nonce="n")) for _ in range(20)]
    await settle()
    assert not any(repeat.done() for repeat in repeats)
    stored = await first.store()
    assert {(permit.id, permit.is_repeat) for permit in await asyncio.gather(*repeats)} == {(stored.id, True)}


async def test_repeat_after_the_first_was_stored_is_answered_by_it(backend: DoorBackend) -> None:
    first = await send(backend, nonce="n")
    assert not first.is_repeat
    again = await send(backend, nonce="n")
    assert (again.id, again.is_repeat) == (first.id, True)
    await backend.let_pass(HOUR_S - 1)
    assert (await send(backend, nonce="n")).is_repeat


async def test_nonce_is_forgotten_after_an_hour(backend: DoorBackend) -> None:
    first = await send(backend, nonce="n")
    await backend.let_pass(HOUR_S)
    second = await send(backend, nonce="n")
    assert not second.is_repeat
    assert second.id > first.id
    assert (await send(backend, nonce="n")).id == second.id


async def test_repeats_of_a_message_that_failed_try_one_after_the_other(backend: DoorBackend) -> None:
    first = Held(backend, nonce="n")
    await first.permit
    others = [Held(backend, nonce="n") for _ in range(3)]
    await first.fail()
    await settle()
    [second] = [other for other in others if other.permit.done()]
    await second.fail()
    await settle()
    [third] = [other for other in others if other.permit.done() and not other.task.done()]
    stored = await third.store()
    [last] = [other for other in others if other not in (second, third)]
    permit = await last.permit
    assert (permit.id, permit.is_repeat) == (stored.id, True)
    last.task.cancel()
    await asyncio.wait([last.task])


async def test_repeat_that_is_cancelled_while_it_waits_leaves_the_first_alone(backend: DoorBackend) -> None:
    first = Held(backend, nonce="n")
    await first.permit
    waiting = [asyncio.create_task(send(backend, nonce="n")) for _ in range(2)]
    await settle()
    waiting[0].cancel()
    await asyncio.wait([waiting[0]])
    stored = await first.store()
    assert (await waiting[1]).id == stored.id


async def test_repeats_count_against_no_limit_and_wait_for_no_slow_mode(limited: DoorBackend) -> None:
    first = Held(limited, nonce="n", slow_mode_s=30)
    await first.permit
    repeats = [asyncio.create_task(send(limited, nonce="n", slow_mode_s=30)) for _ in range(10)]
    await settle()
    await first.store()
    await asyncio.gather(*repeats)
    for _ in range(10):
        assert (await send(limited, nonce="n", slow_mode_s=30)).is_repeat
    await send(limited)
    await send(limited)


async def test_refused_message_has_no_nonce(limited: DoorBackend) -> None:
    for _ in range(3):
        await send(limited)
    with pytest.raises(RateLimited):
        await send(limited, nonce="n")
    await limited.let_pass(10)
    assert not (await send(limited, nonce="n")).is_repeat


@pytest.mark.parametrize("fields", [{"author_id": 2}, {"channel_id": 31}, {"nonce": "N"}, {"nonce": "n "}])
async def test_nonce_counts_per_author_and_channel(backend: DoorBackend, fields: dict[str, Any]) -> None:
    await send(backend, nonce="n")
    assert not (await send(backend, **{"nonce": "n", **fields})).is_repeat


async def test_repeats_are_answered_by_the_message_that_the_store_knew(backend: DoorBackend) -> None:
    async with backend.door.open(opening(backend.door, nonce="n")) as permit:
        waiting = asyncio.create_task(send(backend, nonce="n"))
        await settle()
        permit.first_id = permit.id - 5
    for repeat in (await waiting, await send(backend, nonce="n")):
        assert (repeat.id, repeat.is_repeat) == (permit.id - 5, True)
