"""`guildway admin users`: accounts."""

import sys
from typing import Annotated

import typer

from guildway.admin_commands.asking import SETTINGS, After, Limit, Named, PasswordStdin, Reason, Work, ask

app = typer.Typer(**SETTINGS, help="Accounts.")


def _read_password(wanted: bool) -> dict[str, str]:  # noqa: FBT001 - a flag
    if not wanted:
        return {}
    password = sys.stdin.readline().rstrip("\r\n")
    if not password:
        raise typer.BadParameter("--password-stdin: the input has no line")
    return {"password": password}


@app.command(name="list")
def list_users(
    context: typer.Context,
    *,
    search: Annotated[
        str, typer.Option(metavar="TEXT", help="The beginning of a username, an id, or a whole e-mail address.")
    ] = "",
    after: After = 0,
    limit: Limit = 50,
) -> Work:
    """List accounts by ascending id."""
    return ask(context, "GET", "users", search=search, after=after, limit=limit)


@app.command(name="show")
def show_user(context: typer.Context, user: Named) -> Work:
    """Show an account."""
    return ask(context, "GET", "users", "{user}", user=user)


@app.command(name="create")
def create_user(
    context: typer.Context,
    username: Annotated[str, typer.Argument(metavar="USERNAME")],
    *,
    email: Annotated[str, typer.Option(metavar="ADDRESS", help="The e-mail address.")],
    birth_date: Annotated[str, typer.Option(metavar="YYYY-MM-DD", help="The date of birth.")],
    password_stdin: PasswordStdin = False,
    reason: Reason = "",
) -> Work:
    """Make an account, whoever may register."""
    body = {"username": username, "email": email, "date_of_birth": birth_date, **_read_password(password_stdin)}
    return ask(context, "POST", "users", body=body, reason=reason)


@app.command(name="password")
def reset_password(
    context: typer.Context, user: Named, *, password_stdin: PasswordStdin = False, reason: Reason = ""
) -> Work:
    """Give an account a new password, and end its sessions."""
    body = _read_password(password_stdin)
    return ask(context, "POST", "users", "{user}", "password", user=user, body=body, reason=reason)


@app.command(name="suspend")
def suspend(context: typer.Context, user: Named, *, reason: Reason = "") -> Work:
    """Suspend an account: all that is logged in ends at once, and nobody logs in. Its messages stay."""
    return ask(context, "PUT", "users", "{user}", "suspension", user=user, reason=reason)


@app.command(name="unsuspend")
def unsuspend(context: typer.Context, user: Named, *, reason: Reason = "") -> Work:
    """Let a suspended account log in again."""
    return ask(context, "DELETE", "users", "{user}", "suspension", user=user, reason=reason)


@app.command(name="delete")
def delete_user(context: typer.Context, user: Named, *, reason: Reason = "") -> Work:
    """Delete an account for ever; its messages stay, by a deleted user. Its guilds need another owner before."""
    return ask(context, "DELETE", "users", "{user}", user=user, reason=reason)


@app.command(name="sessions")
def list_sessions(context: typer.Context, user: Named) -> Work:
    """List what an account is logged in with, newest first."""
    return ask(context, "GET", "users", "{user}", "sessions", user=user)


@app.command(name="end-sessions")
def end_sessions(
    context: typer.Context,
    user: Named,
    *,
    session: Annotated[int | None, typer.Option(metavar="ID", min=0, help="Only this one.")] = None,
    reason: Reason = "",
) -> Work:
    """Log an account out everywhere, or of one session."""
    which = () if session is None else (session,)
    return ask(context, "DELETE", "users", "{user}", "sessions", *which, user=user, reason=reason)
