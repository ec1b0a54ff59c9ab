"""`guildway admin reports`: what people have told instance staff."""

from typing import Annotated, Literal

import typer

from guildway.admin_commands.asking import SETTINGS, Limit, Reason, Work, ask

app = typer.Typer(**SETTINGS, help="Reports of messages, people and guilds.")

ReportId = Annotated[int, typer.Argument(metavar="REPORT", min=0, help="The report's id.")]


@app.command(name="list")
def list_reports(
    context: typer.Context,
    *,
    status: Annotated[Literal["open", "resolved", "all"], typer.Option(help="Which ones.")] = "open",
    before: Annotated[int | None, typer.Option(metavar="ID", min=0, help="Older than this report.")] = None,
    limit: Limit = 50,
) -> Work:
    """List reports, newest first."""
    return ask(context, "GET", "reports", status=status, before=before, limit=limit)


@app.command(name="show")
def show_report(context: typer.Context, report: ReportId) -> Work:
    """Show a report."""
    return ask(context, "GET", "reports", report)


@app.command(name="resolve")
def resolve_report(
    context: typer.Context,
    report: ReportId,
    *,
    note: Annotated[str, typer.Option(metavar="TEXT", help="What was done about it.")] = "",
    reason: Reason = "",
) -> Work:
    """Resolve a report."""
    return ask(context, "PUT", "reports", report, "resolution", body={"resolution": note or None}, reason=reason)


@app.command(name="reopen")
def reopen_report(context: typer.Context, report: ReportId, *, reason: Reason = "") -> Work:
    """Make a report an open one again."""
    return ask(context, "DELETE", "reports", report, "resolution", reason=reason)
