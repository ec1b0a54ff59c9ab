"""Connections that are lost, a server that is killed, and logs that are away: no answer is wrong, and nothing is lost."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text

from core.domain.errors import Conflict, DomainError, OutcomeUnknown, Unavailable
from core.store.sql.engine import postgres
from core.store.sql.postgres.log_source import PostgresLogSource
from core.store.sql.postgres.outbox import LIFETIME_MS
from core.store.sql.postgres.store import PostgresStore
from core.store.sql.postgres.sweep import OutboxSweep
from core.wire.envelope import Envelope
from deploy.services.definition import find_free_port
from deploy.services.postgres_server import PostgresServer
from tests.contract.builders import flake, new_envelope, new_guild
from tests.integration.store.conftest import Processes
from tests.support.proxies.cutting_proxy import Cut, CuttingProxy
from tests.support.services import serving


@pytest.fixture
async def proxy(processes: Processes) -> AsyncIterator[CuttingProxy]:
    """A proxy before the database."""
    proxy = CuttingProxy(processes.address)
    await proxy.start()
    yield proxy
    await proxy.stop()


async def create(store: PostgresStore, number: int) -> None:
    """Create a guild and tell of it."""
    async with store.write(guilds=[flake(number)]) as tx:
        await tx.guilds.create(new_guild(number))
        tx.announce(new_envelope(number, flake(number)))


async def stored(store: PostgresStore, upto: int) -> list[int]:
    return [number for number in range(1, upto + 1) if await store.guilds.find(flake(number)) is not None]


def new_sweep(processes: Processes, store: PostgresStore, swept: list[int] | None = None) -> OutboxSweep:
    """`swept` gets the numbers of events that the sweep counts."""
    return OutboxSweep(
        outbox=store.outbox,
        relay=processes.relay,
        relaying=store.relaying,
        writer=store.writer,
        is_held=lambda: True,
        clock=processes.clock,
        count_events=([] if swept is None else swept).append,
    )


async def test_lost_answer_to_a_commit_that_was_done_is_a_success(processes: Processes, proxy: CuttingProxy) -> None:
    store = await processes.open(proxy.address)
    proxy.cut = Cut.AFTER
    await create(store, 1)
    assert await stored(store, 1) == [1] == await processes.told()


async def test_lost_commit_is_unavailable_and_changes_nothing(processes: Processes, proxy: CuttingProxy) -> None:
    store = await processes.open(proxy.address)
    proxy.cut = Cut.BEFORE
    with pytest.raises(Unavailable) as caught:
        await create(store, 1)
    assert not isinstance(caught.value, OutcomeUnknown)
    assert await stored(store, 1) == []
    assert await processes.told() == []
    await create(store, 1)
    assert await processes.told() == [1]
    processes.assert_contiguous()


@pytest.mark.parametrize("cut", [Cut.BEFORE, Cut.AFTER])
async def test_lost_commit_without_events_is_an_unknown_outcome(
    processes: Processes, proxy: CuttingProxy, cut: Cut
) -> None:
    store = await processes.open(proxy.address)
    proxy.cut = cut
    with pytest.raises(OutcomeUnknown):
        async with store.write() as tx:
            await tx.guilds.create(new_guild(1))


async def test_connection_that_is_lost_in_a_unit_rolls_back(processes: Processes) -> None:
    store = await processes.open()
    killed = text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle in transaction'")

    async def write() -> None:
        async with store.write(guilds=[flake(1)]) as tx:
            await tx.guilds.create(new_guild(1))
            await store.reads.fetch_all(killed)
            await tx.guilds.create(new_guild(2))

    with pytest.raises(Unavailable):
        await write()
    assert await stored(store, 2) == []
    await create(store, 1)
    assert await stored(store, 2) == [1]


async def test_unit_that_stands_still_loses_its_owners(processes: Processes, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that was stopped in a unit must not hold others up; when it goes on, its unit is void."""
    monkeypatch.setitem(postgres._LIMITS, "idle_in_transaction_session_timeout", "1s")  # also of who is awake
    asleep, awake = await processes.open(), await processes.open()
    entered, leave = asyncio.Event(), asyncio.Event()

    async def stand_still() -> None:
        async with asleep.write(guilds=[flake(1)]) as tx:
            await tx.guilds.create(new_guild(2))
            entered.set()
            await leave.wait()

    standing = asyncio.ensure_future(stand_still())
    await entered.wait()
    await create(awake, 1)
    leave.set()
    with pytest.raises(Unavailable):
        await standing
    assert await stored(awake, 2) == [1]


async def test_wait_for_an_owner_has_an_end(processes: Processes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(postgres._LIMITS, "lock_timeout", "100ms")
    one, other = await processes.open(), await processes.open()
    async with one.write(guilds=[flake(1)]):
        with pytest.raises(Unavailable):
            await create(other, 1)
    await create(other, 1)
    assert await processes.told() == [1]


async def test_error_that_a_body_swallows_voids_the_unit(processes: Processes) -> None:
    """PostgreSQL answers COMMIT with a rollback then, which must not look like a success."""
    store = await processes.open()
    await create(store, 1)

    async def write() -> None:
        async with store.write() as tx:
            await tx.guilds.create(new_guild(2))
            with contextlib.suppress(Conflict):
                await tx.guilds.create(new_guild(1))

    with pytest.raises(Unavailable):
        await write()
    assert await stored(store, 2) == [1]


async def test_units_are_refused_while_the_logs_are_known_to_be_away(processes: Processes) -> None:
    store = await processes.open()
    processes.relay.is_open = False
    with pytest.raises(Unavailable):
        await create(store, 1)
    processes.relay.is_open = True
    assert await stored(store, 1) == []


async def test_log_that_goes_away_after_a_commit_is_swept(processes: Processes) -> None:
    store = await processes.open()
    processes.relay.is_away = True
    with pytest.raises(OutcomeUnknown):
        await create(store, 1)
    assert await stored(store, 1) == [1]
    processes.relay.is_away = False
    swept: list[int] = []
    sweep = new_sweep(processes, store, swept)
    assert await sweep.look() == 0, "a committer may be on the way"
    assert await processes.told() == []
    assert await sweep.look() == 1
    assert await processes.told() == [1]
    assert await sweep.look() == 0
    assert swept == [1]


async def test_committer_relays_what_came_before(processes: Processes) -> None:
    """The events of a process that died between its commit and its relay."""
    store, dead = await processes.open(), await processes.open()
    owner = flake(1)
    for number in range(1, 4):
        await _commit_only(dead, new_envelope(number, owner))
    async with store.write(guilds=[owner]) as tx:
        tx.announce(new_envelope(4, owner))
    assert await processes.told() == [1, 2, 3, 4]
    assert processes.relay.gaps == 1
    processes.assert_contiguous()


async def test_outbox_is_purged_of_what_the_log_has_had_for_an_hour(processes: Processes) -> None:
    store = await processes.open()
    owner = flake(1)
    await create(store, 1)
    await _commit_only(store, new_envelope(2, owner))
    sweep = new_sweep(processes, store)
    shard = next(shard for shard, head in enumerate(await store.outbox.heads()) if head)
    await sweep.purge()
    assert [n for n, _ in await store.outbox.read(shard, after=0, limit=9)] == [1, 2]
    processes.clock.advance(LIFETIME_MS / 1000 + 1)
    await sweep.purge()
    assert [n for n, _ in await store.outbox.read(shard, after=0, limit=9)] == [2], "the log lacks it"
    source = PostgresLogSource(reads=store.reads, outbox=store.outbox, writer=store.writer)
    assert (await source.find_revisions())[shard] == 1
    assert [await source.next_generation() for _ in range(3)] == [1, 2, 3]


async def test_kill_of_the_server_loses_nothing_acknowledged_and_leaves_nothing_untold(tmp_path: Path) -> None:
    with serving(PostgresServer(folder=tmp_path, port=find_free_port())) as server:
        service = server.service
        assert isinstance(service, PostgresServer)
        processes = Processes(service.address)
        store = await processes.open()
        numbers = iter(range(1, 100_000))
        acknowledged: list[int] = []

        async def write(upto: int) -> None:
            while len(acknowledged) < upto:
                number = next(numbers)
                with contextlib.suppress(DomainError):
                    await create(store, number)
                    acknowledged.append(number)
                await asyncio.sleep(0.005)

        for kill in range(1, 4):
            writers = [asyncio.ensure_future(write(100 * kill)) for _ in range(8)]
            await write(100 * kill - 50)
            await asyncio.to_thread(server.kill)
            await asyncio.to_thread(server.start)
            await asyncio.gather(*writers)
        sweep = new_sweep(processes, store)
        await sweep.look()
        await sweep.look()
        found = await stored(store, next(numbers))
        assert set(acknowledged) <= set(found)
        assert await processes.told() == found
        processes.assert_contiguous()
        await processes.close()


async def _commit_only(store: PostgresStore, envelope: Envelope) -> None:
    """Commit an event as a process does that dies before it relays."""
    async with store.writer._pool.lend() as connection:
        await connection.driver.execute("BEGIN")
        await store.outbox.append(connection, [envelope])
        await connection.driver.execute("COMMIT")
