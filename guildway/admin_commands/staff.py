"""`guildway admin staff`: who administers the instance."""

from typing import Annotated, Literal

import typer

from guildway.admin_commands.asking import SETTINGS, MaxAge, Named, Reason, Work, ask

app = typer.Typer(**SETTINGS, help="Members of instance staff, and their tokens.")


@app.command(name="list")
def list_staff(context: typer.Context) -> Work:
    """List the staff."""
    return ask(context, "GET", "staff")


@app.command(name="set")
def set_staff(
    context: typer.Context,
    user: Named,
    role: Annotated[Literal["reader", "moderator", "owner"], typer.Argument(help="What they may do.")],
    *,
    reason: Reason = "",
) -> Work:
    """Add a person to the staff, or give another role. A reader looks, a moderator suspends, an owner does all."""
    return ask(context, "PUT", "staff", "{user}", user=user, body={"role": role}, reason=reason)


@app.command(name="remove")
def remove_staff(context: typer.Context, user: Named, *, reason: Reason = "") -> Work:
    """Remove somebody from the staff, with all tokens."""
    return ask(context, "DELETE", "staff", "{user}", user=user, reason=reason)


@app.command(name="tokens")
def list_tokens(context: typer.Context, user: Named) -> Work:
    """List somebody's tokens of staff."""
    return ask(context, "GET", "staff", "{user}", "tokens", user=user)


@app.command(name="create-token")
def create_token(context: typer.Context, user: Named, *, max_age: MaxAge = 2_592_000, reason: Reason = "") -> Work:
    """Make a token of staff for somebody, which is shown this once."""
    body = {"max_age": max_age}
    return ask(context, "POST", "staff", "{user}", "tokens", user=user, body=body, reason=reason)


@app.command(name="revoke-token")
def revoke_token(
    context: typer.Context,
    user: Named,
    token: Annotated[int, typer.Argument(metavar="ID", min=0, help="As `tokens` shows it.")],
    *,
    reason: Reason = "",
) -> Work:
    """Revoke a token of staff."""
    return ask(context, "DELETE", "staff", "{user}", "tokens", token, user=user, reason=reason)
