"""The relational database of a cluster: a server that several processes have connections to, one unit at a time.

The product's classes for PostgreSQL (its writer, outbox, relaying, sweep and reads) run on a SQLite file here. A
connection looks to them as the driver of PostgreSQL does; the one statement that only PostgreSQL knows, the numbering
of a unit's events, has a twin (`SqliteOutbox`). Units run one after another on the whole server, which is stricter than
the locks of owners; that those suffice is tested on a real PostgreSQL.

By the seed a unit is refused, or its COMMIT is lost with the connection, done or not. A session that stands still in a
unit is ended, as PostgreSQL does, and the units of a process that has died roll back.

`commits` says in which order events were committed, and when.
"""

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from random import Random
from typing import Any, Final

import msgspec
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine
from typing_extensions import override

from core.store.sql.engine.connection import Connection
from core.store.sql.engine.dialect import SQLITE, Dialect, connect_sqlite
from core.store.sql.engine.query import QueryCache
from core.store.sql.engine.sqlite_driver import Step, _run_last_steps
from core.store.sql.postgres.outbox import Appended, Entries, Outbox
from core.wire.envelope import Envelope, encode_envelope
from tests.simulation.world.process_loop import ProcessLoop
from tests.simulation.world.sqlite import InlineConnection, share_statements
from tests.simulation.world.world import World

_TRIP_S: Final = 0.003
_SLOW_SHARE: Final = 0.01
_SLOW_S: Final = 0.15
_IDLE_S: Final = 5.0
"""As `_LOCK_WAIT_S` of `core.store.sql.engine.postgres`."""
_CACHED_STATEMENTS: Final = 512


class DatabaseServer:
    """The server. Its file outlives every process."""

    def __init__(self, *, path: str, num_shards: int, world: World) -> None:
        self.path = path
        self.refused_share = 0.0
        """The share of units that are refused."""
        self.lost_share = 0.0
        """The share of commits whose connection is lost."""
        self.commits: list[tuple[float, int, int]] = []
        """When an event was committed, its shard and its revision."""
        self.on_commit: Callable[[ProcessLoop], None] = lambda _: None
        """Called with the process whose unit has just been committed with events."""
        self.chance: Random = world.chance("database")
        self._world = world
        self._loop = world.make_loop("database")
        self._heads = dict.fromkeys(range(num_shards), 0)
        self._holder: ServerConnection | None = None
        self._held = 0
        self._waiting: deque[tuple[ServerConnection, asyncio.Future[None]]] = deque()
        self._open: dict[ProcessLoop, list[ServerConnection]] = {}
        self._records: dict[ProcessLoop, list[Any]] = {}
        self._make_rows(num_shards)

    def _make_rows(self, num_shards: int) -> None:
        connection = sqlite3.connect(self.path)
        connection.execute("INSERT INTO cluster (id, num_shards, generation) VALUES ('simulated', ?, 0)", (num_shards,))
        rows = [(shard, 0) for shard in range(num_shards)]
        connection.executemany("INSERT INTO log_heads (shard, n) VALUES (?, ?)", rows)
        connection.commit()
        connection.close()

    def dialect_of(self, loop: ProcessLoop) -> Dialect:
        """Return the dialect by which one process connects."""
        return msgspec.structs.replace(SQLITE, connect=partial(self._make_engine, loop), run_last_steps=_commit)

    def _make_engine(self, loop: ProcessLoop, location: str) -> AsyncEngine:
        engine = connect_sqlite(location, connect=partial(self._connect, loop))
        share_statements(engine)
        records = self._records.setdefault(loop, [])
        event.listen(engine.sync_engine, "checkout", lambda _connection, record, _proxy: records.append(record))
        return engine

    async def _connect(self, loop: ProcessLoop, path: str) -> "ServerConnection":
        connection = sqlite3.connect(path, cached_statements=_CACHED_STATEMENTS)
        connection.create_function("pg_advisory_xact_lock", 1, lambda _: None)
        made = ServerConnection(connection, self, loop)
        self._open.setdefault(loop, []).append(made)
        return made

    def drop(self, loop: ProcessLoop) -> None:
        """Close the connections of a process that has died."""
        for connection in self._open.pop(loop, ()):
            connection.cut()
        for record in self._records.pop(loop, ()):
            record.fairy_ref = None  # SQLAlchemy would warn of a connection that nobody has given back

    def close(self) -> None:
        """Close all connections."""
        for loop in list(self._open):
            self.drop(loop)

    def delay_s(self) -> float:
        """Return how long the next half of a trip takes."""
        if self.chance.random() < _SLOW_SHARE:
            return self.chance.random() * _SLOW_S
        return self.chance.random() * _TRIP_S

    # ---- units

    async def enter(self, connection: "ServerConnection") -> None:
        """Wait until it is a unit's turn."""
        if self.chance.random() < self.refused_share:
            raise sqlite3.OperationalError("the server refuses")
        if self._holder is None:
            self._lend(connection)
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((connection, turn))
        await turn

    def _lend(self, connection: "ServerConnection") -> None:
        self._holder = connection
        self._held += 1
        self._loop.call_later(_IDLE_S, self._end_idle, self._held, connection.statements)

    def _end_idle(self, held: int, statements: int) -> None:
        holder = self._holder
        if holder is None or held != self._held:
            return
        if holder.statements == statements:
            self._world.trace.note("database", "ends a session that stands still")
            holder.cut()
        else:
            self._loop.call_later(_IDLE_S, self._end_idle, held, holder.statements)

    def leave(self, connection: "ServerConnection") -> None:
        """A unit has ended."""
        if connection is not self._holder:
            return
        self._holder = None
        while self._waiting and self._holder is None:
            waiting, turn = self._waiting.popleft()
            if waiting.is_closed() or turn.done():
                continue
            self._lend(waiting)
            turn.set_result(None)

    def note_commit(self, loop: ProcessLoop, connection: sqlite3.Connection) -> None:
        """Write down what a commit has added."""
        before = len(self.commits)
        for shard, n in connection.execute("SELECT shard, n FROM log_heads ORDER BY shard").fetchall():
            self.commits += [(self._world.now_s, shard, each) for each in range(self._heads[shard] + 1, n + 1)]
            self._heads[shard] = n
        if len(self.commits) > before:
            self.on_commit(loop)


class ServerConnection(InlineConnection):
    """One process's connection, as the pool and the writer of PostgreSQL use it."""

    def __init__(self, connection: sqlite3.Connection, server: DatabaseServer, loop: ProcessLoop) -> None:
        super().__init__(connection, server.delay_s)
        self.server = server
        self.loop = loop
        self.is_open = False
        """Whether the driver has set it up. Until then trips take no time, so that nobody dies while connecting."""
        self.statements = 0
        """The number of trips, by which the server sees that it stands still."""

    def is_closed(self) -> bool:
        """Whether nothing can be sent any more."""
        return self._connection is None

    def is_in_transaction(self) -> bool:
        """Whether a unit has begun and not ended."""
        return self._connection is not None and self._connection.in_transaction

    def terminate(self) -> None:
        """Throw it away."""
        self.cut()

    @property
    @override
    def _conn(self) -> sqlite3.Connection:
        if self._connection is None:
            raise sqlite3.OperationalError("the connection was lost")
        return self._connection

    @override
    def cut(self) -> None:
        super().cut()
        self.server.leave(self)

    @override
    def trip(self, work: Any, *arguments: Any) -> asyncio.Future[Any]:
        self.statements += 1
        if self.is_open:
            return super().trip(work, *arguments)
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        answer.set_result(work(self._conn, *arguments))
        return answer

    async def execute(self, script: str) -> None:
        """Run the script that begins a unit, or that ends it without a commit."""
        if script.startswith("BEGIN"):
            await self.server.enter(self)
            await self.trip(sqlite3.Connection.execute, "BEGIN IMMEDIATE")
        else:
            try:
                await self.trip(sqlite3.Connection.rollback)
            finally:
                self.server.leave(self)


async def open_connection(engine: AsyncEngine, dialect: Dialect, queries: QueryCache) -> Connection:
    """Connect a process, as `Connection.open`."""
    connection = await Connection.open(engine=engine, dialect=dialect, queries=queries)
    connection.driver.is_open = True
    return connection


async def _commit(connection: ServerConnection, steps: Sequence[Step]) -> Exception | None:
    """Commit, as `Dialect.run_last_steps`."""
    server = connection.server
    chance = server.chance.random()
    if chance < server.lost_share / 2:
        connection.cut()
        return sqlite3.OperationalError("the connection was lost before the commit")
    error: Exception | None = await connection.trip(_commit_now, connection, steps)
    if chance < server.lost_share:
        connection.cut()
        return sqlite3.OperationalError("the connection was lost after the commit")
    return error


def _commit_now(driver: sqlite3.Connection, connection: ServerConnection, steps: Sequence[Step]) -> Exception | None:
    error = _run_last_steps(driver, steps)
    if error is None:
        connection.server.note_commit(connection.loop, driver)
    connection.server.leave(connection)
    return error


class SqliteOutbox(Outbox):
    """The outbox, whose numbering PostgreSQL does in one statement."""

    __slots__ = ()

    @override
    async def append(self, connection: Connection, envelopes: Sequence[Envelope]) -> Appended:
        if not envelopes:
            return {}
        by_shard = dict(sorted(self._by_shard(envelopes).items()))
        count = "UPDATE log_heads SET n = n + ? WHERE shard = ? RETURNING n"
        heads = await connection.run_steps([Step(count, (len(each), shard)) for shard, each in by_shard.items()])
        insert = "INSERT INTO outbox (shard, n, owner_id, created_ms, envelope) VALUES (?, ?, ?, ?, ?)"
        now_ms = self._clock.now_ms()
        appended, steps = {}, []
        for (shard, events), rows in zip(by_shard.items(), heads, strict=True):
            first = rows[0][0] - len(events) + 1
            appended[shard] = Entries(first, events)
            for place, each in enumerate(events, first):
                steps.append(Step(insert, (shard, place, each.owner_id, now_ms, encode_envelope(each))))
        await connection.run_steps(steps)
        return appended
