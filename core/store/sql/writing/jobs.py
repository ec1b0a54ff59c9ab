"""Jobs: the units of work that wait for the writer, in the order of their calls.

A job runs inside a savepoint of its own, and is told how it ended. Callers only set and await futures, so a caller may
be cancelled at any await: the job is skipped before it has begun, it is rolled back in its body, and after that the
commit happens without the caller.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from core.store.sql.engine.connection import Connection, Executor
from core.store.sql.engine.sqlite_driver import Step, StepRows
from core.store.sql.writing.lending import LentConnection
from core.wire.envelope import Envelope

T = TypeVar("T")


class Done(NamedTuple):
    """The events that a job commits, and its statements that go to the database together with the log's."""

    envelopes: Sequence[Envelope]
    steps: Sequence[Step] = ()
    is_relational: bool = False
    """Whether the events announce changes of relational rows, and so have a revision."""


class Job(Protocol):
    """A piece of work inside a savepoint of its own."""

    @property
    def is_abandoned(self) -> bool:
        """Whether its caller has given it up; then it never runs."""

    def open(self) -> Sequence[Step]:
        """Begin; return the statements to run in the trip that opens the savepoint."""

    async def run(self, connection: Connection, found: Sequence[StepRows]) -> "Done":
        """Do the work; `found` are the rows of its first statements. An exception rolls it back."""

    def settle(self, error: Exception | None) -> None:
        """Hear that the job is committed and delivered (None), or that it has failed for good."""

    def parts(self) -> Sequence["Job"]:
        """Return the parts to try one by one when the whole has failed; empty when it cannot be divided."""


class RolledBack(Exception):
    """The body of a unit has raised."""


class CallerJob:
    """A unit of work whose body runs in the caller's task."""

    __slots__ = ("_committed", "_envelopes", "_finished", "_granted", "_holder")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._holder = asyncio.current_task()
        self._granted: asyncio.Future[LentConnection] = loop.create_future()
        self._finished: asyncio.Future[bool] = loop.create_future()
        self._committed: asyncio.Future[None] = loop.create_future()
        self._envelopes: Sequence[Envelope] = ()

    async def begin(self) -> LentConnection:
        """Wait until the writer lends its connection. Raises Unavailable."""
        try:
            return await self._granted
        except BaseException:
            self.abort()
            raise

    def is_held_by(self, task: asyncio.Task[Any] | None) -> bool:
        """Return whether this task is in the body now."""
        return self._holder is task and not self._finished.done()

    def abort(self) -> None:
        """End the unit, whose body has raised."""
        if not self._finished.done():
            self._finished.set_result(False)

    async def commit(self, envelopes: Sequence[Envelope]) -> None:
        """Wait for the commit, after the body has ended well. Raises Unavailable."""
        self._envelopes = envelopes
        self._finished.set_result(True)
        await self._committed

    @property
    def is_abandoned(self) -> bool:
        """Whether the caller was cancelled before the job has begun."""
        return self._granted.cancelled() or self._finished.done()

    def open(self) -> Sequence[Step]:
        """Return nothing: a unit of work has no statements before its body."""
        return ()

    async def run(self, connection: Connection, found: Sequence[StepRows]) -> Done:  # noqa: ARG002
        """Lend the connection to the caller until its body has ended."""
        if self.is_abandoned:  # the caller was cancelled since the transaction began
            raise RolledBack
        lent = LentConnection(connection)
        self._granted.set_result(lent)
        is_good = await self._finished
        await lent.take_back()
        if not is_good:
            raise RolledBack
        return Done(self._envelopes, is_relational=True)

    def settle(self, error: Exception | None) -> None:
        """Wake the caller."""
        if self._finished.done() and not self._finished.result():
            return  # the caller has its own exception already
        _resolve(self._committed if self._granted.done() else self._granted, None, error)

    def parts(self) -> Sequence[Job]:
        """Return nothing, because a unit of work cannot be divided."""
        return ()


class Errand(Generic[T]):
    """A unit of work that the writer runs itself."""

    __slots__ = ("_outcome", "_result", "_work")

    def __init__(
        self, work: Callable[[Executor], Awaitable[tuple[T, Sequence[Envelope]]]], loop: asyncio.AbstractEventLoop
    ) -> None:
        self._work = work
        self._result: T | None = None
        self._outcome: asyncio.Future[T] = loop.create_future()

    async def outcome(self) -> T:
        """Wait for the commit; return the result of the work."""
        return await self._outcome

    @property
    def is_abandoned(self) -> bool:
        """Whether the caller was cancelled before it began."""
        return self._outcome.cancelled()

    def open(self) -> Sequence[Step]:
        """Return nothing: a unit of work has no statements before its body."""
        return ()

    async def run(self, connection: Connection, found: Sequence[StepRows]) -> Done:  # noqa: ARG002
        """Do the work."""
        self._result, envelopes = await self._work(connection)
        return Done(envelopes)

    def settle(self, error: Exception | None) -> None:
        """Wake the caller."""
        _resolve(self._outcome, self._result, error)

    def parts(self) -> Sequence[Job]:
        """Return nothing, because a unit of work cannot be divided."""
        return ()


def _resolve(future: asyncio.Future[Any], result: Any, error: Exception | None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)
