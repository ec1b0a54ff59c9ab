"""Requests to Cassandra from an event loop.

The session bounds how many requests are under way, so that a server that stalls does not fill the memory with them; a
request that finds no room in time was not sent. It sends each request once: what is to be repeated, and until when, is
decided where the outcome's meaning is known.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final

import cassandra.cluster
import msgspec
from cassandra import ConsistencyLevel
from cassandra.query import BatchStatement, BatchType, BoundStatement, PreparedStatement

from core.domain.errors import Invalid, Unavailable
from core.runtime.clock import Clock
from core.runtime.metrics.cluster_metrics import CassandraMetrics
from core.store.cassandra.answers import Answers
from core.store.cassandra.errors import is_unfit_value, translate
from core.store.cassandra.statements import STATEMENTS, Kind, Statement

Rows = Sequence[Sequence[Any]]

_CONSISTENCY: Final = {Kind.DECIDED_READ: ConsistencyLevel.LOCAL_SERIAL}
"""All others ask for a quorum of the datacenter."""


class _Call:
    """A request that is under way."""

    __slots__ = ("answer", "began_s", "statement")

    def __init__(self, statement: Statement, answer: asyncio.Future[Rows], began_s: float) -> None:
        self.statement = statement
        self.answer = answer
        self.began_s = began_s


class CallBounds(msgspec.Struct, kw_only=True, frozen=True):
    """How long a request may take, and how many are under way."""

    timeout_s: float
    in_flight: int


class CassandraSession:
    """The prepared statements and the requests of one process."""

    __slots__ = ("_answers", "_bounds", "_clock", "_driver", "_metrics", "_prepared", "_room", "_seconds")

    def __init__(
        self,
        *,
        driver: cassandra.cluster.Session,
        prepared: Mapping[Statement, PreparedStatement],
        bounds: CallBounds,
        clock: Clock,
        metrics: CassandraMetrics,
    ) -> None:
        self._driver = driver
        self._prepared = prepared
        self._bounds = bounds
        self._clock = clock
        self._metrics = metrics
        self._seconds = {statement: metrics.call_seconds.labels(statement.name) for statement in prepared}
        self._room = asyncio.Semaphore(bounds.in_flight)
        self._answers: Answers[_Call] = Answers(loop=asyncio.get_running_loop(), take=self._finish)

    async def run(self, statement: Statement, *values: Any) -> Rows:
        """Run a statement and return its rows.

        Raises:
            Invalid: for a value that its column cannot hold.
            Unavailable: when it was not done. OutcomeUnknown: when a write may have been done.
            TooManyTombstones: for a read over too many deleted rows.
        """
        return await (await self.begin(statement, *values))

    async def begin(self, statement: Statement, *values: Any) -> asyncio.Future[Rows]:
        """Send a statement and return its answer to come, which raises as `run` does."""
        return await self._send(statement, self.bind(statement, *values))

    async def begin_batch(self, parts: Sequence[tuple[Statement, Sequence[Any]]]) -> asyncio.Future[Rows]:
        """Send statements of one kind as one request; the answer to come raises as `run` does."""
        batch = BatchStatement(
            BatchType.UNLOGGED,
            consistency_level=ConsistencyLevel.LOCAL_QUORUM,
            serial_consistency_level=ConsistencyLevel.LOCAL_SERIAL,
        )
        for statement, values in parts:
            batch.add(self.bind(statement, *values))
        return await self._send(parts[0][0], batch)

    def bind(self, statement: Statement, *values: Any) -> BoundStatement:
        """Return the statement with its values. Raises Invalid for one that its column cannot hold."""
        try:
            return self._prepared[statement].bind(values)
        except (TypeError, UnicodeEncodeError) as error:
            if is_unfit_value(error):
                raise Invalid(message="Value out of range") from error
            raise

    async def _send(self, statement: Statement, bound: BoundStatement | BatchStatement) -> asyncio.Future[Rows]:
        began_s = self._clock.monotonic_s()
        if self._room.locked():
            await self._wait_for_room()
        else:
            await self._room.acquire()
        call = _Call(statement, asyncio.get_running_loop().create_future(), began_s)
        self._metrics.in_flight.inc()
        try:
            request = self._driver.execute_async(bound, timeout=self._bounds.timeout_s)
            request.add_callbacks(
                self._answers.put_rows, self._answers.put_error, callback_args=(call,), errback_args=(call,)
            )
        except Exception as error:
            self._finish(call, None, error)
        return call.answer

    async def _wait_for_room(self) -> None:
        try:
            async with asyncio.timeout(self._bounds.timeout_s):
                await self._room.acquire()
        except TimeoutError:
            raise Unavailable from None

    def _finish(self, call: _Call, rows: Any, error: Exception | None) -> None:
        self._room.release()
        metrics = self._metrics
        metrics.in_flight.dec()
        self._seconds[call.statement].observe(self._clock.monotonic_s() - call.began_s)
        if error is None:
            if not call.answer.done():
                call.answer.set_result(rows or ())
            return
        ours = translate(error, call.statement.kind)
        metrics.call_errors_total.labels(call.statement.name, type(ours).__name__).inc()
        if not call.answer.done():
            call.answer.set_exception(ours)


def prepare_all(driver: cassandra.cluster.Session, keyspace: str) -> dict[Statement, PreparedStatement]:
    """Prepare every statement for a keyspace, each with its consistency. It blocks."""
    prepared = {}
    for statement in STATEMENTS:
        made = driver.prepare(statement.text.format(keyspace=keyspace))
        made.consistency_level = _CONSISTENCY.get(statement.kind, ConsistencyLevel.LOCAL_QUORUM)
        made.serial_consistency_level = ConsistencyLevel.LOCAL_SERIAL
        made.is_idempotent = statement.kind is not Kind.CONDITIONAL
        prepared[statement] = made
    return prepared
