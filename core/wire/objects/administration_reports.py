"""Reports as `/admin` shows them to instance staff."""

from collections.abc import Mapping

import msgspec

from core.domain.instance.report import Report, ReportKind
from core.domain.instance.staff import OPERATOR_ID
from core.wire.times import iso_time


class ReportObject(msgspec.Struct, kw_only=True):
    """A report. Ids are null where it is about no such thing, names where the account is gone."""

    id: str
    kind: ReportKind
    reason: str
    reported_at: str
    reporter_id: str
    reporter: str | None
    user_id: str | None
    user: str | None
    guild_id: str | None
    channel_id: str | None
    message_id: str | None
    content: str
    """The text of the message as it was, or the guild's name."""
    resolved_at: str | None
    resolved_by: str | None
    """The member of staff; null for the operator at the server's machine, and for an open report."""
    resolution: str | None


def render_report(report: Report, names: Mapping[int, str]) -> ReportObject:
    """Render a report. `names` are those of accounts, keyed by id."""
    is_open = not report.resolved_ms
    return ReportObject(
        id=str(report.id),
        kind=report.kind,
        reason=report.reason,
        reported_at=iso_time(report.created_ms),
        reporter_id=str(report.reporter_id),
        reporter=names.get(report.reporter_id),
        user_id=_show(report.user_id),
        user=names.get(report.user_id),
        guild_id=_show(report.guild_id),
        channel_id=_show(report.channel_id),
        message_id=_show(report.message_id),
        content=report.content,
        resolved_at=None if is_open else iso_time(report.resolved_ms),
        resolved_by=None if is_open or report.resolver_id == OPERATOR_ID else str(report.resolver_id),
        resolution=report.resolution,
    )


def _show(number: int) -> str | None:
    return str(number) if number else None
