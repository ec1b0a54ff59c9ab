"""The end of a process, of which a part has failed."""

import asyncio
import contextlib
from collections.abc import Iterator

import pytest
from typing_extensions import override

from core.runtime.clock import SystemClock
from core.runtime.ending import EndDeadline
from core.runtime.garbage import GarbageControl
from guildway.processes.server import Chore, Server


class NoGarbage(GarbageControl):
    """Collects nothing, which takes a second in the process of the tests."""

    @override
    @contextlib.contextmanager
    def in_force(self) -> Iterator[None]:
        yield


class HeldDeadline(EndDeadline):
    """A deadline that only says whether it has begun."""

    def __init__(self) -> None:
        self.has_begun = asyncio.Event()

    @override
    def begin(self) -> None:
        self.has_begun.set()


def make_server(deadline: EndDeadline, **chores: Chore) -> Server:
    return Server(
        gateway=None,
        api_server=None,
        operations_server=None,
        garbage=NoGarbage(clock=SystemClock(), observe=lambda _: None),
        chores=chores,
        facts={},
        deadline=deadline,
    )


async def fail() -> None:
    raise RuntimeError("a log is another one")


async def test_part_that_fails_bounds_the_end_of_one_that_swallows_its_cancellation() -> None:
    deadline, may_end = HeldDeadline(), asyncio.Event()

    async def stay() -> None:
        while not may_end.is_set():
            try:
                await may_end.wait()
            except asyncio.CancelledError:
                continue

    server = make_server(deadline, stays=stay, fails=fail)
    running = asyncio.create_task(server.run(stopping=asyncio.Event(), when_ready=lambda _: None))
    await deadline.has_begun.wait()
    assert not running.done()
    may_end.set()
    with pytest.raises(ExceptionGroup) as failure:
        await running
    assert failure.group_contains(RuntimeError, match="a log is another one")


async def test_end_that_was_told_has_no_other_bound_than_those_of_its_parts() -> None:
    deadline, stopping = HeldDeadline(), asyncio.Event()

    async def serve() -> None:
        stopping.set()
        await asyncio.Event().wait()

    await make_server(deadline, serves=serve).run(stopping=stopping, when_ready=lambda _: None)
    assert not deadline.has_begun.is_set()


async def test_part_that_has_not_begun_when_another_one_fails_leaves_nothing_behind() -> None:
    async def serve() -> None:
        await asyncio.Event().wait()

    server = make_server(HeldDeadline(), fails=fail, serves=serve)
    with pytest.raises(ExceptionGroup):
        await server.run(stopping=asyncio.Event(), when_ready=lambda _: None)
