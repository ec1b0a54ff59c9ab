"""/reporting and /report: what people tell instance staff, as clients send it. Discord documents neither."""

from collections.abc import Sequence
from typing import Final

from api.http.route import Route, get, post
from api.services.caller import Caller
from api.services.reports.report_forms import CreateOldReport, CreateReport
from api.services.reports.reports import ReportService
from core.wire.objects.report import ReportAnswer, ReportMenu, ReportMenuName


@get("/reporting/menu/{name}")
async def get_report_menu(name: ReportMenuName, caller: Caller, reports: ReportService) -> ReportMenu:
    """The questions to whoever reports a message, a user or a guild."""
    return reports.show_menu(caller, name)


@post("/reporting/{name}")
async def create_report(
    name: ReportMenuName, caller: Caller, data: CreateReport, reports: ReportService
) -> ReportAnswer:
    """Report a message, a user or a guild."""
    return await reports.create(caller, name, data)


@post("/report")
async def create_old_report(caller: Caller, data: CreateOldReport, reports: ReportService) -> ReportAnswer:
    """Report a message, as older clients do."""
    return await reports.create_old(caller, data)


ROUTES: Final[Sequence[Route]] = (
    get_report_menu,
    create_report,
    create_old_report,
)
