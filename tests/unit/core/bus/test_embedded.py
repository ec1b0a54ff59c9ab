"""The embedded bus: who waits for what a read has shown, before the loop hears of the commit."""

import asyncio

import pytest

from core.bus import embedded
from core.bus.embedded import EmbeddedBus
from core.bus.interfaces import Delivery
from core.domain.errors import Unavailable
from tests.contract.builders import flake, new_envelope


async def nothing(*_: object) -> list[Delivery]:
    """Stand for a log that nobody appends to or reads."""
    return []


def make_bus() -> EmbeddedBus:
    return EmbeddedBus(num_shards=2, append=nothing, read=nothing, positions={0: 5, 1: 7})  # type: ignore[arg-type]


def delivery(position: int) -> Delivery:
    return Delivery(position, 0, new_envelope(position, flake(1)), position)


async def test_what_has_been_delivered_is_not_waited_for() -> None:
    bus = make_bus()
    async with asyncio.timeout(0):
        await bus.wait_for_revisions({0: 7})
        await bus.wait_for_revisions({})


async def test_waiters_go_on_when_the_commit_that_they_saw_is_delivered() -> None:
    bus = make_bus()
    first, second = (asyncio.create_task(bus.wait_for_revisions({0: revision})) for revision in (8, 9))
    await asyncio.sleep(0)
    bus.deliver([delivery(8)])
    await first
    assert not second.done()
    bus.deliver([delivery(9), delivery(10)])
    await second


async def test_commit_that_is_never_delivered_fails_the_waiter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "_WAIT_S", 0.01)
    with pytest.raises(Unavailable):
        await make_bus().wait_for_revisions({0: 8})
