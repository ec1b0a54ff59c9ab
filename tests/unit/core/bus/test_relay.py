"""The relay: each revision once and in order, whoever brings it."""

from collections.abc import AsyncIterator

import pytest

from core.bus.relay import Relay, RevisionGap
from core.domain.events import GUILD_MEMBER_UPDATE, GUILD_UPDATE, MESSAGE_CREATE
from core.domain.ids import shard_of
from core.wire.envelope import Envelope
from tests.contract.builders import flake, new_envelope
from tests.fakes.clock import FakeClock
from tests.fakes.redis.cluster import FakeCluster, KeepingProcess

NUM_SHARDS = 3
GUILD = flake(0)
SHARD = shard_of(GUILD, NUM_SHARDS)


@pytest.fixture
def cluster() -> FakeCluster:
    return FakeCluster(FakeClock(), NUM_SHARDS)


@pytest.fixture
async def worker(cluster: FakeCluster) -> AsyncIterator[KeepingProcess]:
    worker = cluster.worker()
    worker.start()
    await worker.open_logs()
    assert await worker.bus.wait_current(5)
    yield worker
    await worker.kill()


@pytest.fixture
def relay(worker: KeepingProcess) -> Relay:
    return Relay(bus=worker.bus, scripts=worker.scripts)


def events(*numbers: int) -> list[Envelope]:
    return [new_envelope(number, GUILD) for number in numbers]


async def test_relayed_events_have_their_revisions(relay: Relay, worker: KeepingProcess) -> None:
    position = await relay.relay(SHARD, 1, events(11, 12))
    assert await worker.bus.wait_passed(SHARD, position)
    read = await worker.bus.read(SHARD, 0)
    assert [(delivery.revision, delivery.envelope.id) for delivery in read] == [(1, 11), (2, 12)]
    assert await relay.find_revisions() == [2 if shard == SHARD else 0 for shard in range(NUM_SHARDS)]


async def test_gap_tells_what_is_there_and_is_counted(worker: KeepingProcess) -> None:
    gaps: list[int] = []
    relay = Relay(bus=worker.bus, scripts=worker.scripts, count_gap=lambda: gaps.append(1))
    await relay.relay(SHARD, 1, events(11))
    assert not gaps
    with pytest.raises(RevisionGap) as caught:
        await relay.relay(SHARD, 4, events(14))
    assert (caught.value.shard, caught.value.revision) == (SHARD, 1)
    assert len(gaps) == 1


async def test_repeat_is_left_out_and_has_the_position_of_all(relay: Relay, worker: KeepingProcess) -> None:
    await relay.relay(SHARD, 1, events(11, 12))
    position = await relay.relay(SHARD, 1, events(11, 12))
    assert await worker.bus.wait_passed(SHARD, position)
    assert len(await worker.bus.read(SHARD, 0)) == 2


async def test_events_that_change_rights_are_remembered_by_whose_they_change(
    relay: Relay, cluster: FakeCluster
) -> None:
    changes = [
        new_envelope(1, GUILD, GUILD_UPDATE),
        new_envelope(2, GUILD, GUILD_MEMBER_UPDATE, user_id=9),
        new_envelope(3, GUILD, MESSAGE_CREATE),
    ]
    await relay.relay(SHARD, 1, changes)
    data = cluster.server.data
    assert data.shards[f"{{{SHARD}}}"].perm == {str(GUILD): data.rel - 2, f"{GUILD}:9": data.rel - 1}
