"""Many wait for the events of rows together."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from types import SimpleNamespace
from typing import Any, cast

import pytest

from core.domain.errors import Unavailable
from gateway.events.row_wait import RowWait
from gateway.scheduling.tasks import Tasks


class Looks:
    """A store whose revisions are looked at, and a bus that has all events, or fails."""

    def __init__(self) -> None:
        self.begun = 0
        self.is_away = False
        self.go_on = asyncio.Event()
        self.logins = SimpleNamespace(fetch_revisions=self._fetch)

    async def _fetch(self) -> Mapping[int, int]:
        self.begun += 1
        await self.go_on.wait()
        return {}

    async def wait_for_revisions(self, _: Mapping[int, int]) -> None:
        if self.is_away:
            raise Unavailable("away")


@pytest.fixture
async def tasks() -> AsyncIterator[Tasks]:
    tasks = Tasks()
    running = asyncio.ensure_future(tasks.run())
    await asyncio.sleep(0)
    yield tasks
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


@pytest.fixture
async def looks() -> Looks:
    return Looks()


@pytest.fixture
def rows(looks: Looks, tasks: Tasks) -> RowWait:
    return RowWait(bus=cast("Any", looks), store=cast("Any", looks), spawn=tasks.spawn)


async def _begin(rows: RowWait, waiters: int) -> list[asyncio.Task[None]]:
    waiting = [asyncio.ensure_future(rows.wait()) for _ in range(waiters)]
    for _ in range(3):
        await asyncio.sleep(0)
    return waiting


@pytest.mark.parametrize("waiters", [1, 100, 1000])
async def test_all_who_wait_share_a_look(rows: RowWait, looks: Looks, waiters: int) -> None:
    waiting = await _begin(rows, waiters)
    looks.go_on.set()
    await asyncio.gather(*waiting)
    assert looks.begun == 1


async def test_who_comes_during_a_look_waits_for_the_next(rows: RowWait, looks: Looks) -> None:
    first = await _begin(rows, 1)
    later = await _begin(rows, 10)
    assert looks.begun == 1
    looks.go_on.set()
    await asyncio.gather(*first, *later)
    assert looks.begun == 2
    await rows.wait()
    assert looks.begun == 3


async def test_events_that_do_not_come_are_told_to_all_who_wait(rows: RowWait, looks: Looks) -> None:
    looks.is_away = True
    waiting = await _begin(rows, 3)
    looks.go_on.set()
    found = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(each) for each in found] == [Unavailable] * 3
    looks.is_away = False
    await rows.wait()


async def test_who_gives_up_keeps_nobody_else_from_going_on(rows: RowWait, looks: Looks) -> None:
    waiting = await _begin(rows, 2)
    waiting[0].cancel()
    looks.go_on.set()
    await waiting[1]
    assert waiting[0].cancelled()
    assert looks.begun == 1
