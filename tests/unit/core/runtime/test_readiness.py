"""The readiness of the process."""

import asyncio
import logging

import pytest

from core.runtime.readiness import FRESH_S, Readiness
from tests.fakes.clock import FakeClock


class Looker:
    """Finds what the test says."""

    def __init__(self) -> None:
        self.looks = 0
        self.fault: str | None = None
        self.error: Exception | None = None

    async def look(self) -> str | None:
        self.looks += 1
        await asyncio.sleep(0)
        if self.error is not None:
            raise self.error
        return self.fault


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


async def test_all_who_ask_within_a_second_get_one_look(clock: FakeClock) -> None:
    looker = Looker()
    readiness = Readiness(look=looker.look, clock=clock)
    assert await asyncio.gather(*(readiness.find_fault() for _ in range(5))) == [None] * 5
    assert await readiness.find_fault() is None
    assert looker.looks == 1
    clock.advance(FRESH_S)
    await readiness.find_fault()
    assert looker.looks == 2


async def test_change_is_told_once_and_recovery_too(clock: FakeClock, caplog: pytest.LogCaptureFixture) -> None:
    looker = Looker()
    readiness = Readiness(look=looker.look, clock=clock)
    found = []
    with caplog.at_level(logging.INFO):
        for fault in (None, "full", "full", None, None):
            looker.fault = fault
            clock.advance(FRESH_S)
            found.append(await readiness.find_fault())
            assert readiness.last_fault == fault
    assert found == [None, "full", "full", None, None]
    assert [record.message for record in caplog.records] == ["not ready", "ready again"]
    assert caplog.records[0].__dict__["reason"] == "full"


@pytest.mark.parametrize(
    ("faults", "told"),
    [
        (["starting", "starting", None, None], []),
        (["starting", None, "lost", None], ["not ready", "ready again"]),
        (["starting", "starting", "starting", "starting"], ["not ready"]),
    ],
    ids=["starts", "loses it soon", "never starts"],
)
async def test_start_is_told_when_it_takes_too_long_or_when_the_process_was_ready_before(
    clock: FakeClock, caplog: pytest.LogCaptureFixture, faults: list[str | None], told: list[str]
) -> None:
    looker = Looker()
    readiness = Readiness(look=looker.look, clock=clock, start_s=3.5 * FRESH_S)
    with caplog.at_level(logging.INFO):
        for fault in faults:
            looker.fault = fault
            clock.advance(FRESH_S)
            assert await readiness.find_fault() == fault
    assert [record.message for record in caplog.records] == told


async def test_look_that_fails_is_no_good_sign_and_the_next_one_counts(
    clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    looker = Looker()
    looker.error = KeyError("x")
    readiness = Readiness(look=looker.look, clock=clock)
    with caplog.at_level(logging.CRITICAL):
        assert await readiness.find_fault() == "unknown"
    looker.error = None
    clock.advance(FRESH_S)
    assert await readiness.find_fault() is None


async def test_who_goes_away_does_not_end_the_look_of_others(clock: FakeClock) -> None:
    looker = Looker()
    looker.fault = "full"
    readiness = Readiness(look=looker.look, clock=clock)
    first, second = (asyncio.create_task(readiness.find_fault()) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    assert await second == "full"


async def test_part_that_is_needed_makes_the_process_not_ready(clock: FakeClock) -> None:
    store, files = Looker(), Looker()
    readiness = Readiness(look=store.look, clock=clock)
    readiness.watch(files.look, is_needed=True)
    assert await readiness.find_fault() is None
    files.fault = "no files"
    clock.advance(FRESH_S)
    assert await readiness.find_fault() == "no files"
    store.fault = "no store"
    clock.advance(FRESH_S)
    assert await readiness.find_fault() == "no store"


async def test_process_without_a_part_that_is_not_needed_is_ready_and_says_so(
    clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    search = Looker()
    readiness = Readiness(look=Looker().look, clock=clock)
    readiness.watch(search.look, is_needed=False)
    for fault in (None, "no search", "no search", None, None):
        search.fault = fault
        clock.advance(FRESH_S)
        assert await readiness.find_fault() is None
        assert readiness.last_impairments == ((fault,) if fault else ())
    assert [record.message for record in caplog.records] == ["impaired", "not impaired any more"]
