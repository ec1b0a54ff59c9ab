"""`guildway admin limits`: what holds, and what staff sets while the server runs."""

import json
from typing import Annotated

import typer

from guildway.admin_commands.asking import SETTINGS, Reason, Work, ask

app = typer.Typer(**SETTINGS, help="Limits of the instance: rates and quotas.")

Value = bool | int | float | None


@app.command(name="show")
def show_limits(context: typer.Context) -> Work:
    """Show the limits that hold now: those of the settings, and those that staff has set."""
    return ask(context, "GET", "limits")


@app.command(name="set")
def set_limits(
    context: typer.Context,
    limits: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME=VALUE...",
            help="Settings of [limits], or quotas of [files]; the value `default` is that of the settings.",
        ),
    ],
    *,
    reason: Reason = "",
) -> Work:
    """Set limits in all running processes and for each later start: `requests_per_second=20`."""
    return ask(context, "PATCH", "limits", body={"limits": dict(map(_read, limits))}, reason=reason)


def _read(limit: str) -> tuple[str, Value]:
    name, sign, text = limit.partition("=")
    value = {"true": True, "false": False, "default": None}.get(text, text) if sign else ""
    if not isinstance(value, str):
        return name, value
    try:
        number = json.loads(value)
    except ValueError:
        number = None
    if not name or not isinstance(number, int | float):
        raise typer.BadParameter(f"{limit!r} is not NAME=VALUE with a number, true, false or default")
    return name, number
