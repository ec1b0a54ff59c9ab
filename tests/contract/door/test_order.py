"""Ids rise in a channel, whatever becomes of the messages that have them."""

import asyncio

from tests.contract.door.backends import DoorBackend, Held, opening, send


async def test_ids_rise_in_a_channel_for_all_that_open_at_once(backend: DoorBackend) -> None:
    given_out: list[int] = []

    async def one(author_id: int) -> None:
        async with backend.door.open(opening(backend.door, author_id=author_id)) as permit:
            given_out.append(permit.id)
            await backend.store(permit)

    await asyncio.gather(*(one(author_id) for author_id in range(1, 101)))
    assert given_out == sorted(set(given_out))
    assert (await send(backend)).id > given_out[-1]


async def test_message_that_has_failed_leaves_the_channel_open(backend: DoorBackend) -> None:
    first = Held(backend)
    second = Held(backend, author_id=2)
    ids = [(await first.permit).id, (await second.permit).id]
    await first.fail()
    await second.store()
    assert ids[0] < ids[1] < (await send(backend)).id


async def test_message_cancelled_before_it_is_stored_leaves_the_channel_open(backend: DoorBackend) -> None:
    held = Held(backend, nonce="n")
    await held.permit
    held.task.cancel()
    await asyncio.wait([held.task])
    permit = await send(backend, nonce="n")
    assert not permit.is_repeat
    assert permit.id > held.permit.result().id
