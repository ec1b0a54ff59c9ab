"""A scan finds every message and reaction once, whatever page it is on."""

import itertools
from collections.abc import AsyncIterator

import msgspec
import pytest
from prometheus_client import CollectorRegistry

from core.domain.ids import BUCKET_MS
from core.domain.messages.reaction import Reaction, ReactionCount
from core.runtime.clock import SystemClock
from core.runtime.metrics.cluster_metrics import CassandraMetrics
from core.runtime.settings.settings import CassandraSettings
from core.store.cassandra import scan as scans
from core.store.cassandra.connection import migrate, open_messages, open_scan
from core.store.cassandra.messages import CassandraMessages
from tests.contract.builders import flake, flake_at, new_message

_KEYSPACES = itertools.count()
CHANNELS = (77, 78)


@pytest.fixture
async def settings(cassandra_settings: CassandraSettings) -> CassandraSettings:
    settings = msgspec.structs.replace(cassandra_settings, keyspace=f"scan{next(_KEYSPACES)}")
    await migrate(settings)
    return settings


@pytest.fixture
async def messages(settings: CassandraSettings) -> AsyncIterator[CassandraMessages]:
    metrics = CassandraMetrics(CollectorRegistry())
    async with open_messages(settings, clock=SystemClock(), metrics=metrics) as opened:
        yield opened


def reaction(message_id: int, user_id: int, emoji: str) -> Reaction:
    return Reaction(
        channel_id=CHANNELS[0], message_id=message_id, emoji=emoji, user_id=user_id, id=flake(100 + user_id)
    )


async def test_scan_finds_everything_once(
    settings: CassandraSettings, messages: CassandraMessages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scans, "_PAGE_ROWS", 2)
    ids = [flake(1), flake(2), flake(3), flake_at(-2 * BUCKET_MS / 1000)]
    sent = [new_message(id_, channel_id) for id_ in ids for channel_id in CHANNELS]
    for message in sent:
        await messages.insert(message)
    await messages.delete(CHANNELS[1], [flake(2)])
    reactions = [reaction(flake(1), user_id, emoji) for user_id in (1, 2, 3) for emoji in "xy"]
    reactions += [reaction(flake(3), 1, "z")]
    for each in reactions:
        await messages.reactions.add(each, may_begin=True)
    gone = reaction(flake(2), 1, "x")
    await messages.reactions.add(gone, may_begin=True)
    await messages.reactions.remove(gone)
    async with open_scan(settings, clock=SystemClock()) as scan:
        found = [message async for page in scan.list_messages() for message in page]
        reacted = [each async for each in scan.list_reacted()]
        newest = [each async for each in scan.list_newest()]
    left = [message for message in sent if (message.channel_id, message.id) != (CHANNELS[1], flake(2))]
    assert sorted(found, key=lambda each: (each.channel_id, each.id)) == sorted(
        left, key=lambda each: (each.channel_id, each.id)
    )
    assert {each.reactions[0].message_id: each.shown for each in reacted} == {
        flake(1): (ReactionCount("x", 3), ReactionCount("y", 3)),
        flake(3): (ReactionCount("z", 1),),
    }
    assert sorted((each for part in reacted for each in part.reactions), key=lambda each: (each.id, each.emoji)) == (
        sorted(reactions, key=lambda each: (each.id, each.emoji))
    )
    assert dict(newest) == dict.fromkeys(CHANNELS, flake(3))
    assert len(newest) == len(CHANNELS)
