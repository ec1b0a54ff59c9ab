"""The secrets of a database: the first candidate of each name stays."""

from collections.abc import Sequence

from sqlalchemy import select

from core.store.sql.aggregates.node_numbers import RunErrand
from core.store.sql.engine.connection import Executor
from core.store.sql.engine.dialect import Dialect
from core.store.sql.schema.tables.secrets import secrets
from core.wire.envelope import Envelope


class SqlSecrets:
    """The `Secrets` on SQL."""

    __slots__ = ("_dialect", "_run")

    def __init__(self, *, run: RunErrand, dialect: Dialect) -> None:
        self._run = run
        self._dialect = dialect

    async def ensure(self, name: str, candidate: bytes) -> bytes:
        put = self._dialect.insert(secrets).values(name=name, value=candidate).on_conflict_do_nothing()

        async def work(db: Executor) -> tuple[bytes, Sequence[Envelope]]:
            await db.execute(put)
            row = await db.fetch_one(select(secrets.c.value).where(secrets.c.name == name))
            assert row is not None  # noqa: S101 - it was put there
            return bytes(row[0]), ()

        found: bytes = await self._run(work)
        return found
