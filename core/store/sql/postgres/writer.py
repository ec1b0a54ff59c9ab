"""Units of work on PostgreSQL: many at the same time, each in a transaction of its own.

A unit is a `Job` (`core.store.sql.writing.jobs`), as for the one writer of SQLite, and runs in a task of its own:

    queues of its owners ─ connection ─ BEGIN, locks ─ body ─ heads, outbox ─ COMMIT ─ relay ─ own tail ─ caller

Its owners are locked to the end (owner_locks.py), so READ COMMITTED is enough: what the body has checked stays true,
because only units of these owners change it. A deadlock or a wait for a lock that is too long ends it as Unavailable.

A caller may be cancelled at any await: before its body has ended the unit is rolled back, and after that it is
committed and relayed without the caller.

When the connection is lost at COMMIT, the server may have committed or not. A unit with events finds out by its rows in
the outbox (`has_committed`). One without events ends as OutcomeUnknown.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any, Final, TypeVar

from core.domain.errors import OutcomeUnknown, Unavailable
from core.store.sql.engine.connection import Connection, Executor
from core.store.sql.engine.errors import find_state, translated
from core.store.sql.engine.postgres import RolledBackAtCommit, run_script
from core.store.sql.postgres.connections import ConnectionPool
from core.store.sql.postgres.outbox import Appended, Outbox, has_committed
from core.store.sql.postgres.owner_locks import OwnerQueues, write_lock_statements
from core.store.sql.postgres.relaying import Relaying
from core.store.sql.writing.commits import Commits
from core.store.sql.writing.jobs import CallerJob, Errand, Job, RolledBack
from core.wire.envelope import Envelope

logger = logging.getLogger(__name__)

T = TypeVar("T")

_ASK_S: Final = 8.0
"""The search for the outcome of a commit: longer than the server keeps a session that says nothing."""
_ASK_PAUSE_S: Final = 0.1


class PostgresWriter:
    """The units of this process that are on their way."""

    __slots__ = ("_bodies", "_commits", "_is_closing", "_loop", "_outbox", "_pool", "_queues", "_relaying", "_tasks")

    def __init__(self, *, pool: ConnectionPool, outbox: Outbox, relaying: Relaying, commits: Commits) -> None:
        self._pool = pool
        self._outbox = outbox
        self._relaying = relaying
        self._commits = commits
        self._queues = OwnerQueues()
        self._loop = asyncio.get_running_loop()
        self._is_closing = False
        self._bodies: set[CallerJob] = set()
        self._tasks: set[asyncio.Task[Any]] = set()

    def queue_body(self, owners: Sequence[int]) -> CallerJob:
        """Begin a unit whose body the caller runs, when it is its turn at its owners.

        Raises:
            Unavailable: when closing, or while events cannot be told.
            RuntimeError: when called inside another unit's body.
        """
        self._check_open()
        self._relaying.check_open()
        self._check_no_body()
        job = CallerJob(self._loop)
        self._bodies.add(job)
        self._start(job, owners)
        return job

    async def run_errand(self, work: Callable[[Executor], Awaitable[tuple[T, Sequence[Envelope]]]]) -> T:
        """Run a function as a unit of work without owners, and wait for its commit.

        Raises:
            Unavailable: when nothing was changed.
            OutcomeUnknown: when the connection was lost at COMMIT.
        """
        self._check_open()
        self._check_no_body()
        errand = Errand(work, self._loop)
        self._start(errand, ())
        return await errand.outcome()

    async def close(self) -> None:
        """Finish all units, refuse new ones, close the connections."""
        self._is_closing = True
        while self._tasks:
            await asyncio.wait(self._tasks)
        await self._pool.close()

    def _start(self, job: Job, owners: Sequence[int]) -> None:
        task = self._loop.create_task(self._work(job, owners), name="unit of work")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _work(self, job: Job, owners: Sequence[int]) -> None:
        try:
            async with self._queues.hold(owners):
                appended = {} if job.is_abandoned else await self._run(job, owners)
            await self._relaying.publish(appended)
        except Exception as error:
            if not isinstance(error, Unavailable | RolledBack):
                logger.debug("a unit of work failed", exc_info=error)
            job.settle(error)
        else:
            job.settle(None)
        finally:
            if isinstance(job, CallerJob):
                self._bodies.discard(job)

    async def _run(self, job: Job, owners: Sequence[int]) -> Appended:
        """Run the job in a transaction; return its committed events."""
        async with self._pool.lend() as connection:
            if job.is_abandoned:
                return {}
            try:
                with translated():
                    await run_script(connection.driver, ";".join(["BEGIN", write_lock_statements(owners)]))
                done = await job.run(connection, ())
                appended = await self._outbox.append(connection, done.envelopes)
            except BaseException:
                with suppress(Unavailable), translated():  # a connection that is lost has rolled back by itself
                    await run_script(connection.driver, "ROLLBACK")
                raise
            began_s = self._commits.now_s()
            refusal = await connection.run_last_steps(())
        if refusal is not None:
            await self._settle_refusal(refusal, appended)
        self._commits.note_good(began_s)
        return appended

    async def _settle_refusal(self, refusal: Unavailable, appended: Appended) -> None:
        """Return when the unit was committed after all; raise what is known otherwise."""
        self._commits.note_failed(refusal)
        if _is_certain(refusal):
            raise refusal
        if not appended:
            raise OutcomeUnknown from refusal
        if not await self._has_committed(appended):
            raise refusal

    async def _has_committed(self, appended: Appended) -> bool:
        """Ask until the server answers. Raises OutcomeUnknown when it does not."""
        shard, entries = next(iter(appended.items()))
        until_s = self._commits.now_s() + _ASK_S
        while True:
            try:
                return await self._ask(lambda db: has_committed(db, shard, entries))
            except Unavailable as error:
                if self._commits.now_s() >= until_s:
                    raise OutcomeUnknown from error
            await asyncio.sleep(_ASK_PAUSE_S)

    async def _ask(self, question: Callable[[Connection], Awaitable[bool]]) -> bool:
        async with self._pool.lend() as connection:
            with translated():
                await run_script(connection.driver, "BEGIN")
            try:
                return await question(connection)
            finally:
                with suppress(Unavailable), translated():
                    await run_script(connection.driver, "ROLLBACK")

    def _check_open(self) -> None:
        if self._is_closing:
            raise Unavailable("the store is closed")

    def _check_no_body(self) -> None:
        task = asyncio.current_task()
        if any(job.is_held_by(task) for job in self._bodies):
            raise RuntimeError("a unit of work inside a unit of work would wait for itself")


def _is_certain(refusal: Unavailable) -> bool:
    """Return whether the server itself has refused to commit, in a session that goes on."""
    cause = refusal.__cause__
    if isinstance(cause, RolledBackAtCommit):
        return True
    state = "" if cause is None else find_state(cause)
    # Classes 08 and 57 are connections and servers that go away, perhaps after they have committed.
    return bool(state) and not state.startswith(("08", "57"))
