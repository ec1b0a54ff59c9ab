"""The messages of another store: what is written is found as `CassandraMessages` would have written it, and a
comparison finds each difference.
"""

import contextlib
import itertools
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

import msgspec
import pytest
from prometheus_client import CollectorRegistry

from core.domain.ids import BUCKET_MS, bucket_of
from core.domain.messages.message import Message
from core.runtime.clock import SystemClock
from core.runtime.errors import StartError
from core.runtime.metrics.cluster_metrics import CassandraMetrics
from core.runtime.settings.settings import CassandraSettings
from core.store.cassandra.bulk import BulkMessages, DifferentMessages
from core.store.cassandra.connection import migrate, open_bulk
from core.store.cassandra.messages import CassandraMessages
from core.store.cassandra.statements import ADD_BUCKET, ADD_TO_AUTHOR, RAISE_LAST, WITHDRAW_FROM_AUTHOR
from tests.contract.builders import (
    FULL_ATTACHMENT,
    FULL_CALL,
    FULL_FORWARD,
    FULL_POLL,
    FULL_SOURCE,
    FULL_WEBHOOK,
    flake,
    new_message,
)
from tests.contract.cassandra.sessions import opened
from tests.contract.message_rows import Place, new_place

_KEYSPACES = itertools.count(1)
_BUCKET_IDS = BUCKET_MS << 22
_LATE_US = 1 << 60
"""A timestamp above those of all other writes."""


class Source(NamedTuple):
    """Messages of one channel in two partitions, as a store lists them."""

    place: Place
    lists: list[list[Message]]

    @classmethod
    def make(cls) -> "Source":
        place = new_place()
        embeds = msgspec.Raw(b'[{"title":"soup"}]')
        first = [
            new_message(
                flake(10 * number), place.channel_id, guild_id=place.guild_id, author_id=place.author_id, **fields
            )
            for number, fields in enumerate(
                (
                    {},
                    {"version": 7, "edited_ms": 5, "pinned": True},
                    {
                        "embeds": embeds,
                        "content": "x" * 6000,
                        "attachments": (FULL_ATTACHMENT,),
                        "forward": FULL_FORWARD,
                        "webhook": FULL_WEBHOOK,
                        "source": FULL_SOURCE,
                        "poll": FULL_POLL,
                        "call": FULL_CALL,
                    },
                    {},
                ),
                1,
            )
        ]
        later = msgspec.structs.replace(first[0], id=first[0].id + _BUCKET_IDS, nonce="n", mention_ids=(1, 2))
        return cls(place, [first[:2], first[2:], [later]])

    @property
    def messages(self) -> list[Message]:
        return [message for piece in self.lists for message in piece]

    def authors(self) -> Iterator[tuple[tuple[int, int, int], Sequence[tuple[int, int]]]]:
        for bucket, group in itertools.groupby(self.messages, lambda message: bucket_of(message.id)):
            yield (self.place.guild_id, self.place.author_id, bucket), [(m.channel_id, m.id) for m in group]

    def buckets(self) -> list[tuple[int, list[int]]]:
        return [(self.place.channel_id, sorted({bucket_of(message.id) for message in self.messages}))]

    def newest(self) -> list[list[tuple[int, int]]]:
        return [[(self.place.channel_id, self.messages[-1].id + 4)]]  # the newest was deleted


class Filled(NamedTuple):
    """A keyspace that has the messages of a source."""

    source: Source
    bulk: BulkMessages
    rows: CassandraMessages


@contextlib.asynccontextmanager
async def opened_bulk(settings: CassandraSettings, *, replaces: bool = False) -> AsyncIterator[BulkMessages]:
    metrics = CassandraMetrics(CollectorRegistry())
    async with open_bulk(settings, clock=SystemClock(), metrics=metrics, replaces=replaces) as (bulk, _):
        yield bulk


@pytest.fixture
async def keyspace(cassandra_settings: CassandraSettings) -> CassandraSettings:
    """The settings of an empty keyspace."""
    settings = msgspec.structs.replace(cassandra_settings, keyspace=f"bulk{next(_KEYSPACES)}")
    await migrate(settings)
    return settings


@pytest.fixture
async def filled(keyspace: CassandraSettings) -> AsyncIterator[Filled]:
    """A keyspace with messages."""
    source = Source.make()
    async with opened_bulk(keyspace) as bulk, opened(keyspace) as rows:
        assert await bulk.write(source.lists) == len(source.messages)
        assert await bulk.write_newest(source.newest()) == 1
        yield Filled(source, bulk, rows)


async def compare(filled: Filled) -> list[int]:
    source, bulk, _ = filled
    return [
        await bulk.compare(source.lists),
        await bulk.compare_authors(source.authors()),
        await bulk.compare_buckets(source.buckets()),
        await bulk.compare_newest(source.newest()),
    ]


async def test_written_messages_are_found_as_they_were(filled: Filled) -> None:
    source, _, rows = filled
    assert await compare(filled) == [5, 5, 2, 1]
    assert await rows.list_page(source.place.channel_id, limit=100) == source.messages[::-1]
    edited = source.messages[1]
    assert await rows.update(edited.channel_id, edited.id, {"content": "newer"}, expected_version=7) is not None
    assert await rows.delete(edited.channel_id, [source.messages[0].id]) == [source.messages[0].id]
    assert await rows.find(edited.channel_id, edited.id) == msgspec.structs.replace(edited, content="newer", version=8)


async def edit(filled: Filled) -> None:
    message = filled.source.messages[1]
    await filled.rows.update(message.channel_id, message.id, {"pinned": False}, expected_version=7)


async def lose(filled: Filled) -> None:
    await filled.rows.delete(filled.source.place.channel_id, [filled.source.messages[3].id])


async def add(filled: Filled, *, above: int) -> None:
    await filled.rows.insert(
        msgspec.structs.replace(filled.source.messages[above], id=filled.source.messages[above].id + 1)
    )


async def add_bucket(filled: Filled) -> None:
    await filled.rows._session.run(ADD_BUCKET, filled.source.place.channel_id, 9999, 1)


async def raise_newest(filled: Filled) -> None:
    newest = filled.source.messages[-1].id + 5
    await filled.rows._session.run(RAISE_LAST, filled.source.place.channel_id, newest, _LATE_US)


async def add_to_author(filled: Filled) -> None:
    key, listed = next(filled.source.authors())
    await filled.rows._session.run(ADD_TO_AUTHOR, *key, listed[-1][1] + 1, listed[-1][0], 1)


async def take_from_author(filled: Filled) -> None:
    key, listed = next(filled.source.authors())
    await filled.rows._session.run(WITHDRAW_FROM_AUTHOR, _LATE_US, *key, listed[0][1])


@pytest.mark.parametrize(
    "spoil",
    [
        edit,
        lose,
        partial(add, above=0),
        partial(add, above=1),
        partial(add, above=4),
        add_bucket,
        raise_newest,
        add_to_author,
        take_from_author,
    ],
    ids=["edit", "loss", "more", "between lists", "at the end", "bucket", "newest", "author more", "author loss"],
)
async def test_comparison_finds_each_difference(
    filled: Filled, spoil: Callable[[Filled], Coroutine[Any, Any, None]]
) -> None:
    await spoil(filled)
    with pytest.raises(DifferentMessages):
        await compare(filled)


async def test_keyspace_with_messages_is_refused_or_emptied(keyspace: CassandraSettings) -> None:
    source = Source.make()
    async with opened_bulk(keyspace) as bulk:
        await bulk.write(source.lists)
    with pytest.raises(StartError, match="--replace removes them"):
        async with opened_bulk(keyspace):
            pass
    # The timestamps are the same, and a smaller value would lose against what was there.
    smaller = [[msgspec.structs.replace(message, content="a") for message in piece] for piece in source.lists]
    async with opened_bulk(keyspace, replaces=True) as bulk:
        await bulk.write(smaller)
        assert await bulk.compare(smaller) == 5
