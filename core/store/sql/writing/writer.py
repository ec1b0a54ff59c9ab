"""The one writer, which takes units of work in their order and commits them in groups.

A commit costs an fsync, so concurrent units share it. Work waits in one queue; the writer's task takes a batch of it:

    BEGIN ─ job 1 ─ SAVEPOINT ─ job 2 ─ RELEASE ─ SAVEPOINT ─ job 3 ✗ ROLLBACK TO ─ … ─ COMMIT ─ deliver ─ wake callers

The batch is the first job and everything that has queued up while it ran. A trip to the database costs two thread
switches, so a job's first questions go with the statement that opens its savepoint, and the last job's statements with
the COMMIT. A job that fails rolls back only its own changes. A job's events are written to the log in its savepoint, so
order of jobs = order of commits = order of the log. After COMMIT the deliveries go to the bus before any caller wakes
up. Only the writer's task controls transactions.
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from core.bus.interfaces import Delivery
from core.domain.errors import Unavailable
from core.store.sql.engine.connection import Connection, Executor
from core.store.sql.engine.database_files import DatabaseFiles
from core.store.sql.engine.dialect import Dialect
from core.store.sql.engine.sqlite_driver import Step, StepRows
from core.store.sql.writing.commits import Commits
from core.store.sql.writing.jobs import CallerJob, Done, Errand, Job
from core.store.sql.writing.log import SqlLog
from core.wire.envelope import Envelope

logger = logging.getLogger(__name__)

_SAVEPOINT = Step("SAVEPOINT unit")
_ROLLBACK_TO = Step("ROLLBACK TO SAVEPOINT unit")
_RELEASE = Step("RELEASE SAVEPOINT unit")
_ROLLBACK = Step("ROLLBACK")

T = TypeVar("T")
Deliver = Callable[[Sequence[Delivery]], None]


class _Batch:
    """The jobs of the open transaction that wait for its COMMIT."""

    __slots__ = ("deliveries", "is_full", "is_open", "jobs", "left", "refusal")

    def __init__(self) -> None:
        self.left = 1
        """The number of jobs at the head of the queue that are still to run in this batch."""
        self.is_full = False
        """Whether the jobs that queued up behind the first one are among them."""
        self.refusal: Unavailable | None = None
        self.jobs: list[Job] = []
        self.deliveries: list[Delivery] = []
        self.is_open = False

    def fill(self, queued: int) -> None:
        """Add the jobs that came while the first one ran. Later ones have the next commit, so that none starves."""
        if not self.is_full:
            self.is_full = True
            self.left += queued


class Writer:
    """The owner of the write connection and of the queue before it."""

    __slots__ = (
        "_begin",
        "_commits",
        "_connection",
        "_files",
        "_is_closing",
        "_log",
        "_loop",
        "_present_job",
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
        commits: Commits,
        files: DatabaseFiles,
    ) -> None:
        self._connection = connection
        self._files = files
        self._commits = commits
        self._begin = Step(dialect.begin_write)
        self._log = log
        self._queue: deque[Job] = deque()
        self._work_came = asyncio.Event()
        self._is_closing = False
        self._present_job: CallerJob | None = None
        self._loop = asyncio.get_running_loop()
        self._task: asyncio.Task[None] | None = None

    def start(self, deliver: Deliver) -> None:
        """Begin to work. `deliver` gets the committed events, in order, and must not raise."""
        # There is no task group, because the writer lives from open to close, which may be calls of different tasks.
        self._task = self._loop.create_task(self._run(deliver), name="store writer")

    def queue_body(self) -> CallerJob:
        """Queue a unit of work whose body the caller runs. Raises Unavailable when closing."""
        job = CallerJob(self._loop)
        self.add(job)
        return job

    async def run_errand(self, work: Callable[[Executor], Awaitable[tuple[T, Sequence[Envelope]]]]) -> T:
        """Queue a function as a unit of work and wait for its commit."""
        errand = Errand(work, self._loop)
        self.add(errand)
        return await errand.outcome()

    def add(self, job: Job) -> None:
        """Queue a job.

        Raises:
            Unavailable: when closing, or when the database's files are no longer those that were opened.
            RuntimeError: when called inside the unit that runs now.
        """
        if self._is_closing:
            raise Unavailable("the store is closed")
        if self._files.last_fault is not None:
            raise Unavailable(self._files.last_fault)
        if self._present_job is not None and self._present_job.is_held_by(asyncio.current_task()):
            raise RuntimeError("a unit of work inside a unit of work would wait for itself")
        self._queue.append(job)
        self._work_came.set()

    @property
    def last_queued(self) -> Job | None:
        """Return the job at the end of the queue, if it has not begun."""
        return self._queue[-1] if self._queue else None

    async def close(self) -> None:
        """Finish the queue, refuse new jobs, close the connection."""
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
        self._commits.note_begun()
        try:
            while batch.left:
                batch.left -= 1
                await self._run_job(batch, self._queue.popleft(), deliver)
                batch.fill(len(self._queue))
            if batch.is_open:
                await self._end(batch, await self._commit(()), deliver)
        except Exception:
            # A mistake in the writer itself must not end it, or all callers would wait for ever.
            logger.exception("the writer failed")
            await self._abandon(batch, Unavailable())
        finally:
            self._commits.note_ended()

    async def _run_job(self, batch: _Batch, job: Job, deliver: Deliver) -> None:
        if job.is_abandoned:
            return
        if batch.refusal is not None:
            job.settle(batch.refusal)
            return
        is_nested = bool(batch.jobs)
        try:
            done = await self._begin_job(batch, job, is_nested=is_nested)
            deliveries = self._log.place(done.envelopes, is_relational=done.is_relational)
            steps = [*done.steps, *self._log.insert_steps(deliveries), *([_RELEASE] if is_nested else [])]
            batch.fill(len(self._queue))
            is_last = not batch.left
            refusal = None
            if is_last:
                refusal = await self._commit(steps)
            elif steps:
                await self._connection.run_steps(steps)
        except Exception as error:
            if isinstance(error, Unavailable):
                self._commits.note_failed(error)
            await self._undo(batch, is_nested=is_nested)
            parts = () if isinstance(error, Unavailable) else job.parts()
            if not parts:
                job.settle(error)
            self._queue.extendleft(reversed(parts))
            batch.left += len(parts)
            return
        batch.jobs.append(job)
        batch.deliveries.extend(deliveries)
        if is_last:
            await self._end(batch, refusal, deliver)

    async def _commit(self, steps: Sequence[Step]) -> Unavailable | None:
        """Run the last statements and commit; return the commit's error."""
        fault = self._files.find_fault()
        if fault is not None:
            return Unavailable(fault)
        began_s = self._commits.now_s()
        refusal = await self._connection.run_last_steps(steps)
        if refusal is None:
            self._commits.note_good(began_s)
        return refusal

    async def _begin_job(self, batch: _Batch, job: Job, *, is_nested: bool) -> Done:
        """Open the job's savepoint (the first job's is the transaction) and run its body."""
        asked = job.open()
        if is_nested:
            _, *found = await self._connection.run_steps([_SAVEPOINT, *asked])
        else:
            _, *found = await self._begin_transaction(batch, asked)
        self._present_job = job if isinstance(job, CallerJob) else None
        try:
            return await job.run(self._connection, found)
        finally:
            self._present_job = None

    async def _begin_transaction(self, batch: _Batch, asked: Sequence[Step]) -> list[StepRows]:
        # The transaction counts as open even after an error, which may be that of a question after BEGIN.
        batch.is_open = True
        try:
            return await self._connection.run_steps([self._begin, *asked])
        except Unavailable as error:
            # Another process holds the file. The other jobs of the batch need not wait for it one by one.
            batch.refusal = error
            raise

    async def _undo(self, batch: _Batch, *, is_nested: bool) -> None:
        """Roll back the job that failed. The first of a transaction has no savepoint: there is nothing else in it."""
        if not is_nested:
            await self._abandon(batch, None)
            return
        try:
            await self._connection.run_steps([_ROLLBACK_TO, _RELEASE])
        except Unavailable as error:
            # The database has rolled back the whole transaction by itself (disk full), with the others' work.
            await self._abandon(batch, error)

    async def _end(self, batch: _Batch, refusal: Unavailable | None, deliver: Deliver) -> None:
        """Deliver and wake all callers after COMMIT, or give up the transaction when it was refused."""
        if refusal is not None:
            self._commits.note_failed(refusal)
            await self._abandon(batch, refusal)
            return
        try:
            deliver(batch.deliveries)
        finally:
            for job in batch.jobs:
                job.settle(None)
            batch.jobs.clear()
            batch.deliveries.clear()
            batch.is_open = False

    async def _abandon(self, batch: _Batch, error: Exception | None) -> None:
        """Give up the transaction; its jobs fail with `error`."""
        if batch.is_open:
            with contextlib.suppress(Unavailable):  # the database may have rolled back by itself
                await self._connection.run_steps([_ROLLBACK])
        for job in batch.jobs:
            job.settle(error)
        batch.jobs.clear()
        batch.deliveries.clear()
        batch.is_open = False
