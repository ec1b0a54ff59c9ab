"""A Cassandra that stands still, dies, lacks replicas, or has had many messages deleted."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Iterator

import msgspec
import pytest
from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, ExecutionProfile
from cassandra.policies import DCAwareRoundRobinPolicy
from prometheus_client import CollectorRegistry

from core.domain.errors import OutcomeUnknown, Unavailable
from core.domain.ids import BUCKET_MS
from core.runtime.metrics.cluster_metrics import CassandraMetrics
from core.runtime.settings.settings import CassandraSettings
from core.store.cassandra.connection import migrate
from core.store.cassandra.messages import CassandraMessages
from deploy.services.definition import LOOPBACK
from deploy.services.process import ServiceProcess
from tests.contract.builders import flake, flake_at, new_message
from tests.contract.cassandra.sessions import WAIT_S, opened
from tests.contract.message_rows import Place, new_place
from tests.support.services import define_cassandra, serving

MANY_TOMBSTONES = 300
"""What the server of this file allows one read to pass over, instead of 100,000."""

PAUSE_S = 3 * WAIT_S
"""How long it stands still."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceProcess]:
    """A Cassandra that the tests of this file stop, kill and start again."""
    limits = {"tombstone_warn_threshold": "200", "tombstone_failure_threshold": str(MANY_TOMBSTONES)}
    with serving(define_cassandra(tmp_path_factory.mktemp("cassandra"), limits)) as process:
        yield process


@pytest.fixture
async def settings(server: ServiceProcess) -> CassandraSettings:
    """The settings of a keyspace with tables."""
    made = CassandraSettings(contact_points=(LOOPBACK,), port=server.service.port, replication=1)
    await migrate(made)
    return made


@pytest.fixture
async def rows(settings: CassandraSettings) -> AsyncIterator[CassandraMessages]:
    """A session whose writes are repeated for as long as a start of the server takes."""
    async with opened(settings, request_timeout_s=WAIT_S, write_timeout_s=90) as session:
        yield session


@pytest.fixture
def place() -> Place:
    """Where the test's messages are."""
    return new_place()


@contextlib.contextmanager
def paused(server: ServiceProcess) -> Iterator[None]:
    """Let the server stand still until the end of the context."""
    server.pause()
    try:
        yield
    finally:
        server.go_on()


async def stored(settings: CassandraSettings, place: Place) -> list[int]:
    async with opened(settings) as patient:
        return [message.id for message in await patient.list_page(place.channel_id, limit=10_000)]


async def test_pause_loses_nothing_and_does_nothing_twice(
    rows: CassandraMessages, settings: CassandraSettings, server: ServiceProcess, place: Place
) -> None:
    """Every message is stored, or refused and not there."""

    ids = [flake(number) for number in range(1000)]
    with paused(server):
        asyncio.get_running_loop().call_later(PAUSE_S, server.go_on)
        inserts = (rows.insert(new_message(each, place.channel_id)) for each in ids)
        answers = await asyncio.gather(*inserts, return_exceptions=True)
    assert {type(answer) for answer in answers} <= {type(None), Unavailable}
    acknowledged = [each for each, answer in zip(ids, answers, strict=True) if answer is None]
    assert len(acknowledged) >= 256
    assert await stored(settings, place) == acknowledged[::-1]
    async with opened(settings) as patient:
        assert await patient.last_ids([place.channel_id]) == {place.channel_id: acknowledged[-1]}


async def test_kill_loses_nothing_acknowledged_and_stores_nothing_refused(
    rows: CassandraMessages, settings: CassandraSettings, server: ServiceProcess, place: Place
) -> None:
    acknowledged: list[int] = []
    refusals: set[type[Exception]] = set()
    restart: list[asyncio.Task[bool]] = []
    is_over = asyncio.Event()
    numbers = itertools.count()

    async def send() -> None:
        while not is_over.is_set():
            message_id = flake(next(numbers))
            try:
                await rows.insert(new_message(message_id, place.channel_id))
            except Unavailable as error:
                refusals.add(type(error))
                is_over.set()
            else:
                acknowledged.append(message_id)
                if len(acknowledged) == 300:
                    server.kill()
                    restart.append(asyncio.create_task(asyncio.to_thread(server.start)))

    async with asyncio.timeout(60):
        await asyncio.gather(*(send() for _ in range(100)))
    await restart[0]
    await _answering(rows)
    assert refusals == {Unavailable}
    assert await stored(settings, place) == sorted(acknowledged, reverse=True)


async def test_server_that_is_away_refuses_at_once_and_is_used_again(
    rows: CassandraMessages, settings: CassandraSettings, server: ServiceProcess, place: Place
) -> None:
    server.kill()
    await _noticed(rows)
    await _refused(rows, place)
    await asyncio.to_thread(server.start)
    await _answering(rows)
    await rows.insert(new_message(flake(2), place.channel_id))
    assert (await stored(settings, place))[0] == flake(2)


async def _noticed(rows: CassandraMessages) -> None:
    """Wait until a session knows that its server has gone."""
    async with asyncio.timeout(60):
        while True:
            try:
                await rows.ping()
            except Unavailable:
                return


async def _refused(rows: CassandraMessages, place: Place) -> None:
    message = new_message(flake(1), place.channel_id)
    channel_id, message_id = place.channel_id, message.id
    answers = await asyncio.gather(
        rows.insert(message),
        rows.withdraw(message),
        rows.find(channel_id, message_id),
        rows.update(channel_id, message_id, {"content": "x"}, expected_version=0),
        rows.raise_version(channel_id, message_id, expected_version=0),
        rows.delete(channel_id, [message_id]),
        rows.list_page(channel_id),
        rows.list_ids_by_author(1, 1, since_ms=0),
        rows.last_ids([channel_id]),
        rows.ping(),
        return_exceptions=True,
    )
    assert [type(answer) for answer in answers] == [Unavailable] * len(answers)


async def test_too_few_replicas_refuse_and_store_nothing(settings: CassandraSettings, place: Place) -> None:
    """With two copies and one server there is no quorum, and everybody knows it before a write."""
    settings = msgspec.structs.replace(settings, keyspace="lonely")
    await migrate(settings)
    message = new_message(flake(1), place.channel_id)
    async with opened(settings, write_timeout_s=20) as rows:
        await rows.insert(message)
        await _alter(settings, replication=2)
        await _refused(rows, place)
        await _alter(settings, replication=1)
        assert await rows.list_page(place.channel_id) == [message]


async def test_pages_pass_over_more_deleted_messages_than_a_read_may(settings: CassandraSettings, place: Place) -> None:
    metrics = CassandraMetrics(CollectorRegistry())
    day_s = BUCKET_MS / 1000 / 10
    async with opened(settings, metrics=metrics) as rows:
        ids = [flake_at(-day * day_s, number) for day in range(12, 0, -1) for number in range(150)]
        await asyncio.gather(*(rows.insert(new_message(each, place.channel_id)) for each in ids))
        kept = [ids[0], ids[-1], *ids[::400]]
        await rows.delete(place.channel_id, set(ids) - set(kept))
        expected = sorted(set(kept), reverse=True)
        assert await stored(settings, place) == expected
        for bound in (expected[1], ids[1000]):
            older = await rows.list_page(place.channel_id, before=bound)
            newer = await rows.list_page(place.channel_id, after=bound)
            assert [message.id for message in older] == [each for each in expected if each < bound]
            assert [message.id for message in newer] == [each for each in expected if each > bound]
        assert [message.id for message in await rows.list_page(place.channel_id, limit=1)] == expected[:1]
    refusals = metrics.call_errors_total.labels("list", "TooManyTombstones")
    assert refusals._value.get() > 0


async def test_unknown_outcome_is_told_when_the_tries_are_over(
    settings: CassandraSettings, server: ServiceProcess, place: Place
) -> None:
    message = new_message(flake(1), place.channel_id)
    async with opened(settings, request_timeout_s=WAIT_S, write_timeout_s=0.1) as rows:
        with paused(server):
            for call in (rows.insert(message), rows.withdraw(message)):
                with pytest.raises(OutcomeUnknown):
                    await call


async def _answering(rows: CassandraMessages) -> None:
    """Wait until the session has connected anew."""
    async with asyncio.timeout(60):
        while True:
            try:
                await rows.ping()
            except Unavailable:
                continue
            return


async def _alter(settings: CassandraSettings, *, replication: int) -> None:
    def alter() -> None:
        profile = ExecutionProfile(load_balancing_policy=DCAwareRoundRobinPolicy(settings.datacenter))
        profiles = {EXEC_PROFILE_DEFAULT: profile}
        with Cluster([LOOPBACK], port=settings.port, protocol_version=5, execution_profiles=profiles) as cluster:
            cluster.connect().execute(
                f"ALTER KEYSPACE {settings.keyspace} WITH replication = "
                f"{{'class': 'NetworkTopologyStrategy', '{settings.datacenter}': {replication}}}"
            )

    await asyncio.to_thread(alter)
