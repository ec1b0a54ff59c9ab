"""Nonces: a repeated send makes one message."""

import asyncio

import msgspec
import pytest

from core.bus.interfaces import Bus, Delivery
from core.domain.messages.message import AddedMessage, Message
from core.store.interfaces import Store
from tests.contract.backends import EMBEDDED, StoreBackend
from tests.contract.builders import flake, message_created, new_message
from tests.fakes.clock import FakeClock

pytestmark = EMBEDDED

CHANNEL = flake(30)
HOUR_S = 60 * 60


async def send(store: Store, number: int, nonce: str | None = "n", **fields: object) -> AddedMessage:
    message = new_message(flake(number), CHANNEL, nonce=nonce, **fields)
    return await store.messages.add(message, [message_created(message)])


async def stored(store: Store) -> list[int]:
    return [message.id - flake(0) for message in await store.messages.list_page(CHANNEL, limit=1000)]


async def test_repeat_is_answered_with_the_first(store: Store, bus: Bus) -> None:
    heard: list[Delivery] = []
    bus.subscribe(heard.append)
    first = await send(store, 1, content="first")
    repeat = await send(store, 2, content="second")
    assert first.is_new
    assert not repeat.is_new
    assert repeat.message == first.message
    assert await stored(store) == [1]
    assert [delivery.envelope.id for delivery in heard] == [flake(1)]
    assert await store.messages.last_ids([CHANNEL]) == {CHANNEL: flake(1)}


async def test_twenty_at_once_make_one(store: Store, bus: Bus) -> None:
    heard: list[Delivery] = []
    bus.subscribe(heard.append)
    answers = await asyncio.gather(*(send(store, number) for number in range(1, 21)))
    assert sum(answer.is_new for answer in answers) == 1
    assert {answer.message.id for answer in answers} == {flake(1)}
    assert await stored(store) == [1]
    assert len(heard) == 1


async def test_twenty_over_several_commits_make_one(store: Store) -> None:
    async def later(number: int) -> AddedMessage:
        for _ in range(number * 3):
            await asyncio.sleep(0)
        return await send(store, number)

    answers = await asyncio.gather(*(later(number) for number in range(1, 21)))
    assert sum(answer.is_new for answer in answers) == 1
    assert len({answer.message.id for answer in answers}) == 1
    assert len(await stored(store)) == 1


async def test_answer_shows_the_first_as_it_is_now(store: Store) -> None:
    await send(store, 1)
    edited = await store.messages.update(CHANNEL, flake(1), {"content": "edited"}, expected_version=0, envelopes=[])
    assert (await send(store, 2)).message == edited


@pytest.mark.parametrize(
    "fields", [{"author_id": flake(2)}, {"channel_id": flake(31)}, {"nonce": "N"}, {"nonce": "n "}, {"nonce": None}]
)
async def test_nonce_counts_per_author_and_channel(store: Store, fields: dict[str, object]) -> None:
    first = new_message(flake(1), CHANNEL, nonce="n")
    await store.messages.add(first, [])
    other: Message = msgspec.structs.replace(first, id=flake(2), **fields)
    together = msgspec.structs.replace(other, id=flake(3), nonce=None)
    answers = await asyncio.gather(store.messages.add(other, []), store.messages.add(together, []))
    assert [answer.is_new for answer in answers] == [True, True]


async def test_messages_without_nonce_are_all_new(store: Store) -> None:
    answers = await asyncio.gather(*(send(store, number, None) for number in range(1, 6)))
    assert all(answer.is_new for answer in answers)
    assert await stored(store) == [5, 4, 3, 2, 1]


async def test_nonce_is_forgotten_after_an_hour(store: Store, clock: FakeClock) -> None:
    await send(store, 1)
    clock.advance(HOUR_S - 1)
    assert not (await send(store, 2)).is_new
    clock.advance(1)
    assert (await send(store, 3)).is_new
    clock.advance(HOUR_S - 1)
    repeat = await send(store, 4)
    assert not repeat.is_new
    assert repeat.message.id == flake(3)
    assert await stored(store) == [3, 1]


async def test_clock_that_steps_back_does_not_forget(store: Store, clock: FakeClock) -> None:
    await send(store, 1)
    clock.step_back(2 * HOUR_S)
    assert not (await send(store, 2)).is_new


async def test_nonce_of_a_deleted_message_brings_nothing_back(store: Store, bus: Bus) -> None:
    await send(store, 1)
    await store.messages.delete(CHANNEL, [flake(1)], [])
    heard: list[Delivery] = []
    bus.subscribe(heard.append)
    repeat = await send(store, 2)
    assert not repeat.is_new
    assert repeat.message.id == flake(1)
    assert await stored(store) == []
    assert heard == []


async def test_nonce_survives_reopening(backend: StoreBackend) -> None:
    await send(backend.store, 1)
    await backend.reopen()
    repeat = await send(backend.store, 2)
    assert not repeat.is_new
    assert repeat.message.id == flake(1)


async def test_purge_forgets_the_old_and_keeps_the_young(backend: StoreBackend, clock: FakeClock) -> None:
    await send(backend.store, 1, "old")
    clock.advance(HOUR_S / 2)
    await send(backend.store, 2, "young")
    clock.advance(HOUR_S / 2)
    await backend.purge_nonces()
    assert (await send(backend.store, 3, "old")).is_new
    assert not (await send(backend.store, 4, "young")).is_new
