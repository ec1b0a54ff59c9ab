"""A cluster's PostgreSQL as of one instant: rows as they are copied into a backup or an export, while the cluster runs.

All is read in one transaction (REPEATABLE READ), which sees what was committed when it began and holds nobody up.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from sqlalchemy import ColumnElement, Table, select
from sqlalchemy.ext.asyncio import AsyncEngine

from core.store.sql.engine.postgres import POSTGRES, connect_postgres
from core.store.sql.moving.source import BATCH_ROWS, Row
from core.store.sql.moving.target import connected
from core.store.sql.schema.tables.messages import GONE, messages

_NOW: Final = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint"


class Instant:
    """The open transaction."""

    __slots__ = ("_driver", "begun_ms")

    def __init__(self, driver: Any, begun_ms: int) -> None:
        """Use `open_instant`."""
        self._driver = driver
        self.begun_ms = begun_ms
        """Unix milliseconds by the server's clock, just before the instant."""

    async def list_rows(self, table: Table, chosen: ColumnElement[bool] | None = None) -> AsyncIterator[list[Row]]:
        """Yield the rows of a table in batches, in the order of their keys; all of them, or those that are chosen.

        The tombstones of messages are no messages. Raises Unavailable.
        """
        statement = select(*table.columns).order_by(*table.primary_key)
        if table is messages:
            statement = statement.where(messages.c.version != GONE)
        if chosen is not None:
            statement = statement.where(chosen)
        # The driver's own values are those that SQLite takes; SQLAlchemy would decode them.
        sql = str(statement.compile(dialect=POSTGRES.compiler, compile_kwargs={"literal_binds": True}))
        batch: list[Row] = []
        async for record in self._driver.cursor(sql, prefetch=BATCH_ROWS):
            batch.append(tuple(record))
            if len(batch) == BATCH_ROWS:
                yield batch
                batch = []
        if batch:
            yield batch


@asynccontextmanager
async def open_instant(url: str) -> AsyncIterator[Instant]:
    """Open the database of a cluster at an instant from now. Raises StartError for another schema, and Unavailable."""
    engine: AsyncEngine = connect_postgres(url, is_patient=True)
    try:
        async with connected(engine) as driver:
            begun_ms = await driver.fetchval(_NOW)
            async with driver.transaction(isolation="repeatable_read", readonly=True):
                yield Instant(driver, begun_ms)
    finally:
        await engine.dispose()
