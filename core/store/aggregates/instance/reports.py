"""Reports of people to instance staff."""

from typing import Protocol

from core.domain.instance.report import Report


class ReportReader(Protocol):
    async def find(self, report_id: int) -> Report | None: ...

    async def find_open(self, report: Report) -> Report | None:
        """Find the open report of the same reporter about the same thing."""

    async def list_page(self, *, is_open: bool | None, before: int | None, limit: int) -> list[Report]:
        """List reports, newest first, those with smaller ids than `before`. `is_open` is None for all."""


class ReportWriter(ReportReader, Protocol):
    async def add(self, report: Report) -> None:
        """Add a report. The reporter exists."""

    async def resolve(self, report_id: int, *, resolver_id: int, at_ms: int, resolution: str | None) -> None:
        """Resolve a report, or resolve it anew. Raises UnknownReport."""

    async def reopen(self, report_id: int) -> None:
        """Make a report an open one again. Raises UnknownReport."""
