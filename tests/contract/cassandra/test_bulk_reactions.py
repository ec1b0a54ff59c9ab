"""Reactions of another store in Cassandra: found as they were, older than changes that follow, and compared."""

import itertools
from collections.abc import AsyncIterator
from typing import NamedTuple

import msgspec
import pytest
from prometheus_client import CollectorRegistry

from core.domain.messages.reaction import Counts, Reaction, ReactionCount
from core.runtime.clock import SystemClock
from core.runtime.metrics.cluster_metrics import CassandraMetrics
from core.runtime.settings.settings import CassandraSettings
from core.store.cassandra.bulk import DifferentMessages
from core.store.cassandra.bulk_reactions import BulkReactions
from core.store.cassandra.connection import migrate, open_bulk, open_messages
from core.store.cassandra.messages import CassandraMessages
from tests.contract.builders import flake, new_message

CHANNEL = 77
MESSAGE_ID = flake(1)
_KEYSPACES = itertools.count()


class Filled(NamedTuple):
    """A keyspace with the reactions of a source."""

    bulk: BulkReactions
    messages: CassandraMessages
    reactions: list[list[Reaction]]
    counts: list[tuple[int, int, Counts]]


def reaction(user_id: int, emoji: str = "x") -> Reaction:
    return Reaction(channel_id=CHANNEL, message_id=MESSAGE_ID, emoji=emoji, user_id=user_id, id=flake(user_id))


@pytest.fixture
async def filled(cassandra_settings: CassandraSettings) -> AsyncIterator[Filled]:
    settings = msgspec.structs.replace(cassandra_settings, keyspace=f"bulk_reactions{next(_KEYSPACES)}")
    await migrate(settings)
    metrics = [CassandraMetrics(CollectorRegistry()) for _ in range(2)]
    pieces = [[reaction(1), reaction(2)], [reaction(3, "y")]]
    counts: list[tuple[int, int, Counts]] = [(CHANNEL, MESSAGE_ID, (ReactionCount("x", 2), ReactionCount("y", 1)))]
    async with (
        open_bulk(settings, clock=SystemClock(), metrics=metrics[0], replaces=False) as (_, bulk),
        open_messages(settings, clock=SystemClock(), metrics=metrics[1]) as messages,
    ):
        await messages.insert(new_message(MESSAGE_ID, CHANNEL))
        assert await bulk.write(pieces) == 3
        assert await bulk.write_counts(counts) == 1
        yield Filled(bulk, messages, pieces, counts)


async def test_written_reactions_are_found_as_they_were_and_may_change(filled: Filled) -> None:
    assert await filled.bulk.compare(filled.reactions) == 3
    assert await filled.bulk.compare_counts(filled.counts) == 1
    rows = filled.messages.reactions
    assert await rows.find(reaction(3, "y")) == reaction(3, "y")
    assert await rows.remove(reaction(1))
    assert await rows.add(reaction(9), may_begin=False)
    assert await rows.count(CHANNEL, [MESSAGE_ID]) == {MESSAGE_ID: (ReactionCount("x", 2), ReactionCount("y", 1))}
    assert await rows.list_user_ids(CHANNEL, MESSAGE_ID, "x", is_burst=False, after=0, limit=9) == [2, 9]


async def test_difference_is_found(filled: Filled) -> None:
    other = msgspec.structs.replace(reaction(1), id=5)
    with pytest.raises(DifferentMessages):
        await filled.bulk.compare([[other]])
    with pytest.raises(DifferentMessages):
        await filled.bulk.compare_counts([(CHANNEL, MESSAGE_ID, (ReactionCount("x", 2),))])
    with pytest.raises(DifferentMessages):
        await filled.bulk.compare([[reaction(4)]])
