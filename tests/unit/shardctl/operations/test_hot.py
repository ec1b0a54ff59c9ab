"""The busiest guilds and channels, by the newest entries of logs."""

import pytest

from core.domain.ids import snowflake_at
from core.wire.envelope import Envelope, encode_envelope
from shardctl.operations.hot import find_hot, measure
from tests.contract.builders import new_envelope
from tests.fakes.clock import START_MS, FakeClock
from tests.fakes.redis.client import FakeRedis
from tests.fakes.redis.server import FakeRedisServer


def event(seconds_ago: float, guild: int, channel: int = 0, name: str = "MESSAGE_CREATE") -> Envelope:
    return new_envelope(snowflake_at(START_MS - round(seconds_ago * 1000)), guild, name, channel_id=channel)


def test_events_of_the_window_are_counted_by_guild_and_channel() -> None:
    envelopes = [event(70, 5, 50), event(9, 5, 50), event(8, 5, 51), event(7, 5, name="GUILD_UPDATE"), event(1, 6, 60)]
    found = {
        (kind, row.id): (row.shard, row.events_per_s, row.messages_per_s)
        for kind, row in measure(3, envelopes, now_ms=START_MS, window_s=10, is_cut=False)
    }
    assert found == {
        ("guild", "5"): (3, 0.3, 0.2),
        ("guild", "6"): (3, 0.1, 0.1),
        ("channel", "50"): (3, 0.1, 0.1),
        ("channel", "51"): (3, 0.1, 0.1),
        ("channel", "60"): (3, 0.1, 0.1),
    }


def test_busy_shard_is_measured_by_the_time_that_its_sample_reaches_back() -> None:
    envelopes = [event(2, 5), event(1.5, 5), event(1, 5), event(0, 5)]
    ((_, row),) = measure(0, envelopes, now_ms=START_MS, window_s=60, is_cut=True)
    assert row.events_per_s == 2.0


def test_old_entries_count_for_nothing() -> None:
    assert list(measure(0, [event(100, 5)], now_ms=START_MS, window_s=60, is_cut=True)) == []


@pytest.mark.parametrize("most", [1, 5])
async def test_busiest_of_all_logs_come_first(most: int) -> None:
    server = FakeRedisServer(FakeClock())
    redis = FakeRedis(server)
    for shard, counts in ((0, {5: 3, 6: 1}), (1, {7: 5})):
        redis.run("log_open", f"{{{shard}}}", 1, 0, 0, 1, 0, START_MS)
        for guild, count in counts.items():
            for n in range(count):
                redis.run("log_append", f"{{{shard}}}", encode_envelope(event(n, guild, guild * 10)))
    hot = await find_hot(redis, num_shards=2, now_ms=START_MS, window_s=60, sample=100, most=most)
    assert [row.id for row in hot.guilds] == ["7", "5", "6"][:most]
    assert [row.id for row in hot.channels] == ["70", "50", "60"][:most]
