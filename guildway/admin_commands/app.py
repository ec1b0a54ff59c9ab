"""`guildway admin`, as Typer reads it: a module a noun. A command function only returns the work of the command."""

from typing import Annotated

import typer

from guildway.admin_commands import guilds, limits, registration, reports, staff, users
from guildway.admin_commands.announcements import announce
from guildway.admin_commands.asking import SETTINGS, Limit, Work, ask

app = typer.Typer(
    **SETTINGS,
    epilog="""\b
Examples:
  guildway admin users list --search zo
  guildway admin users suspend zoe --reason spam
  guildway admin --data /var/lib/guildway staff set ada owner
  guildway admin --cluster --config /etc/guildway.toml --json log
\b
Each command acts as the operator, by the key in the server's database, and is written into the instance's log.
It asks the running server, or opens the data of an embedded one that does not run.
\b
Exit statuses: 0 done, 1 the server failed, 2 wrong input, settings, or nobody answers, 3 the database is of a newer
version, 4 it was made with other numbers, 5 what was named does not exist, 6 refused.""",
)
for _name, _group in (
    ("users", users.app),
    ("guilds", guilds.app),
    ("registration", registration.app),
    ("invites", registration.invites),
    ("staff", staff.app),
    ("limits", limits.app),
    ("reports", reports.app),
):
    app.add_typer(_group, name=_name)
app.command()(announce)


@app.callback()
def admin(
    context: typer.Context,
    *,
    data: Annotated[
        str | None, typer.Option(metavar="DIR", help="The data folder (GUILDWAY_DATA; default: data).")
    ] = None,
    config: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="The settings, see deploy/guildway.example.toml (GUILDWAY_CONFIG)."),
    ] = None,
    url: Annotated[
        str | None, typer.Option(metavar="URL", help="The running server's REST API (default: by the settings).")
    ] = None,
    cluster: Annotated[
        bool, typer.Option("--cluster", help="The server is a cluster: its key is in the PostgreSQL of the settings.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Write answers as JSON.")] = False,
) -> None:
    """Administer a server from its own machine, running or stopped."""
    context.obj = {
        "flags": {"config": config, "data": data},
        "url": url,
        "is_cluster": cluster,
        "as_json": json,
    }


@app.command()
def log(
    context: typer.Context,
    *,
    actor: Annotated[
        int | None, typer.Option(metavar="ID", min=0, help="Only of this member of staff; 0 for the operator.")
    ] = None,
    target: Annotated[str, typer.Option(metavar="ID", help="Only what was done to this id or code.")] = "",
    before: Annotated[int | None, typer.Option(metavar="ID", min=0, help="Older than this entry.")] = None,
    limit: Limit = 50,
) -> Work:
    """Show what staff did, newest first."""
    return ask(context, "GET", "log", actor=actor, target=target, before=before, limit=limit)
