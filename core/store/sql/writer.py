"""The one writer: takes units of work in the order in which they came and commits them in groups.

A commit costs an fsync, so concurrent units share it. Work waits in one queue; the writer's task takes a batch of it:

    BEGIN ─ job 1 ─ SAVEPOINT ─ job 2 ─ RELEASE ─ SAVEPOINT ─ job 3 ✗ ROLLBACK TO ─ … ─ COMMIT ─ deliver ─ wake callers

The batch is the first job and everything that has queued up while it ran. A job that fails takes back only what it did
itself. Jobs are of two kinds: `Turn`, which lends the connection to a caller's `async with`, and `Errand`, a function that the
writer runs itself. What a job announces is written to the log in its savepoint, so order of jobs = order of commits =
order of the log; after COMMIT the deliveries go to the bus before any caller wakes up.

Only the writer's task touches transaction control, and callers only set futures, so a caller may be cancelled at any await:
before its turn the job is skipped, in its body the job is rolled back, after it the commit happens without it.
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from core.bus.interfaces import Delivery
from core.domain.errors import Unavailable
from core.store.sql.connection import Connection, Executor
from core.store.sql.dialect import Dialect
from core.store.sql.lending import LentConnection
from core.store.sql.log import SqlLog
from core.store.sql.sqlite_driver import Step
from core.wire.envelope import Envelope

logger = logging.getLogger(__name__)

_SAVEPOINT = Step("SAVEPOINT unit")
_ROLLBACK_TO = Step("ROLLBACK TO SAVEPOINT unit")
_RELEASE = Step("RELEASE SAVEPOINT unit")
_COMMIT = Step("COMMIT")
_ROLLBACK = Step("ROLLBACK")

T = TypeVar("T")
Deliver = Callable[[Sequence[Delivery]], None]


class Done(NamedTuple):
    """What a job leaves: the events to commit with it, and statements that go to the database together with the log's."""

    envelopes: Sequence[Envelope]
    steps: Sequence[Step] = ()


class Job(Protocol):
    """Something to do inside a savepoint of its own."""

    @property
    def is_abandoned(self) -> bool:
        """Whether nobody wants it any more; it is then never run."""

    async def run(self, connection: Connection) -> "Done":
        """Do it. An exception rolls it back."""

    def settle(self, error: Exception | None) -> None:
        """It is committed and delivered (None), or it is not and never will be."""

    def parts(self) -> Sequence["Job"]:
        """What to try one by one when the whole has failed; empty when it cannot be divided."""


class RolledBack(Exception):
    """A unit's body has raised."""


class Turn:
    """A unit of work whose body runs in the caller's task."""

    __slots__ = ("_committed", "_envelopes", "_finished", "_granted", "_holder")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._holder = asyncio.current_task()
        self._granted: asyncio.Future[LentConnection] = loop.create_future()
        self._finished: asyncio.Future[bool] = loop.create_future()
        self._committed: asyncio.Future[None] = loop.create_future()
        self._envelopes: Sequence[Envelope] = ()

    async def begin(self) -> LentConnection:
        """Wait for the turn. Raises Unavailable."""
        try:
            return await self._granted
        except BaseException:
            self.abort()
            raise

    def is_held_by(self, task: asyncio.Task[Any] | None) -> bool:
        """Whether this task is in the body now."""
        return self._holder is task and not self._finished.done()

    def abort(self) -> None:
        """The body has raised."""
        if not self._finished.done():
            self._finished.set_result(False)

    async def commit(self, envelopes: Sequence[Envelope]) -> None:
        """The body has ended well: wait for the commit. Raises Unavailable."""
        self._envelopes = envelopes
        self._finished.set_result(True)
        await self._committed

    @property
    def is_abandoned(self) -> bool:
        """Whether the caller was cancelled before its turn."""
        return self._granted.cancelled() or self._finished.done()

    async def run(self, connection: Connection) -> Done:
        """Lend the connection to the caller until its body has ended."""
        if self.is_abandoned:  # since the transaction was begun
            raise RolledBack
        lent = LentConnection(connection)
        self._granted.set_result(lent)
        is_good = await self._finished
        await lent.take_back()
        if not is_good:
            raise RolledBack
        return Done(self._envelopes)

    def settle(self, error: Exception | None) -> None:
        """Wake the caller, wherever it waits."""
        if self._finished.done() and not self._finished.result():
            return  # the caller has its own exception already
        _resolve(self._committed if self._granted.done() else self._granted, None, error)

    def parts(self) -> Sequence[Job]:
        """Cannot be divided."""
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
        """Wait for the commit; what the work returned."""
        return await self._outcome

    @property
    def is_abandoned(self) -> bool:
        """Whether the caller was cancelled before it began."""
        return self._outcome.cancelled()

    async def run(self, connection: Connection) -> Done:
        """Do the work."""
        self._result, envelopes = await self._work(connection)
        return Done(envelopes)

    def settle(self, error: Exception | None) -> None:
        """Wake the caller."""
        _resolve(self._outcome, self._result, error)

    def parts(self) -> Sequence[Job]:
        """Cannot be divided."""
        return ()


def _resolve(future: asyncio.Future[Any], result: Any, error: Exception | None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)


class _Batch:
    """Jobs of the open transaction that wait for its COMMIT."""

    __slots__ = ("deliveries", "is_open", "jobs")

    def __init__(self) -> None:
        self.jobs: list[Job] = []
        self.deliveries: list[Delivery] = []
        self.is_open = False


class Writer:
    """Owns the write connection and the queue before it."""

    __slots__ = (
        "_begin",
        "_connection",
        "_is_closing",
        "_log",
        "_loop",
        "_present_turn",
        "_queue",
        "_task",
        "_work_came",
    )

    def __init__(
        self,
        *,
        connection: Connection,
        dialect: Dialect,
        log: SqlLog,
    ) -> None:
        self._connection = connection
        self._begin = Step(dialect.begin_write)
        self._log = log
        self._queue: deque[Job] = deque()
        self._work_came = asyncio.Event()
        self._is_closing = False
        self._present_turn: Turn | None = None
        self._loop = asyncio.get_running_loop()
        self._task: asyncio.Task[None] | None = None

    def start(self, deliver: Deliver) -> None:
        """Begin to work; `deliver` gets what was committed, in order, and must not raise."""
        # Not in a task group: the writer lives from open to close, which callers need not do in one task.
        self._task = self._loop.create_task(self._run(deliver), name="store writer")

    def new_turn(self) -> Turn:
        """Queue a unit of work whose body the caller runs. Raises Unavailable when closing."""
        turn = Turn(self._loop)
        self.add(turn)
        return turn

    async def run_errand(self, work: Callable[[Executor], Awaitable[tuple[T, Sequence[Envelope]]]]) -> T:
        """Queue a function as a unit of work and wait for its commit."""
        errand = Errand(work, self._loop)
        self.add(errand)
        return await errand.outcome()

    def add(self, job: Job) -> None:
        """Queue a job. Raises Unavailable when closing, RuntimeError inside the unit that runs now."""
        if self._is_closing:
            raise Unavailable("the store is closed")
        if self._present_turn is not None and self._present_turn.is_held_by(asyncio.current_task()):
            raise RuntimeError("a unit of work inside a unit of work would wait for itself")
        self._queue.append(job)
        self._work_came.set()

    @property
    def last_queued(self) -> Job | None:
        """The job at the end of the queue, when it has not begun."""
        return self._queue[-1] if self._queue else None

    async def close(self) -> None:
        """Finish what is queued, refuse what comes, close the connection."""
        self._is_closing = True
        self._work_came.set()
        if self._task is not None:
            await self._task
        await self._connection.close()

    async def _run(self, deliver: Deliver) -> None:
        while True:
            if self._queue:
                await self._run_batch(deliver)
            elif self._is_closing:
                return
            else:
                self._work_came.clear()
                await self._work_came.wait()

    async def _run_batch(self, deliver: Deliver) -> None:
        batch = _Batch()
        await self._run_job(batch, self._queue.popleft())
        # Those that came while the first one ran share its commit; later ones have the next, so that nobody starves.
        for _ in range(len(self._queue)):
            await self._run_job(batch, self._queue.popleft())
        if batch.is_open:
            await self._commit(batch, deliver)

    async def _run_job(self, batch: _Batch, job: Job) -> None:
        if job.is_abandoned:
            return
        is_nested = bool(batch.jobs)
        self._present_turn = job if isinstance(job, Turn) else None
        try:
            await self._connection.run_steps([_SAVEPOINT if is_nested else self._begin])
            batch.is_open = True
            envelopes, steps = await job.run(self._connection)
            deliveries = self._log.place(envelopes)
            steps = [*steps, *self._log.insert_steps(deliveries), *([_RELEASE] if is_nested else [])]
            if steps:
                await self._connection.run_steps(steps)
        except Exception as error:
            await self._undo(batch, is_nested=is_nested)
            parts = () if isinstance(error, Unavailable) else job.parts()
            if not parts:
                job.settle(error)
            for part in parts:
                await self._run_job(batch, part)
            return
        finally:
            self._present_turn = None
        batch.jobs.append(job)
        batch.deliveries.extend(deliveries)

    async def _undo(self, batch: _Batch, *, is_nested: bool) -> None:
        """Take back the job that failed. Only the first of a transaction has no savepoint: nothing else is in it yet."""
        if not is_nested:
            await self._abandon(batch, None)
            return
        try:
            await self._connection.run_steps([_ROLLBACK_TO, _RELEASE])
        except Unavailable as error:
            # The database has rolled back the whole transaction by itself (disk full): the others' work is gone too.
            await self._abandon(batch, error)

    async def _commit(self, batch: _Batch, deliver: Deliver) -> None:
        try:
            await self._connection.run_steps([_COMMIT])
        except Exception as error:
            logger.exception("commit failed", extra={"units": len(batch.jobs)})
            await self._abandon(batch, error if isinstance(error, Unavailable) else Unavailable())
            return
        deliver(batch.deliveries)
        for job in batch.jobs:
            job.settle(None)

    async def _abandon(self, batch: _Batch, error: Exception | None) -> None:
        """Give up the transaction; its jobs fail with `error`."""
        with contextlib.suppress(Unavailable):  # the database may have rolled back by itself
            await self._connection.run_steps([_ROLLBACK])
        for job in batch.jobs:
            job.settle(error)
        batch.jobs.clear()
        batch.deliveries.clear()
        batch.is_open = False
