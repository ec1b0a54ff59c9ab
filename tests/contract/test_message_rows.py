"""The rows of messages: inserts that may be repeated, withdrawals, pages, edits by version, deletions."""

import asyncio
import contextlib
import itertools
import random
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core.domain.errors import Invalid, UnknownMessage
from core.domain.ids import BUCKET_MS, MAX_SNOWFLAKE
from core.domain.messages.attachment import Attachment
from core.domain.messages.message import Message
from core.store.aggregates.messages.message_rows import MessageRows
from tests.contract.builders import (
    FULL_ATTACHMENT,
    FULL_CALL,
    FULL_FORWARD,
    FULL_POLL,
    FULL_SOURCE,
    FULL_WEBHOOK,
    flake,
    flake_at,
    new_message,
)
from tests.contract.message_rows import Place, new_place, open_cassandra_rows, open_postgres_rows, open_sqlite_rows
from tests.fakes.clock import START_MS, FakeClock
from tests.fakes.message_rows import FakeMessageRows
from tests.support.stores.databases import MigratedDatabase

BUCKET_S = BUCKET_MS / 1000


@pytest.fixture(params=["fake", "sqlite", "postgres", "cassandra"])
def opening(
    request: pytest.FixtureRequest, tmp_path: Path, migrated_database: MigratedDatabase
) -> AbstractAsyncContextManager[MessageRows]:
    """The rows of one backend, to be opened. A server is only started for the tests that use it."""
    clock = FakeClock()
    match request.param:
        case "fake":
            return contextlib.nullcontext(FakeMessageRows(clock=clock))
        case "sqlite":
            return open_sqlite_rows(tmp_path / "rows.db", migrated_database, clock)
        case "postgres":
            return open_postgres_rows(request.getfixturevalue("postgres_databases"), clock)
        case _:
            return open_cassandra_rows(request.getfixturevalue("cassandra_settings"), clock)


@pytest.fixture
async def rows(opening: AbstractAsyncContextManager[MessageRows]) -> AsyncIterator[MessageRows]:
    """The open rows."""
    async with opening as opened:
        yield opened


@pytest.fixture
def place() -> Place:
    """Where the test's messages are."""
    return new_place()


def full_message(place: Place) -> Message:
    """Make a message with a value in every field."""
    return Message(
        id=flake(40),
        channel_id=place.channel_id,
        guild_id=place.guild_id,
        author_id=place.author_id,
        type=19,
        content="Ünï 🐙\n\t 'quoted' \"double\"",
        tts=True,
        mention_everyone=True,
        mention_ids=(flake(2), flake(3)),
        mention_role_ids=(flake(20),),
        embeds=msgspec.Raw(b'[{"title":"x","color":1}]'),
        flags=(1 << 63) - 1,
        pinned=True,
        edited_ms=START_MS,
        version=0,
        nonce="n",
        nonce_is_int=True,
        reference_id=flake(39),
        attachments=(FULL_ATTACHMENT, Attachment(id=flake(38), filename="b", size=0)),
        forward=FULL_FORWARD,
        webhook=FULL_WEBHOOK,
        source=FULL_SOURCE,
        poll=FULL_POLL,
        call=FULL_CALL,
    )


async def insert(rows: MessageRows, place: Place, *message_ids: int, **fields: Any) -> None:
    for message_id in message_ids:
        await rows.insert(new_message(message_id, place.channel_id, **fields))


async def page(rows: MessageRows, place: Place, **bounds: int) -> list[int]:
    return [message.id for message in await rows.list_page(place.channel_id, **bounds)]


async def test_inserted_message_is_found_with_every_field(rows: MessageRows, place: Place) -> None:
    message = full_message(place)
    await rows.insert(message)
    assert await rows.find(place.channel_id, message.id) == message
    assert await rows.list_page(place.channel_id) == [message]


async def test_message_with_defaults_is_found_as_it_was(rows: MessageRows, place: Place) -> None:
    message = Message(id=flake(40), channel_id=place.channel_id, author_id=place.author_id)
    await rows.insert(message)
    assert await rows.find(place.channel_id, message.id) == message


async def test_message_is_found_in_its_own_channel_only(rows: MessageRows, place: Place) -> None:
    await insert(rows, place, flake(40))
    assert await rows.find(place.other_channel_id, flake(40)) is None
    assert await rows.find(place.channel_id, flake(41)) is None
    assert await rows.list_page(place.other_channel_id) == []


async def test_repeated_insert_changes_nothing(rows: MessageRows, place: Place) -> None:
    message = full_message(place)
    await rows.insert(message)
    await rows.insert(message)
    assert await rows.list_page(place.channel_id) == [message]
    edited = await rows.update(place.channel_id, message.id, {"content": "new"}, expected_version=0)
    await rows.insert(message)
    assert await rows.find(place.channel_id, message.id) == edited
    assert await rows.delete(place.channel_id, [message.id]) == [message.id]
    await rows.insert(message)
    assert await rows.find(place.channel_id, message.id) is None
    assert await rows.list_ids_by_author(place.guild_id, place.author_id, since_ms=START_MS - 1) == []


async def test_withdrawn_message_is_never_seen_however_late_its_insert_comes(rows: MessageRows, place: Place) -> None:
    early, late = full_message(place), msgspec.structs.replace(full_message(place), id=flake(41))
    await rows.insert(early)
    for message in (early, late):
        await rows.withdraw(message)
        await rows.withdraw(message)
        await rows.insert(message)
    assert await page(rows, place) == []
    assert await rows.find(place.channel_id, late.id) is None
    assert await rows.list_ids_by_author(place.guild_id, place.author_id, since_ms=START_MS - 1) == []
    with pytest.raises(UnknownMessage):
        await rows.update(place.channel_id, late.id, {"content": "x"}, expected_version=0)
    assert await rows.raise_version(place.channel_id, late.id, expected_version=0) is None
    assert await rows.delete(place.channel_id, [early.id, late.id]) == []


async def test_withdrawal_leaves_the_neighbours(rows: MessageRows, place: Place) -> None:
    await insert(rows, place, flake(1), flake(2), flake(3))
    await rows.withdraw(new_message(flake(2), place.channel_id))
    assert await page(rows, place) == [flake(3), flake(1)]


@pytest.mark.parametrize("fields", [{"content": "\ud800"}, {"flags": 1 << 64}])
async def test_message_that_cannot_be_stored_is_refused(
    rows: MessageRows, place: Place, fields: dict[str, object]
) -> None:
    with pytest.raises(Invalid):
        await insert(rows, place, flake(1), **fields)
    assert await page(rows, place) == []


async def test_pages_are_those_of_a_sorted_list(rows: MessageRows, place: Place) -> None:
    """Every kind of page, over buckets that are full, thin, empty and emptied."""
    seconds = [-9 * BUCKET_S, -5 * BUCKET_S, -3 * BUCKET_S, -2 * BUCKET_S, -BUCKET_S, 0]
    ids = [flake_at(second, number) for second in seconds for number in range(1 + int(-second // BUCKET_S) % 5 * 3)]
    await asyncio.gather(*(insert(rows, place, each) for each in ids))
    emptied = [each for each in ids if flake_at(seconds[2]) <= each < flake_at(seconds[3])]
    await rows.delete(place.channel_id, emptied + ids[::7])
    stored = sorted(set(ids) - set(emptied) - set(ids[::7]), reverse=True)
    for limit in (1, 4, 100):
        assert await page(rows, place, limit=limit) == stored[:limit]
        for bound in random.sample(ids, 6):
            older = [each for each in stored if each < bound]
            newer = [each for each in stored if each > bound]
            at = [each for each in stored if each == bound]
            assert await page(rows, place, before=bound, limit=limit) == older[:limit]
            assert await page(rows, place, after=bound, limit=limit) == newer[-limit:]
            below = limit - limit // 2
            expected = (newer[-(limit // 2) :] if limit > 1 else []) + (at + older)[:below]
            assert await page(rows, place, around=bound, limit=limit) == expected


async def test_pages_at_the_ends_of_all_ids(rows: MessageRows, place: Place) -> None:
    await insert(rows, place, flake(1), flake(2))
    assert await page(rows, place, before=MAX_SNOWFLAKE) == [flake(2), flake(1)]
    assert await page(rows, place, before=0) == []
    assert await page(rows, place, after=0) == [flake(2), flake(1)]
    assert await page(rows, place, after=MAX_SNOWFLAKE) == []
    assert await page(rows, place, around=MAX_SNOWFLAKE) == [flake(2), flake(1)]
    assert await page(rows, place, around=0) == [flake(2), flake(1)]


async def test_update_returns_the_message_as_stored(rows: MessageRows, place: Place) -> None:
    message = full_message(place)
    await rows.insert(message)
    changes = {
        "content": "",
        "embeds": msgspec.Raw(b"[]"),
        "mention_ids": (),
        "mention_role_ids": (flake(5), flake(6)),
        "mention_everyone": False,
        "flags": 0,
        "pinned": False,
        "edited_ms": START_MS + 5,
    }
    edited = await rows.update(place.channel_id, message.id, changes, expected_version=0)
    assert edited == msgspec.structs.replace(message, **changes, version=1)
    assert await rows.find(place.channel_id, message.id) == edited


async def test_update_against_another_version_is_none(rows: MessageRows, place: Place) -> None:
    await insert(rows, place, flake(1))
    assert await rows.update(place.channel_id, flake(1), {"content": "one"}, expected_version=1) is None
    assert await rows.update(place.channel_id, flake(1), {"content": "one"}, expected_version=0) is not None
    assert await rows.update(place.channel_id, flake(1), {"content": "two"}, expected_version=0) is None
    found = await rows.find(place.channel_id, flake(1))
    assert found is not None
    assert (found.content, found.version) == ("one", 1)


async def test_update_of_a_message_that_is_not_there_raises(rows: MessageRows, place: Place) -> None:
    with pytest.raises(UnknownMessage):
        await rows.update(place.channel_id, flake(1), {"content": "x"}, expected_version=0)
    assert await rows.find(place.channel_id, flake(1)) is None


async def test_concurrent_updates_of_one_version_apply_once(rows: MessageRows, place: Place) -> None:
    await insert(rows, place, flake(1))
    results = await asyncio.gather(
        *(rows.update(place.channel_id, flake(1), {"content": str(n)}, expected_version=0) for n in range(10))
    )
    winners = [result for result in results if result is not None]
    assert len(winners) == 1
    assert await rows.find(place.channel_id, flake(1)) == winners[0]


async def test_update_never_resurrects_a_deleted_message(rows: MessageRows, place: Place) -> None:
    await insert(rows, place, *(flake(number) for number in range(20)))
    update: Callable[[int], Any] = lambda number: rows.update(  # noqa: E731
        place.channel_id, flake(number), {"content": "x"}, expected_version=0
    )
    results = await asyncio.gather(
        *(update(number) for number in range(20)),
        rows.delete(place.channel_id, [flake(number) for number in range(20)]),
        return_exceptions=True,
    )
    *updated, deleted = results
    assert deleted == [flake(number) for number in range(20)]
    assert all(isinstance(each, Message | UnknownMessage) for each in updated)
    assert await page(rows, place) == []


async def test_raised_version_makes_an_edit_fail(rows: MessageRows, place: Place) -> None:
    await insert(rows, place, flake(1))
    raised = await rows.raise_version(place.channel_id, flake(1), expected_version=0)
    assert raised is not None
    assert (raised.content, raised.version) == ("hello", 1)
    assert await rows.update(place.channel_id, flake(1), {"content": "x"}, expected_version=0) is None
    assert await rows.raise_version(place.channel_id, flake(1), expected_version=0) == raised
    assert await rows.raise_version(place.channel_id, flake(2), expected_version=0) is None
    assert await page(rows, place) == [flake(1)]


async def test_delete_returns_those_that_were_there(rows: MessageRows, place: Place) -> None:
    old = flake_at(-3 * BUCKET_S)
    await insert(rows, place, old, flake(1), flake(2), flake(3))
    await rows.insert(new_message(flake(4), place.other_channel_id))
    gone = await rows.delete(place.channel_id, [flake(2), old, flake(99), flake(4), flake(2)])
    assert sorted(gone) == [old, flake(2)]
    assert await page(rows, place) == [flake(3), flake(1)]
    assert await rows.find(place.other_channel_id, flake(4)) is not None
    assert await rows.delete(place.channel_id, [flake(2)]) == []
    assert await rows.delete(place.channel_id, []) == []


async def test_many_messages_are_deleted_at_once(rows: MessageRows, place: Place) -> None:
    ids = [flake(number) for number in range(1, 251)]
    await asyncio.gather(*(insert(rows, place, each, guild_id=place.guild_id, author_id=each % 7) for each in ids))
    assert sorted(await rows.delete(place.channel_id, ids[:-1])) == ids[:-1]
    assert await page(rows, place) == ids[-1:]
    listed = await asyncio.gather(
        *(rows.list_ids_by_author(place.guild_id, author, since_ms=START_MS) for author in range(7))
    )
    assert list(itertools.chain(*listed)) == [(place.channel_id, ids[-1])]


async def test_message_is_deleted_by_one_of_many(rows: MessageRows, place: Place) -> None:
    await insert(rows, place, flake(1), flake(2))
    results = await asyncio.gather(*(rows.delete(place.channel_id, [flake(1), flake(2)]) for _ in range(5)))
    assert sorted(itertools.chain(*results)) == [flake(1), flake(2)]


async def test_last_ids_are_the_newest_ever_sent(rows: MessageRows, place: Place) -> None:
    await insert(rows, place, flake(5), flake(7), flake(6))
    await rows.insert(new_message(flake_at(-BUCKET_S), place.other_channel_id))
    channels = [place.channel_id, place.other_channel_id, place.guild_id]
    expected = {place.channel_id: flake(7), place.other_channel_id: flake_at(-BUCKET_S)}
    assert await rows.last_ids(channels) == expected
    await rows.delete(place.channel_id, [flake(7)])
    await insert(rows, place, flake_at(-2))
    assert await rows.last_ids(set(channels)) == expected
    assert await rows.last_ids([]) == {}


async def test_last_ids_of_many_channels(rows: MessageRows) -> None:
    places = [new_place() for _ in range(120)]
    await asyncio.gather(*(insert(rows, place, flake(number)) for number, place in enumerate(places)))
    expected = {place.channel_id: flake(number) for number, place in enumerate(places)}
    assert await rows.last_ids([channel for place in places for channel in place[:2]]) == expected


async def test_channels_with_messages_are_listed_in_pages(rows: MessageRows) -> None:
    places = [new_place() for _ in range(5)]
    for place in places:
        await insert(rows, place, flake(1), flake(2))
    await rows.delete(places[0].channel_id, [flake(1), flake(2)])
    found: list[int] = []
    last: int | None = None
    while page := await rows.list_channels(after=last, limit=2):
        found += page
        last = page[-1]
    assert len(set(found)) == len(found)
    assert {place.channel_id for place in places[1:]} <= set(found)


async def test_messages_of_an_author_are_listed_since_a_time(rows: MessageRows, place: Place) -> None:
    week_s = 7 * 24 * 60 * 60
    stranger = new_place()

    async def send(seconds: float, **fields: Any) -> tuple[int, int]:
        values = {"channel_id": place.channel_id, "guild_id": place.guild_id, "author_id": place.author_id, **fields}
        message = Message(id=flake_at(seconds), **values)
        await rows.insert(message)
        return message.channel_id, message.id

    await send(-week_s - 1)
    first = await send(-week_s)
    second = await send(-10, channel_id=place.other_channel_id)
    deleted = await send(-9)
    await send(-8, guild_id=stranger.guild_id)
    await send(-7, author_id=stranger.author_id)
    await send(-6, guild_id=0)
    await rows.delete(place.channel_id, [deleted[1]])
    since_ms = START_MS - week_s * 1000
    listed = await rows.list_ids_by_author(place.guild_id, place.author_id, since_ms=since_ms)
    assert sorted(listed) == sorted([first, second])


async def test_backend_answers(rows: MessageRows) -> None:
    await rows.ping()
