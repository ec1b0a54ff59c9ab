"""Units of work: isolated, atomic, in order, and safe against callers that are cancelled."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from core.bus.interfaces import Bus, Delivery
from core.domain.errors import Invalid, Unavailable
from core.domain.ids import shard_of
from core.store.interfaces import Store, Transaction
from core.store.owners import OwnerNotNamed
from tests.contract.backends import EMBEDDED, StoreBackend
from tests.contract.builders import add_guild, flake, message_created, new_account, new_envelope, new_guild, new_message


class Boom(Exception):
    """The error that a body raises."""


def listen(bus: Bus) -> list[Delivery]:
    """Collect every delivery from now on."""
    heard: list[Delivery] = []
    bus.subscribe(heard.append)
    return heard


def ids_of(deliveries: list[Delivery]) -> list[int]:
    return [delivery.envelope.id for delivery in deliveries]


async def read_log(bus: Bus) -> list[int]:
    """Return the ids of the whole log by position."""
    deliveries = [delivery for shard in range(bus.num_shards) for delivery in await bus.read(shard, 0, 100_000)]
    return ids_of(sorted(deliveries, key=lambda delivery: delivery.position))


async def test_unit_reads_its_own_writes_and_others_do_not(store: Store) -> None:
    async with store.write() as tx:
        await tx.guilds.create(new_guild(1))
        assert await tx.guilds.find(flake(1)) == new_guild(1)
        assert await store.guilds.find(flake(1)) is None
    assert await store.guilds.find(flake(1)) == new_guild(1)


async def test_body_that_raises_rolls_back_and_announces_nothing(store: Store, bus: Bus) -> None:
    heard = listen(bus)

    async def write() -> None:
        async with store.write(guilds=[flake(1)]) as tx:
            await tx.guilds.create(new_guild(1))
            tx.announce(new_envelope(5, flake(1)))
            raise Boom

    with pytest.raises(Boom):
        await write()
    async with store.write() as tx:
        await tx.guilds.create(new_guild(2))
    assert await store.guilds.find(flake(1)) is None
    assert heard == []
    assert await read_log(bus) == []


async def test_failed_unit_does_not_touch_those_in_the_same_commit(store: Store, bus: Bus) -> None:
    heard = listen(bus)

    async def write(number: int) -> None:
        async with store.write(guilds=[flake(100)]) as tx:
            await tx.guilds.create(new_guild(number))
            tx.announce(new_envelope(number, flake(100)))
            if number % 3 == 0:
                raise Boom

    results = await asyncio.gather(*(write(number) for number in range(1, 31)), return_exceptions=True)
    good = [number for number in range(1, 31) if number % 3]
    assert [number for number, result in enumerate(results, 1) if result is None] == good
    assert [number for number in range(1, 31) if await store.guilds.find(flake(number))] == good
    assert ids_of(heard) == good == await read_log(bus)


async def test_error_of_a_statement_rolls_back_its_unit_alone(store: Store) -> None:
    async with store.write() as tx:
        await tx.guilds.create(new_guild(1))

    async def write(number: int) -> None:
        async with store.write() as tx:
            await tx.users.create(new_account(number))
            await tx.guilds.create(new_guild(1 if number == 3 else number))

    results = await asyncio.gather(*(write(number) for number in range(2, 6)), return_exceptions=True)
    assert [result is None for result in results] == [True, False, True, True]
    assert await store.users.find(flake(3)) is None
    assert await store.guilds.find(flake(4)) is not None


async def test_units_of_an_owner_run_alone_and_in_the_order_of_the_calls(store: Store, bus: Bus) -> None:
    heard = listen(bus)
    inside = 0
    order: list[int] = []

    async def write(number: int) -> None:
        nonlocal inside
        async with store.write(guilds=[flake(100)]) as tx:
            inside += 1
            assert inside == 1
            order.append(number)
            await tx.guilds.create(new_guild(number))
            tx.announce(new_envelope(number, flake(100)), new_envelope(1000 + number, flake(100)))
            inside -= 1

    await asyncio.gather(*(write(number) for number in range(50)))
    assert order == list(range(50))
    assert ids_of(heard) == [place for number in range(50) for place in (number, 1000 + number)]
    assert await read_log(bus) == ids_of(heard)


async def test_counters_incremented_by_many_units_lose_nothing(store: Store) -> None:
    async with store.write() as tx:
        await tx.guilds.create(new_guild(1, afk_timeout=0))

    async def increment() -> None:
        async with store.write(guilds=[flake(1)]) as tx:
            guild = await tx.guilds.find(flake(1))
            assert guild is not None
            await tx.guilds.update(flake(1), {"afk_timeout": guild.afk_timeout + 1})

    await asyncio.gather(*(increment() for _ in range(50)))
    guild = await store.guilds.find(flake(1))
    assert guild is not None
    assert guild.afk_timeout == 50


@pytest.mark.parametrize(
    ("users", "guilds", "owner"),
    [
        ((), (), {"guild_id": flake(1)}),
        ((2,), (3,), {"guild_id": flake(1)}),
        ((1,), (), {"guild_id": flake(1)}),
        ((), (), {"user_id": flake(1)}),
        ((), (1,), {"user_id": flake(1)}),
        ((2,), (3,), {"user_id": flake(1)}),
        ((1,), (3,), {"guild_id": flake(2), "user_id": flake(1)}),
    ],
)
async def test_event_of_an_owner_who_was_not_named_is_refused(
    store: Store, bus: Bus, users: tuple[int, ...], guilds: tuple[int, ...], owner: dict[str, int]
) -> None:
    async def write() -> None:
        async with store.write(users=[flake(n) for n in users], guilds=[flake(n) for n in guilds]) as tx:
            await tx.guilds.create(new_guild(9))
            tx.announce(new_envelope(1, **owner))

    with pytest.raises(OwnerNotNamed):
        await write()
    assert await store.guilds.find(flake(9)) is None, "the unit is void"
    assert await read_log(bus) == []


async def test_guilds_may_be_named_in_the_body(store: Store, bus: Bus) -> None:
    async with store.write(users=[flake(1)]) as tx:
        await tx.lock(guilds=[flake(3), flake(2)])
        tx.announce(*(new_envelope(n, flake(n)) for n in (2, 3)), new_envelope(4, user_id=flake(1)))
    assert sorted(await read_log(bus)) == [2, 3, 4]


async def test_guilds_are_named_once(store: Store) -> None:
    """Two units that each held a guild and asked for the other's would wait for ever."""

    async def lock_twice(tx: Transaction) -> None:
        await tx.lock(guilds=[flake(2)])
        await tx.lock(guilds=[flake(3)])

    with pytest.raises(OwnerNotNamed):
        async with store.write(guilds=[flake(2)]) as tx:
            await tx.lock(guilds=[flake(1)])
    with pytest.raises(OwnerNotNamed):
        async with store.write(users=[flake(1)]) as tx:
            await lock_twice(tx)


async def test_listener_has_run_before_the_caller_goes_on(store: Store, bus: Bus) -> None:
    heard = listen(bus)
    async with store.write(guilds=[flake(1)]) as tx:
        tx.announce(new_envelope(1, flake(1)))
        assert heard == []
    assert ids_of(heard) == [1]


@EMBEDDED
async def test_listener_has_run_before_the_sender_of_a_message_goes_on(store: Store, bus: Bus) -> None:
    heard = listen(bus)
    await store.messages.add(new_message(flake(2), flake(30)), [new_envelope(2, flake(1))])
    assert ids_of(heard) == [2]


async def test_listener_sees_committed_rows(store: Store, bus: Bus) -> None:
    """A cache that reads when an event drops its entry must not read the old row."""
    found: list[asyncio.Task[object]] = []
    bus.subscribe(lambda _: found.append(asyncio.ensure_future(store.guilds.find(flake(1)))))
    async with store.write(guilds=[flake(1)]) as tx:
        await tx.guilds.create(new_guild(1))
        tx.announce(new_envelope(1, flake(1)))
    assert await found[0] == new_guild(1)


async def test_deliveries_name_shard_and_growing_positions(store: Store, bus: Bus) -> None:
    heard = listen(bus)
    for number in range(1, 9):
        async with store.write(guilds=[flake(number) + (number << 22)]) as tx:
            tx.announce(new_envelope(number, flake(number) + (number << 22)))
    assert [delivery.shard for delivery in heard] == [
        shard_of(delivery.envelope.owner_id, bus.num_shards) for delivery in heard
    ]
    assert len({delivery.shard for delivery in heard}) == bus.num_shards
    positions = [delivery.position for delivery in heard]
    assert positions == sorted(set(positions))
    assert positions[0] > 0


@EMBEDDED
async def test_messages_and_units_keep_the_order_of_the_calls(store: Store, bus: Bus) -> None:
    heard = listen(bus)
    calls: list[Awaitable[object]] = []

    async def write(number: int) -> None:
        async with store.write(guilds=[flake(100)]) as tx:
            tx.announce(new_envelope(number, flake(100)))

    for number in range(60):
        if number % 4 == 1:
            calls.append(write(number))
        else:
            message = new_message(flake(number), flake(30))
            calls.append(store.messages.add(message, [new_envelope(number, flake(100))]))
    await asyncio.gather(*calls)
    assert ids_of(heard) == list(range(60)) == await read_log(bus)


async def cancelled_at(store: Store, reach: Callable[[Transaction, asyncio.Event], Awaitable[None]]) -> None:
    """Run a unit that creates guild 1, and cancel it when it has set its event."""
    reached = asyncio.Event()

    async def write() -> None:
        async with store.write(guilds=[flake(1)]) as tx:
            await tx.guilds.create(new_guild(1))
            tx.announce(new_envelope(1, flake(1)))
            await reach(tx, reached)

    task = asyncio.ensure_future(write())
    await reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_cancel_in_the_body_rolls_back_and_frees_the_writer(store: Store, bus: Bus) -> None:
    async def wait_forever(tx: Transaction, reached: asyncio.Event) -> None:
        reached.set()
        await asyncio.Event().wait()

    await cancelled_at(store, wait_forever)
    async with store.write() as tx:
        assert await tx.guilds.find(flake(1)) is None
    assert await read_log(bus) == []


async def test_cancel_in_a_statement_rolls_back_and_spares_the_others(store: Store, bus: Bus) -> None:
    async def write_more(tx: Transaction, reached: asyncio.Event) -> None:
        asyncio.get_running_loop().call_soon(reached.set)
        for number in range(100, 200):
            await tx.guilds.create(new_guild(number))

    async def other(number: int) -> None:
        async with store.write(guilds=[flake(number)]) as tx:
            await tx.guilds.create(new_guild(number))
            tx.announce(new_envelope(number, flake(number)))

    before = asyncio.ensure_future(other(2))
    cancelled = asyncio.ensure_future(cancelled_at(store, write_more))
    after = asyncio.ensure_future(other(3))
    await asyncio.gather(before, cancelled, after)
    assert await store.guilds.find(flake(1)) is None
    assert await store.guilds.find(flake(100)) is None
    assert sorted(await read_log(bus)) == [2, 3]


async def test_cancel_before_the_turn_skips_the_unit(store: Store, bus: Bus) -> None:
    entered = asyncio.Event()
    leave = asyncio.Event()

    async def hold() -> None:
        async with store.write(guilds=[flake(1)]) as tx:
            tx.announce(new_envelope(1, flake(1)))
            entered.set()
            await leave.wait()

    async def write(number: int) -> None:
        async with store.write(guilds=[flake(1)]) as tx:
            tx.announce(new_envelope(number, flake(1)))

    holder = asyncio.ensure_future(hold())
    await entered.wait()
    waiting = asyncio.ensure_future(write(2))
    last = asyncio.ensure_future(write(3))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    leave.set()
    await asyncio.gather(holder, last)
    assert await read_log(bus) == [1, 3]


async def test_cancel_after_the_body_still_commits(store: Store, bus: Bus) -> None:
    left = asyncio.Event()

    async def write() -> None:
        async with store.write(guilds=[flake(1)]) as tx:
            await tx.guilds.create(new_guild(1))
            tx.announce(new_envelope(1, flake(1)))
            left.set()  # The body ends without another await, so the caller waits for the commit at this point.

    task = asyncio.ensure_future(write())
    await left.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with store.write(guilds=[flake(1)]) as tx:
        assert await tx.guilds.find(flake(1)) == new_guild(1)
        tx.announce(new_envelope(2, flake(1)))
    assert await read_log(bus) == [1, 2]


@pytest.mark.parametrize("loop_turns", range(40))
async def test_cancel_at_any_await_leaves_whole_units_and_a_working_store(
    store: Store, bus: Bus, loop_turns: int
) -> None:
    async def write(number: int) -> None:
        async with store.write(guilds=[flake(number)]) as tx:
            await tx.guilds.create(new_guild(number))
            await tx.users.create(new_account(number))
            tx.announce(new_envelope(number, flake(number)))

    tasks = [asyncio.ensure_future(write(number)) for number in range(1, 7)]
    for _ in range(loop_turns):
        await asyncio.sleep(0)
    for task in tasks[1::2]:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    async with store.write() as tx:
        guilds = [number for number in range(1, 7) if await tx.guilds.find(flake(number))]
        users = [number for number in range(1, 7) if await tx.users.find(flake(number))]
    assert guilds == users == sorted(await read_log(bus))
    assert {1, 3, 5} <= set(guilds)


async def test_cancel_of_a_read_leaves_the_store_working(store: Store) -> None:
    await add_guild(store, 10)
    reads = [asyncio.ensure_future(store.guilds.load_snapshot(flake(10))) for _ in range(40)]
    for turn, read in enumerate(reads):
        await asyncio.sleep(0)
        if turn % 2:
            read.cancel()
    results = await asyncio.gather(*reads, return_exceptions=True)
    assert all(isinstance(result, asyncio.CancelledError) or result for result in results)
    assert await store.guilds.find(flake(10)) is not None


async def test_transaction_cannot_be_used_after_its_unit(store: Store) -> None:
    async with store.write() as tx:
        kept = tx
    with pytest.raises(RuntimeError):
        await kept.guilds.create(new_guild(1))
    assert await store.guilds.find(flake(1)) is None


async def test_unit_inside_a_unit_is_refused(store: Store) -> None:
    """A unit inside a unit would wait for itself, and block all others."""
    with pytest.raises(RuntimeError):
        async with store.write(), store.write():
            pass
    async with store.write() as tx:
        assert await tx.guilds.find(flake(1)) is None


@EMBEDDED
async def test_message_inside_a_unit_is_refused(store: Store) -> None:
    with pytest.raises(RuntimeError):
        async with store.write():
            await store.messages.add(new_message(flake(1), flake(30)), [])
    assert await store.messages.find(flake(30), flake(1)) is None


async def test_number_beyond_64_bits_is_an_error_of_ours(store: Store) -> None:
    with pytest.raises(Invalid):
        await store.guilds.find(1 << 64)
    with pytest.raises(Invalid):
        async with store.write() as tx:
            await tx.guilds.create(new_guild(1, owner_id=1 << 64))
    async with store.write() as tx:
        await tx.guilds.create(new_guild(1))
    assert await store.guilds.find(flake(1)) is not None


async def test_close_finishes_what_is_queued(backend: StoreBackend) -> None:
    store = backend.store

    async def write(number: int) -> None:
        async with store.write() as tx:
            await tx.guilds.create(new_guild(number))

    writes = [asyncio.ensure_future(write(number)) for number in range(1, 21)]
    await asyncio.sleep(0)
    await backend.reopen()
    await asyncio.gather(*writes)
    assert [await backend.store.guilds.find(flake(number)) for number in range(1, 21)].count(None) == 0


@EMBEDDED
async def test_close_finishes_the_messages_that_are_queued(backend: StoreBackend) -> None:
    messages = [new_message(flake(number), flake(30)) for number in range(40)]
    store = backend.store.messages
    adds = [asyncio.ensure_future(store.add(message, [message_created(message)])) for message in messages]
    await asyncio.sleep(0)
    await backend.reopen()
    await asyncio.gather(*adds)
    assert len(await backend.store.messages.list_page(flake(30), limit=100)) == 40
    assert sorted(await read_log(backend.bus)) == [message.id for message in messages]


async def test_closed_store_is_unavailable(backend: StoreBackend) -> None:
    store = backend.store
    await backend.close()
    with pytest.raises(Unavailable):
        await store.ping()
    with pytest.raises(Unavailable):
        async with store.write():
            pass


@EMBEDDED
async def test_messages_and_bus_of_a_closed_store_are_unavailable(backend: StoreBackend) -> None:
    store, bus = backend.store, backend.bus
    await backend.close()
    with pytest.raises(Unavailable):
        await store.messages.add(new_message(flake(1), flake(30)), [])
    with pytest.raises(Unavailable):
        await bus.publish([new_envelope(1, flake(1))])


async def test_open_store_answers_the_ping(store: Store) -> None:
    await store.ping()


async def test_everything_is_there_after_reopening(backend: StoreBackend) -> None:
    async with backend.store.write(guilds=[flake(1)]) as tx:
        await tx.guilds.create(new_guild(1))
        tx.announce(new_envelope(1, flake(1)))
    position = await backend.bus.position(shard_of(flake(1), backend.bus.num_shards))
    await backend.reopen()
    assert await backend.store.guilds.find(flake(1)) == new_guild(1)
    assert await read_log(backend.bus) == [1]
    assert await backend.bus.position(shard_of(flake(1), backend.bus.num_shards)) == position
    heard = listen(backend.bus)
    async with backend.store.write(guilds=[flake(1)]) as tx:
        tx.announce(new_envelope(2, flake(1)))
    assert heard[0].position > position


async def test_events_of_units_have_growing_revisions(store: Store, bus: Bus) -> None:
    heard = listen(bus)
    owner = flake(100)
    for number in (1, 3, 5):
        async with store.write(guilds=[owner]) as tx:
            tx.announce(new_envelope(number, owner), new_envelope(10 + number, owner))
    assert ids_of(heard) == [1, 11, 3, 13, 5, 15]
    revisions = [delivery.revision for delivery in heard]
    assert revisions == sorted(set(revisions))
    assert revisions[0] > 0
    assert await bus.read(shard_of(owner, bus.num_shards), 0) == heard, "the log keeps them"


@EMBEDDED
async def test_events_of_units_have_revisions_and_all_others_have_none(store: Store, bus: Bus) -> None:
    heard = listen(bus)
    owner = flake(100)
    for number in (1, 3, 5):
        async with store.write(guilds=[owner]) as tx:
            tx.announce(new_envelope(number, owner), new_envelope(10 + number, owner))
        await store.messages.add(new_message(flake(number), flake(30)), [new_envelope(number + 1, owner)])
    await store.messages.delete(flake(30), [flake(1)], [new_envelope(20, owner)])
    await bus.publish([new_envelope(21, owner)])
    bus.publish_volatile([new_envelope(22, owner)])
    revisions = {delivery.envelope.id: delivery.revision for delivery in heard}
    of_units = [revisions.pop(number) for number in (1, 11, 3, 13, 5, 15)]
    assert of_units == sorted(set(of_units))
    assert of_units[0] > 0
    assert revisions == dict.fromkeys((2, 4, 6, 20, 21, 22), 0)
    assert await bus.read(shard_of(owner, bus.num_shards), 0) == heard[:-1], "the log keeps them"
