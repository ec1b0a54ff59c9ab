"""Reports as instance staff reads and resolves them."""

from api.services.administration.administration_forms import ReportStatus, ResolveReport
from api.services.administration.staff_actions import StaffActions
from api.services.administration.staff_authenticator import Staff
from core.domain.errors import UnknownReport
from core.domain.instance.report import Report
from core.runtime.clock import Clock
from core.store.interfaces import Store
from core.wire.objects.administration_reports import ReportObject, render_report


class ReportAdministration:
    """Reads and resolves reports."""

    __slots__ = ("_actions", "_clock", "_store")

    def __init__(self, *, store: Store, actions: StaffActions, clock: Clock) -> None:
        self._store = store
        self._actions = actions
        self._clock = clock

    async def list_page(self, *, status: ReportStatus, before: int | None, limit: int) -> list[ReportObject]:
        """List reports, newest first."""
        is_open = {"open": True, "resolved": False, "all": None}[status]
        found = await self._store.reports.list_page(is_open=is_open, before=before, limit=limit)
        people = {each for report in found for each in (report.reporter_id, report.user_id) if each}
        names = {user_id: user.username for user_id, user in (await self._store.users.find_many(people)).items()}
        return [render_report(report, names) for report in found]

    async def fetch(self, report_id: int) -> ReportObject:
        """Return a report. Raises UnknownReport."""
        report = await self._find(report_id)
        users = await self._store.users.find_many([each for each in (report.reporter_id, report.user_id) if each])
        return render_report(report, {user_id: user.username for user_id, user in users.items()})

    async def resolve(self, staff: Staff, report_id: int, form: ResolveReport, reason: str | None) -> ReportObject:
        """Resolve a report, or note something else about one that is resolved. Raises UnknownReport."""
        report = await self._find(report_id)
        details = {} if form.resolution is None else {"resolution": form.resolution}
        unit = self._actions.act(
            staff,
            "moderator",
            "report.resolve",
            report_id,
            reason=reason,
            details=details,
            users=[report.reporter_id],
        )
        async with unit as tx:
            await tx.reports.resolve(
                report_id, resolver_id=staff.actor_id, at_ms=self._clock.now_ms(), resolution=form.resolution
            )
        return await self.fetch(report_id)

    async def reopen(self, staff: Staff, report_id: int, reason: str | None) -> None:
        """Make a report an open one again. Raises UnknownReport."""
        report = await self._find(report_id)
        unit = self._actions.act(
            staff, "moderator", "report.reopen", report_id, reason=reason, users=[report.reporter_id]
        )
        async with unit as tx:
            await tx.reports.reopen(report_id)

    async def _find(self, report_id: int) -> Report:
        report = await self._store.reports.find(report_id)
        if report is None:
            raise UnknownReport
        return report
