"""The source of ids over its leased number: never two equal ones, whatever becomes of clocks, processes, databases."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain.errors import Unavailable
from core.domain.ids import created_ms, snowflake_at
from core.store.node_ids import LEAD_MS, NodeIds
from tests.fakes.clock import START_MS, FakeClock
from tests.fakes.memory_node_numbers import MemoryNodeNumbers


async def open_ids(numbers: MemoryNodeNumbers, clock: FakeClock, holder: str = "one", after: int = 0) -> NodeIds:
    return await NodeIds.open(numbers=numbers, clock=clock, holder=holder, after=after)


def node_of(snowflake: int) -> int:
    return snowflake >> 12 & 1023


async def test_ids_rise_and_carry_the_number() -> None:
    clock = FakeClock()
    numbers = MemoryNodeNumbers(clock)
    await open_ids(numbers, clock)
    ids = await open_ids(numbers, clock, "two")
    made = [ids.next() for _ in range(10_000)]
    assert made == sorted(set(made))
    assert {node_of(each) for each in made} == {ids.number} == {1}
    assert created_ms(made[0]) == START_MS


async def test_restart_in_the_same_millisecond_under_the_same_number_makes_no_id_twice() -> None:
    clock = FakeClock()
    numbers = MemoryNodeNumbers(clock, count=1)
    made: list[int] = []
    for place in range(20):
        ids = await open_ids(numbers, clock, f"life {place}")
        made += [ids.next() for _ in range(3)]
        await ids.close()
        clock.advance(0.001 * (place % 2))
        while created_ms(made[-1]) > clock.now_ms():
            clock.advance(0.001)
    assert made == sorted(set(made))


async def test_number_of_a_killed_process_goes_on_above_its_floor() -> None:
    clock = FakeClock()
    numbers = MemoryNodeNumbers(clock, count=1)
    killed = await open_ids(numbers, clock, "killed")
    last = killed.next()
    with pytest.raises(Unavailable):
        await open_ids(numbers, clock, "next")
    clock.advance(LEAD_MS / 1000)
    after = await open_ids(numbers, clock, "next")
    made = after.next()
    assert node_of(made) == node_of(last)
    assert created_ms(made) == START_MS + LEAD_MS + 1
    assert created_ms(killed.next()) == START_MS + LEAD_MS, "it was only paused"
    clock.advance(1)
    with pytest.raises(Unavailable):
        killed.next()


async def test_floor_that_cannot_be_renewed_ends_the_ids_and_a_renewal_begins_them_again() -> None:
    clock = FakeClock()
    numbers = MemoryNodeNumbers(clock)
    ids = await open_ids(numbers, clock)
    numbers.is_away = True
    clock.advance(LEAD_MS / 1000)
    last = ids.next()
    clock.advance(0.001)
    with pytest.raises(Unavailable, match="until the lease of the node number is renewed"):
        ids.next()
    with pytest.raises(Unavailable):
        await ids.renew()
    numbers.is_away = False
    await ids.renew()
    assert ids.next() > last
    assert ids.number == 0


async def test_process_that_stood_still_until_its_number_was_anothers_takes_a_new_one() -> None:
    clock = FakeClock()
    numbers = MemoryNodeNumbers(clock, count=2)
    ids = await open_ids(numbers, clock)
    before = ids.next()
    await open_ids(numbers, clock, "second")
    clock.advance(LEAD_MS / 1000 + 1)
    thief = await open_ids(numbers, clock, "third")
    assert thief.number == node_of(before)
    with pytest.raises(Unavailable):
        ids.next()
    await ids.renew()
    assert ids.number != thief.number
    assert ids.next() > before


async def test_clock_that_jumps_ahead_for_a_moment_holds_up_no_id_afterwards() -> None:
    clock = FakeClock()
    ids = await open_ids(MemoryNodeNumbers(clock), clock)
    ids.next()
    clock.advance(86_400)
    with pytest.raises(Unavailable):
        ids.next()
    clock.step_back(86_400)
    assert created_ms(ids.next()) - START_MS <= 1


async def test_refused_id_brings_the_renewal_forward() -> None:
    clock = FakeClock()
    ids = await open_ids(MemoryNodeNumbers(clock), clock)
    running = asyncio.create_task(ids.run())
    clock.advance(86_400)
    with pytest.raises(Unavailable):
        ids.next()
    for _ in range(20):  # a minute's wait would take longer
        await asyncio.sleep(0)
    assert created_ms(ids.next()) == clock.now_ms()
    running.cancel()


async def test_ids_go_on_above_those_of_a_clock_that_was_ahead() -> None:
    clock = FakeClock()
    ahead = snowflake_at(START_MS + 86_400_000)
    ids = await open_ids(MemoryNodeNumbers(clock), clock, after=ahead)
    assert ids.next() > ahead
    await ids.renew()
    assert ids.next() > ahead


async def test_closed_source_makes_no_ids_and_gives_its_number_back() -> None:
    clock = FakeClock()
    numbers = MemoryNodeNumbers(clock, count=1)
    ids = await open_ids(numbers, clock)
    ids.next()
    await ids.close()
    with pytest.raises(Unavailable, match="closed"):
        ids.next()
    assert (await open_ids(numbers, clock, "next")).number == 0


async def test_close_without_a_database_only_says_so(caplog: pytest.LogCaptureFixture) -> None:
    clock = FakeClock()
    numbers = MemoryNodeNumbers(clock)
    ids = await open_ids(numbers, clock)
    numbers.is_away = True
    await ids.close()
    assert "could not be ended" in caplog.text


class Cluster:
    """Processes over few numbers, which are used again and again.

    A process is killed by being forgotten, and one that makes ids after others have started was only paused.
    """

    def __init__(self, count: int) -> None:
        self.clock = FakeClock()
        self.numbers = MemoryNodeNumbers(self.clock, count=count)
        self.sources: list[NodeIds] = []
        self.made: list[int] = []

    async def start(self, _place: int, _ms: int) -> None:
        self.sources.append(await open_ids(self.numbers, self.clock, f"life {len(self.sources)}"))

    async def make(self, place: int, _ms: int) -> None:
        if self.sources:
            source = self.sources[place % len(self.sources)]
            made: list[int] = []
            with contextlib.suppress(Unavailable):
                made.extend(source.next() for _ in range(3))
            assert made == sorted(made)
            self.made += made

    async def renew(self, place: int, _ms: int) -> None:
        if self.sources:
            await self.sources[place % len(self.sources)].renew()

    async def close(self, place: int, _ms: int) -> None:
        if self.sources:
            await self.sources[place % len(self.sources)].close()

    async def go_ahead(self, _place: int, ms: int) -> None:
        self.clock.advance(ms / 1000)

    async def step_back(self, _place: int, ms: int) -> None:
        self.clock.step_back(ms / 1000)

    async def lose_or_find_the_database(self, _place: int, _ms: int) -> None:
        self.numbers.is_away = not self.numbers.is_away


STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                *[Cluster.make] * 3,
                *[Cluster.start] * 2,
                *[Cluster.go_ahead] * 2,
                Cluster.step_back,
                Cluster.renew,
                Cluster.close,
                Cluster.lose_or_find_the_database,
            ]
        ),
        st.integers(0, 3),
        st.sampled_from([1, LEAD_MS, 2 * LEAD_MS]),
    ),
    min_size=5,
    max_size=30,
)


@settings(max_examples=500, deadline=None)
@given(st.integers(1, 2), STEPS)
async def test_no_id_is_ever_made_twice(
    count: int, steps: list[tuple[Callable[[Cluster, int, int], Awaitable[None]], int, int]]
) -> None:
    cluster = Cluster(count)
    for step, place, ms in steps:
        with contextlib.suppress(Unavailable):
            await step(cluster, place, ms)
    assert len(cluster.made) == len(set(cluster.made))
