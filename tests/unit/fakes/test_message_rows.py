"""The fake rows lose answers as Cassandra does: what is late keeps its timestamp and its condition."""

import itertools

import pytest

from core.domain.errors import OutcomeUnknown, Unavailable
from tests.contract.builders import flake, new_message
from tests.fakes.clock import FakeClock
from tests.fakes.message_rows import FakeMessageRows, Fate

CHANNEL = 7
MESSAGE = new_message(flake(1), CHANNEL)


class Fates:
    """Fates in an order; then every write is done."""

    def __init__(self, *fates: Fate) -> None:
        self._fates = itertools.chain(fates, itertools.repeat(Fate.DONE))

    async def decide(self, _: str) -> Fate:
        return next(self._fates)


def rows_with(*fates: Fate) -> FakeMessageRows:
    return FakeMessageRows(clock=FakeClock(), decide=Fates(*fates).decide)


@pytest.mark.parametrize(
    ("fate", "error", "is_stored"),
    [
        (Fate.REFUSED, Unavailable, False),
        (Fate.UNKNOWN_LOST, OutcomeUnknown, False),
        (Fate.UNKNOWN_DONE, OutcomeUnknown, True),
        (Fate.UNKNOWN_LATE, OutcomeUnknown, False),
    ],
)
async def test_fate_of_an_insert(fate: Fate, error: type[Exception], is_stored: bool) -> None:
    rows = rows_with(fate)
    with pytest.raises(Unavailable) as caught:
        await rows.insert(MESSAGE)
    assert type(caught.value) is error
    assert (await rows.find(CHANNEL, MESSAGE.id) is not None) == is_stored
    rows.land_late_writes()
    assert (await rows.find(CHANNEL, MESSAGE.id) is not None) == (is_stored or fate is Fate.UNKNOWN_LATE)


async def test_late_insert_loses_the_tie_against_its_withdrawal() -> None:
    rows = rows_with(Fate.UNKNOWN_LATE)
    with pytest.raises(OutcomeUnknown):
        await rows.insert(MESSAGE)
    await rows.withdraw(MESSAGE)
    rows.land_late_writes()
    assert await rows.list_page(CHANNEL) == []


async def test_late_edit_and_late_deletion_fail_against_a_raised_version() -> None:
    rows = rows_with(Fate.DONE, Fate.UNKNOWN_LATE, Fate.UNKNOWN_LATE)
    await rows.insert(MESSAGE)
    with pytest.raises(OutcomeUnknown):
        await rows.update(CHANNEL, MESSAGE.id, {"content": "late"}, expected_version=0)
    with pytest.raises(OutcomeUnknown):
        await rows.delete(CHANNEL, [MESSAGE.id])
    settled = await rows.raise_version(CHANNEL, MESSAGE.id, expected_version=0)
    rows.land_late_writes()
    assert settled is not None
    assert (settled.content, settled.version) == ("hello", 1)
    assert await rows.list_page(CHANNEL) == [settled]


async def test_late_edit_is_applied_when_nobody_was_faster() -> None:
    rows = rows_with(Fate.DONE, Fate.UNKNOWN_LATE)
    await rows.insert(MESSAGE)
    with pytest.raises(OutcomeUnknown):
        await rows.update(CHANNEL, MESSAGE.id, {"content": "late"}, expected_version=0)
    rows.land_late_writes()
    found = await rows.find(CHANNEL, MESSAGE.id)
    assert found is not None
    assert (found.content, found.version) == ("late", 1)
