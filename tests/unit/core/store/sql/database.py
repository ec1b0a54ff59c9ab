"""A writer on a real file, whose driver can be made to fail."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from core.bus.interfaces import Delivery
from core.runtime.metrics.metrics import Metrics
from core.store.sql.engine.connection import Connection
from core.store.sql.engine.database_files import DatabaseFiles
from core.store.sql.engine.dialect import SQLITE
from core.store.sql.engine.pool import ReadPool
from core.store.sql.engine.query import QueryCache
from core.store.sql.engine.sqlite_driver import OneTripConnection, Step
from core.store.sql.schema.migrate import migrate
from core.store.sql.writing.commits import Commits
from core.store.sql.writing.log import SqlLog, load_log_state
from core.store.sql.writing.writer import Writer
from tests.fakes.clock import FakeClock

NUM_SHARDS = 4


class Database:
    """The parts of a store, in reach of a test."""

    def __init__(self) -> None:
        self.delivered: list[Delivery] = []
        self.fails: Callable[[Step], bool] = lambda _: False
        """Statements for which it says yes raise as on a broken disk, and are not run."""
        self.refuses_deliveries = False
        self.commits = asyncio.Event()
        """Set when the first commit begins."""
        self.ran: list[str] = []
        self.trips = 0
        """To the database, by the writer."""
        self.writer: Writer
        self.connection: Connection
        self.log: SqlLog
        self.reads: ReadPool
        self.clock = FakeClock()

    async def run_steps(self, driver: OneTripConnection, steps: Sequence[Step]) -> list[list[tuple[Any, ...]]]:
        """In place of the dialect's own."""
        self.trips += 1
        self._pass(steps)
        return await driver.run_steps(steps)

    async def run_last_steps(self, driver: OneTripConnection, steps: Sequence[Step]) -> Exception | None:
        """In place of the dialect's own."""
        self.trips += 1
        self._pass(steps)
        self.commits.set()
        if self.fails(Step("COMMIT")):
            await driver.run_steps(steps)
            return sqlite3.OperationalError("disk I/O error")
        error = await driver.run_last_steps(steps)
        self.ran.append("COMMIT")
        return error

    def _pass(self, steps: Sequence[Step]) -> None:
        for step in steps:
            self.ran.append(step.sql)
            if self.fails(step):
                raise sqlite3.OperationalError("disk I/O error")

    def deliver(self, deliveries: Sequence[Delivery]) -> None:
        """In place of the bus."""
        if self.refuses_deliveries:
            raise ValueError
        self.delivered.extend(deliveries)

    async def pragma(self, sql: str) -> Any:
        """Ask or set something of the write connection."""
        ((row,),) = await self.connection.run_steps([Step(sql)])
        return row[0]


@asynccontextmanager
async def open_database(path: Path) -> AsyncIterator[Database]:
    """The parts, put together as the store does, and closed."""
    database = Database()
    dialect = msgspec.structs.replace(SQLITE, run_steps=database.run_steps, run_last_steps=database.run_last_steps)
    engine = dialect.connect(str(path))
    await migrate(engine)
    queries = QueryCache(dialect.compiler)
    database.connection = await Connection.open(engine=engine, dialect=dialect, queries=queries)
    reader = await Connection.open(engine=engine, dialect=SQLITE, queries=queries)
    database.reads = ReadPool([reader])
    state = await load_log_state(database.reads, NUM_SHARDS)
    database.log = SqlLog(
        state=state, num_shards=NUM_SHARDS, clock=database.clock, dialect=dialect, reads=database.reads
    )
    database.writer = Writer(
        connection=database.connection,
        dialect=dialect,
        log=database.log,
        commits=Commits(clock=database.clock, metrics=Metrics()),
        files=DatabaseFiles(path),
    )
    database.writer.start(database.deliver)
    yield database
    database.fails = lambda _: False
    await database.writer.close()
    await database.reads.close()
    await engine.dispose()
