"""/admin/reports: what people have told instance staff."""

from collections.abc import Sequence
from typing import Final

from api.http.parameters import SnowflakePath, SnowflakeQuery
from api.http.route import Route, delete, get, put
from api.routes.administration.people import PageLimit
from api.services.administration.administration_forms import ReportStatus, ResolveReport
from api.services.administration.report_administration import ReportAdministration
from api.services.administration.staff_authenticator import Staff
from core.wire.objects.administration_reports import ReportObject


@get("/admin/reports", staff_role="moderator")
async def list_reports(
    report_administration: ReportAdministration,
    status: ReportStatus = "open",
    before: SnowflakeQuery = None,
    limit: PageLimit = 50,
) -> list[ReportObject]:
    """List reports, newest first: those that are open, those that are resolved, or all."""
    return await report_administration.list_page(status=status, before=before, limit=limit)


@get("/admin/reports/{report_id}", staff_role="moderator")
async def get_report(report_id: SnowflakePath, report_administration: ReportAdministration) -> ReportObject:
    """Show a report."""
    return await report_administration.fetch(report_id)


@put("/admin/reports/{report_id}/resolution", staff_role="moderator", is_audited=True)
async def resolve_report(
    report_id: SnowflakePath,
    staff: Staff,
    data: ResolveReport,
    reason: str | None,
    report_administration: ReportAdministration,
) -> ReportObject:
    """Resolve a report."""
    return await report_administration.resolve(staff, report_id, data, reason)


@delete("/admin/reports/{report_id}/resolution", status=204, staff_role="moderator", is_audited=True)
async def reopen_report(
    report_id: SnowflakePath, staff: Staff, reason: str | None, report_administration: ReportAdministration
) -> None:
    """Make a report an open one again."""
    await report_administration.reopen(staff, report_id, reason)


ROUTES: Final[Sequence[Route]] = (
    list_reports,
    get_report,
    resolve_report,
    reopen_report,
)
