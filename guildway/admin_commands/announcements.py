"""`guildway admin announce`: a direct message of the server, to some people or to all."""

import sys
from functools import partial
from typing import Annotated, Any

import typer

from guildway.admin_commands.asking import Reason, Work


def announce(
    context: typer.Context,
    content: Annotated[str, typer.Argument(metavar="TEXT", help="What to say; `-` reads it from the input.")],
    *,
    user: Annotated[
        list[str] | None,
        typer.Option(metavar="USER", help="An id, a username or an e-mail address; may be repeated."),
    ] = None,
    everybody: Annotated[bool, typer.Option("--all", help="All people.")] = False,
    after: Annotated[
        int, typer.Option(metavar="ID", min=0, help="With --all: only those above this id, to go on after a failure.")
    ] = 0,
    reason: Reason = "",
) -> Work:
    """Send a direct message of the server to people. Clients show it as one of an official account."""
    if bool(user) == everybody:
        raise typer.BadParameter("announce: name people by --user, or all by --all")
    return partial(_run, context.obj, content=content, users=user or [], after=after, reason=reason)


def _run(place: dict[str, Any], *, content: str, users: list[str], after: int, reason: str) -> int:
    from guildway.administration.announcing import announce as send  # noqa: PLC0415 - as in `guildway/works.py`
    from guildway.administration.work import Place, administer  # noqa: PLC0415

    text = sys.stdin.read().strip() if content == "-" else content
    return administer(Place(**place), partial(send, content=text, users=users, after=after, reason=reason))
