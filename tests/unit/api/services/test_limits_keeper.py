"""Limits that staff has set, as a process hears of them and reads them."""

import asyncio
from collections.abc import Mapping

import pytest

from api.services.administration.limits_keeper import LimitsKeeper
from api.services.announcements import user_event
from core.domain.errors import Unavailable
from core.domain.events import LIMITS_CHANGED
from core.runtime.settings.current_limits import CurrentLimits
from core.runtime.settings.settings import Settings
from core.wire.internal_events import LimitsChanged
from tests.fakes.memory_bus import MemoryBus

Values = Mapping[str, bool | int | float]


class Rows:
    """What the database has. A read waits for `gate`, and fails as often as `failures` says."""

    def __init__(self, values: Values) -> None:
        self.values = values
        self.gate = asyncio.Event()
        self.gate.set()
        self.began = asyncio.Event()
        self.failures = 0

    async def find_set(self) -> Values:
        found = self.values
        self.began.set()
        await self.gate.wait()
        if self.failures:
            self.failures -= 1
            raise Unavailable("away")
        return found


class Scene:
    """A keeper with its surroundings."""

    def __init__(self, values: Values) -> None:
        self.bus = MemoryBus(num_shards=4)
        self.rows = Rows(values)
        self.current = CurrentLimits(Settings())
        self.keeper = LimitsKeeper(current=self.current, limits=self.rows, bus=self.bus)
        self.changes: asyncio.Queue[Values] = asyncio.Queue()
        self.current.follow(lambda: self.changes.put_nowait(self.current.changed))

    async def tell(self, values: dict[str, bool | int | float]) -> None:
        """Tell of a change, as the unit of work of another process does."""
        await self.bus.publish([user_event(1, LIMITS_CHANGED, 0, LimitsChanged(limits=values))])


async def test_limits_are_read_at_the_start_and_when_events_may_be_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.services.administration.limits_keeper._RETRY_S", 0)
    scene = Scene({"channel_messages": 5})
    running = asyncio.create_task(scene.keeper.run())
    assert await scene.changes.get() == {"channel_messages": 5}
    scene.rows.values, scene.rows.failures = {"channel_messages": 6}, 2
    scene.keeper.forget_all()
    assert await scene.changes.get() == {"channel_messages": 6}
    running.cancel()


async def test_event_is_newer_than_a_read_that_began_before_it() -> None:
    scene = Scene({"channel_messages": 5})
    scene.rows.gate.clear()
    reading = asyncio.create_task(scene.keeper.read())
    await scene.rows.began.wait()
    await scene.tell({"channel_messages": 7})
    scene.rows.gate.set()
    await reading
    assert scene.current.rates.channel_messages == 7


async def test_limits_that_this_version_does_not_know_are_left_out(caplog: pytest.LogCaptureFixture) -> None:
    scene = Scene({"of_tomorrow": 1, "channel_messages": 5, "group_recipients": 100_000})
    await scene.keeper.read()
    assert scene.current.changed == {"channel_messages": 5}
    told = [record.__dict__["limit"] for record in caplog.records if "no use" in record.message]
    assert told == ["of_tomorrow", "group_recipients"]
