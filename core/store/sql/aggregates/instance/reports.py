"""Reports of people to instance staff."""

from typing import Any, Final

from sqlalchemy import insert, select, update

from core.domain.errors import UnknownReport
from core.domain.instance.report import Report
from core.store.sql.engine.connection import Executor
from core.store.sql.schema.columns import EntityMap
from core.store.sql.schema.tables.reports import reports

_REPORT: Final = EntityMap(Report, reports)


class SqlReports:
    """The `ReportWriter` on SQL; the store shows its reading half."""

    __slots__ = ("_db",)

    def __init__(self, db: Executor) -> None:
        self._db = db

    async def find(self, report_id: int) -> Report | None:
        row = await self._db.fetch_one(select(*_REPORT.columns).where(reports.c.id == report_id))
        return None if row is None else _REPORT.entity(row)

    async def find_open(self, report: Report) -> Report | None:
        row = await self._db.fetch_one(
            select(*_REPORT.columns).where(
                reports.c.reporter_id == report.reporter_id,
                reports.c.kind == report.kind,
                reports.c.user_id == report.user_id,
                reports.c.guild_id == report.guild_id,
                reports.c.message_id == report.message_id,
                reports.c.resolved_ms == 0,
            )
        )
        return None if row is None else _REPORT.entity(row)

    async def list_page(self, *, is_open: bool | None, before: int | None, limit: int) -> list[Report]:
        statement = select(*_REPORT.columns)
        if is_open is not None:
            statement = statement.where(reports.c.resolved_ms == 0 if is_open else reports.c.resolved_ms != 0)
        if before is not None:
            statement = statement.where(reports.c.id < before)
        rows = await self._db.fetch_all(statement.order_by(reports.c.id.desc()).limit(limit))
        return [_REPORT.entity(row) for row in rows]

    async def add(self, report: Report) -> None:
        await self._db.execute(insert(reports), _REPORT.values(report))

    async def resolve(self, report_id: int, *, resolver_id: int, at_ms: int, resolution: str | None) -> None:
        await self._change(report_id, resolver_id=resolver_id, resolved_ms=at_ms, resolution=resolution)

    async def reopen(self, report_id: int) -> None:
        await self._change(report_id, resolver_id=0, resolved_ms=0, resolution=None)

    async def _change(self, report_id: int, **values: Any) -> None:
        if not await self._db.execute(update(reports).where(reports.c.id == report_id).values(**values)):
            raise UnknownReport
