"""`guildway admin registration` and `guildway admin invites`: who may register."""

from typing import Annotated, Literal

import typer

from guildway.admin_commands.asking import SETTINGS, MaxAge, Reason, Work, ask

app = typer.Typer(**SETTINGS, help="Who may register.")
invites = typer.Typer(**SETTINGS, help="Invites to register.")


@app.command(name="show")
def show_registration(context: typer.Context) -> Work:
    """Show who may register."""
    return ask(context, "GET", "registration")


@app.command(name="set")
def set_registration(
    context: typer.Context,
    mode: Annotated[
        Literal["open", "invite", "closed", "default"],
        typer.Argument(help="Everybody, who has an invite, nobody, or as the settings say."),
    ],
    *,
    reason: Reason = "",
) -> Work:
    """Set who may register."""
    body = {"mode": None if mode == "default" else mode}
    return ask(context, "PUT", "registration", body=body, reason=reason)


@invites.command(name="list")
def list_invites(context: typer.Context) -> Work:
    """List the invites to register, oldest first."""
    return ask(context, "GET", "registration", "invites")


@invites.command(name="create")
def create_invite(
    context: typer.Context,
    *,
    max_uses: Annotated[int, typer.Option(metavar="N", min=1, help="How many accounts it makes at most.")] = 1,
    max_age: MaxAge = 604_800,
    reason: Reason = "",
) -> Work:
    """Make an invite to register."""
    body = {"max_uses": max_uses, "max_age": max_age}
    return ask(context, "POST", "registration", "invites", body=body, reason=reason)


@invites.command(name="revoke")
def revoke_invite(
    context: typer.Context, code: Annotated[str, typer.Argument(metavar="CODE")], *, reason: Reason = ""
) -> Work:
    """Revoke an invite to register."""
    return ask(context, "DELETE", "registration", "invites", code, reason=reason)
