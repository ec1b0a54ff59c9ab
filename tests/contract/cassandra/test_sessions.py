"""Several sessions at one message, and thousands of requests of one session."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from prometheus_client import CollectorRegistry

from core.runtime.metrics.cluster_metrics import CassandraMetrics
from core.runtime.settings.settings import CassandraSettings
from core.store.cassandra.messages import CassandraMessages
from tests.contract.builders import flake, new_message
from tests.contract.cassandra.sessions import opened
from tests.contract.message_rows import Place, new_place

EDITORS = 6
EDITS = 8


@pytest.fixture
def metrics() -> CassandraMetrics:
    """The metrics of both sessions."""
    return CassandraMetrics(CollectorRegistry())


@pytest.fixture
async def sessions(
    cassandra_settings: CassandraSettings, metrics: CassandraMetrics
) -> AsyncIterator[list[CassandraMessages]]:
    """Two sessions, as two processes have them."""
    patient = {"write_timeout_s": 60, "metrics": metrics}
    async with opened(cassandra_settings, **patient) as first, opened(cassandra_settings, **patient) as second:
        yield [first, second]


@pytest.fixture
def place() -> Place:
    """Where the test's messages are."""
    return new_place()


async def test_edits_of_two_sessions_are_all_applied_and_each_once(
    sessions: list[CassandraMessages], place: Place
) -> None:
    """Each edit adds a letter to what it has read, so a lost or repeated one shows."""
    await sessions[0].insert(new_message(flake(1), place.channel_id, content=""))

    async def edit(rows: CassandraMessages, letter: str) -> None:
        done = 0
        while done < EDITS:
            message = await rows.find(place.channel_id, flake(1))
            assert message is not None
            changes = {"content": message.content + letter}
            edited = await rows.update(place.channel_id, flake(1), changes, expected_version=message.version)
            done += edited is not None

    await asyncio.gather(*(edit(sessions[n % 2], chr(ord("a") + n)) for n in range(EDITORS)))
    message = await sessions[1].find(place.channel_id, flake(1))
    assert message is not None
    assert message.version == EDITORS * EDITS
    assert sorted(message.content) == sorted("abcdef" * EDITS)


async def test_message_is_deleted_once_among_edits(
    sessions: list[CassandraMessages], metrics: CassandraMetrics, place: Place
) -> None:
    ids = [flake(number) for number in range(1, 31)]
    await asyncio.gather(*(sessions[0].insert(new_message(each, place.channel_id)) for each in ids))
    edits = asyncio.gather(
        *(
            rows.update(place.channel_id, each, {"content": "x"}, expected_version=0)
            for rows in sessions
            for each in ids
        ),
        return_exceptions=True,
    )
    answers = await asyncio.gather(*(rows.delete(place.channel_id, [each]) for rows in sessions for each in ids))
    await edits
    assert await sessions[0].list_page(place.channel_id) == []
    gone = [each for some in answers for each in some]
    assert sorted(set(gone)) == ids
    # A deletion whose answer got lost counts what is gone, whoever has deleted it.
    lost = metrics.call_errors_total.labels("delete", "OutcomeUnknown")._value.get()
    assert len(gone) - len(ids) <= lost


class PeakMetrics(CassandraMetrics):
    """Metrics that remember how many requests were under way at most."""

    __slots__ = ("now", "peak")

    def __init__(self) -> None:
        super().__init__(CollectorRegistry())
        self.now = self.peak = 0
        self.in_flight = self  # type: ignore[assignment]

    def inc(self) -> None:
        self.now += 1
        self.peak = max(self.peak, self.now)

    def dec(self) -> None:
        self.now -= 1


async def test_thousands_of_inserts_are_bounded_and_stored(cassandra_settings: CassandraSettings, place: Place) -> None:
    metrics = PeakMetrics()
    ids = [flake(number) for number in range(4000)]
    async with opened(cassandra_settings, metrics=metrics, requests_in_flight=64) as rows:
        await asyncio.gather(*(rows.insert(new_message(each, place.channel_id)) for each in ids))
        assert metrics.peak == 64
        assert metrics.now == 0
        listed = await rows.list_page(place.channel_id, limit=10_000)
    assert [message.id for message in listed] == ids[::-1]


async def test_cancelled_insert_gives_its_room_back(cassandra_settings: CassandraSettings, place: Place) -> None:
    metrics = PeakMetrics()
    async with opened(cassandra_settings, metrics=metrics, requests_in_flight=4) as rows:
        tasks = [asyncio.create_task(rows.insert(new_message(flake(n), place.channel_id))) for n in range(40)]
        await rows.insert(new_message(flake(100), place.channel_id))
        for task in tasks[::2]:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.gather(*(rows.insert(new_message(flake(n), place.channel_id)) for n in range(40, 80)))
        assert metrics.peak == 4
