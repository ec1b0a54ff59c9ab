"""Requests whose answers are lost, and requests that reach Cassandra late."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from core.domain.errors import OutcomeUnknown
from core.runtime.settings.settings import CassandraSettings
from core.store.cassandra.messages import CassandraMessages
from tests.contract.builders import flake, new_message
from tests.contract.cassandra.sessions import WAIT_S, opened
from tests.contract.message_rows import Place, new_place
from tests.support.proxies.lossy_proxy import Fault, LossyProxy

GIVE_UP_S = 0.1
"""A time for tries that is over before the first of them is."""

LAST_WAIT_S = 3.0
"""How long a request waits that is not repeated. Those before it, which are answered, have as long."""


@pytest.fixture
async def proxy(cassandra_settings: CassandraSettings) -> AsyncIterator[LossyProxy]:
    """What `rows` reaches the server through."""
    async with LossyProxy.run(cassandra_settings.port) as running:
        yield running


@pytest.fixture
async def rows(cassandra_settings: CassandraSettings, proxy: LossyProxy) -> AsyncIterator[CassandraMessages]:
    """A session behind the proxy whose writes are repeated."""
    async with opened(cassandra_settings, port=proxy.port, request_timeout_s=WAIT_S, write_timeout_s=60) as session:
        yield session


@pytest.fixture
async def hasty_rows(cassandra_settings: CassandraSettings, proxy: LossyProxy) -> AsyncIterator[CassandraMessages]:
    """A session behind the proxy whose writes are not repeated."""
    async with opened(
        cassandra_settings, port=proxy.port, request_timeout_s=LAST_WAIT_S, write_timeout_s=GIVE_UP_S
    ) as session:
        yield session


@pytest.fixture
async def other_rows(cassandra_settings: CassandraSettings) -> AsyncIterator[CassandraMessages]:
    """A session with nothing in between, as another process has it."""
    async with opened(cassandra_settings) as session:
        yield session


@pytest.fixture
def place(proxy: LossyProxy) -> Place:
    """Where the test's messages are."""
    return new_place()


def release_later(proxy: LossyProxy) -> None:
    """End the fault after some tries."""
    asyncio.get_running_loop().call_later(1.2, proxy.release)


async def test_insert_whose_answer_is_lost_is_repeated(
    rows: CassandraMessages, other_rows: CassandraMessages, proxy: LossyProxy, place: Place
) -> None:
    proxy.strike(Fault.LOSE_ANSWERS, b"lost answer")
    release_later(proxy)
    message = new_message(flake(1), place.channel_id, content="lost answer")
    await rows.insert(message)
    assert await other_rows.list_page(place.channel_id) == [message]


async def test_edit_whose_answer_is_lost_is_known_again(
    rows: CassandraMessages, other_rows: CassandraMessages, proxy: LossyProxy, place: Place
) -> None:
    await rows.insert(new_message(flake(1), place.channel_id))
    proxy.strike(Fault.LOSE_ANSWERS, b"lost answer")
    release_later(proxy)
    edited = await rows.update(place.channel_id, flake(1), {"content": "lost answer"}, expected_version=0)
    assert edited is not None
    assert (edited.content, edited.version) == ("lost answer", 1)
    assert await other_rows.find(place.channel_id, flake(1)) == edited


async def test_edit_whose_answer_is_lost_and_that_was_overtaken_has_lost_the_race(
    rows: CassandraMessages, other_rows: CassandraMessages, proxy: LossyProxy, place: Place
) -> None:
    await rows.insert(new_message(flake(1), place.channel_id))
    proxy.strike(Fault.LOSE_ANSWERS, b"lost answer")
    edit = asyncio.create_task(rows.update(place.channel_id, flake(1), {"content": "lost answer"}, expected_version=0))
    while await other_rows.update(place.channel_id, flake(1), {"content": "later"}, expected_version=1) is None:
        pass
    proxy.release()
    assert await edit is None
    found = await other_rows.find(place.channel_id, flake(1))
    assert found is not None
    assert (found.content, found.version) == ("later", 2)


async def test_deletion_whose_answer_is_lost_counts_what_is_gone(
    rows: CassandraMessages, other_rows: CassandraMessages, proxy: LossyProxy, place: Place
) -> None:
    ids = [flake(number) for number in range(1, 6)]
    for each in ids:
        await rows.insert(new_message(each, place.channel_id))
    # The versions are read first; the second request with this id deletes it.
    proxy.strike(Fault.LOSE_ANSWERS, ids[3].to_bytes(8, "big"), occurrence=2)
    release_later(proxy)
    assert await rows.delete(place.channel_id, ids[1:]) == ids[1:]
    assert [message.id for message in await other_rows.list_page(place.channel_id)] == ids[:1]


async def test_insert_that_comes_after_a_withdrawal_is_not_seen(
    hasty_rows: CassandraMessages, other_rows: CassandraMessages, proxy: LossyProxy, place: Place
) -> None:
    fields = {"guild_id": place.guild_id, "author_id": place.author_id, "content": "held back"}
    withdrawn, witness = (new_message(flake(number), place.channel_id, **fields) for number in (1, 2))
    proxy.strike(Fault.HOLD_REQUESTS, b"held back")
    await _given_up(hasty_rows.insert(withdrawn), hasty_rows.insert(witness))
    assert await other_rows.list_page(place.channel_id) == []
    await other_rows.withdraw(withdrawn)
    proxy.release()
    await _until(lambda: other_rows.find(place.channel_id, witness.id))
    assert await other_rows.find(place.channel_id, withdrawn.id) is None
    assert await other_rows.list_page(place.channel_id) == [witness]
    listed = await other_rows.list_ids_by_author(place.guild_id, place.author_id, since_ms=0)
    assert listed == [(place.channel_id, witness.id)]


async def test_edit_that_comes_after_the_version_was_raised_fails(
    hasty_rows: CassandraMessages, other_rows: CassandraMessages, proxy: LossyProxy, place: Place
) -> None:
    for number in (1, 2):
        await other_rows.insert(new_message(flake(number), place.channel_id))
    proxy.strike(Fault.HOLD_REQUESTS, b"held back")
    edit = {"content": "held back"}
    await _given_up(
        *(hasty_rows.update(place.channel_id, flake(number), edit, expected_version=0) for number in (1, 2))
    )
    settled = await other_rows.raise_version(place.channel_id, flake(1), expected_version=0)
    assert settled is not None
    assert (settled.content, settled.version) == ("hello", 1)
    proxy.release()
    await _until(lambda: _is_at_version(other_rows, place.channel_id, flake(2), 1))
    assert await other_rows.find(place.channel_id, flake(1)) == settled


async def test_deletion_that_comes_after_the_version_was_raised_fails(
    hasty_rows: CassandraMessages, other_rows: CassandraMessages, proxy: LossyProxy, place: Place
) -> None:
    for number in (1, 2):
        await other_rows.insert(new_message(flake(number), place.channel_id))
    # Both read the versions first. The third request with one of these ids is the first that deletes.
    proxy.strike(Fault.HOLD_REQUESTS, place.channel_id.to_bytes(8, "big"), occurrence=3)
    await _given_up(*(hasty_rows.delete(place.channel_id, [flake(number)]) for number in (1, 2)))
    settled = await other_rows.raise_version(place.channel_id, flake(1), expected_version=0)
    assert settled is not None
    proxy.release()
    await _until(lambda: _is_gone(other_rows, place.channel_id, flake(2)))
    assert await other_rows.list_page(place.channel_id) == [settled]


async def test_session_begins_although_the_first_questions_are_answered_late(
    cassandra_settings: CassandraSettings, proxy: LossyProxy
) -> None:
    proxy.strike(Fault.HOLD_REQUESTS, b"system.local")
    asyncio.get_running_loop().call_later(2.5, proxy.release)
    async with opened(cassandra_settings, port=proxy.port) as session:
        await session.ping()


async def _given_up(*writes: Awaitable[object]) -> None:
    """Await writes whose outcomes stay unknown."""
    answers = await asyncio.gather(*writes, return_exceptions=True)
    assert [type(answer) for answer in answers] == [OutcomeUnknown] * len(writes)


async def _until(ask: Callable[[], Awaitable[object]]) -> None:
    """Ask again and again until the answer is true. The witness of a held request shows that all have landed."""
    async with asyncio.timeout(60):
        while not await ask():
            pass


async def _is_at_version(rows: CassandraMessages, channel_id: int, message_id: int, version: int) -> bool:
    message = await rows.find(channel_id, message_id)
    return message is not None and message.version == version


async def _is_gone(rows: CassandraMessages, channel_id: int, message_id: int) -> bool:
    return await rows.find(channel_id, message_id) is None
