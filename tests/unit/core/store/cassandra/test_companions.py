"""Rows that are written together: who joins, how many fit, and what happens to all when one fails or leaves."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from core.domain.errors import OutcomeUnknown, Unavailable
from core.store.cassandra.companions import Companions, Part
from core.store.cassandra.statements import RAISE_LAST


class FakeSession:
    """A session that remembers batches and answers each when it is told."""

    def __init__(self) -> None:
        self.batches: list[list[Part]] = []
        self.answers: list[asyncio.Future[Any]] = []

    async def begin_batch(self, parts: Sequence[Part]) -> asyncio.Future[Any]:
        self.batches.append(list(parts))
        self.answers.append(asyncio.get_running_loop().create_future())
        return self.answers[-1]


def parts_of(number: int, count: int = 2) -> list[Part]:
    return [(RAISE_LAST, (number, part)) for part in range(count)]


async def begin(companions: Companions, *numbers: int, count: int = 2) -> list[asyncio.Task[None]]:
    """Let inserts meet in one turn, and return when their requests are under way."""
    tasks = [asyncio.create_task(companions.write(parts_of(number, count))) for number in numbers]
    for _ in range(3):
        await asyncio.sleep(0)
    return tasks


async def test_inserts_of_a_turn_share_a_request() -> None:
    session = FakeSession()
    companions = Companions(session=session)
    tasks = await begin(companions, 1, 2, 3)
    assert session.batches == [parts_of(1) + parts_of(2) + parts_of(3)]
    assert not any(task.done() for task in tasks)
    session.answers[0].set_result(())
    assert await asyncio.gather(*tasks) == [None] * 3


async def test_insert_of_a_later_turn_has_a_request_of_its_own() -> None:
    session = FakeSession()
    companions = Companions(session=session)
    first = await begin(companions, 1)
    second = await begin(companions, 2)
    assert session.batches == [parts_of(1), parts_of(2)]
    for answer in session.answers:
        answer.set_result(())
    await asyncio.gather(*first, *second)


async def test_requests_are_small() -> None:
    session = FakeSession()
    tasks = await begin(Companions(session=session), *range(8), count=3)
    assert [len(batch) for batch in session.batches] == [9, 9, 6]
    for answer in session.answers:
        answer.set_result(())
    await asyncio.gather(*tasks)


async def test_failure_is_everybodys() -> None:
    session = FakeSession()
    tasks = await begin(Companions(session=session), 1, 2, 3)
    session.answers[0].set_exception(Unavailable())
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(answer) for answer in answers] == [Unavailable, OutcomeUnknown, OutcomeUnknown]


@pytest.mark.parametrize("cancelled", [0, 1])
async def test_cancelled_insert_leaves_nobody_waiting(cancelled: int) -> None:
    session = FakeSession()
    companions = Companions(session=session)
    tasks = await begin(companions, 1, 2, 3)
    tasks[cancelled].cancel()
    await asyncio.sleep(0)
    if not session.answers[0].done():
        session.answers[0].set_result(())
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    others = [type(answer) for number, answer in enumerate(answers) if number != cancelled]
    # The rows of the others may have been written, so they try again, unless they know that they were.
    assert others == ([OutcomeUnknown] * 2 if cancelled == 0 else [type(None)] * 2)
    again = await begin(companions, 4)
    session.answers[-1].set_result(())
    await asyncio.gather(*again)


async def test_insert_that_is_cancelled_before_its_request_leaves_nobody_waiting() -> None:
    session = FakeSession()
    companions = Companions(session=session)
    tasks = [asyncio.create_task(companions.write(parts_of(number))) for number in (1, 2)]
    await asyncio.sleep(0)
    tasks[0].cancel()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(answer) for answer in answers] == [asyncio.CancelledError, OutcomeUnknown]
    assert session.batches == []
