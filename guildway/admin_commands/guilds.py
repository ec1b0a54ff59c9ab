"""`guildway admin guilds`."""

from typing import Annotated

import typer

from guildway.admin_commands.asking import SETTINGS, After, GuildId, Limit, Named, Reason, Work, ask

app = typer.Typer(**SETTINGS, help="Guilds.")


@app.command(name="list")
def list_guilds(
    context: typer.Context,
    *,
    search: Annotated[str, typer.Option(metavar="TEXT", help="A part of the name.")] = "",
    after: After = 0,
    limit: Limit = 50,
) -> Work:
    """List guilds by ascending id."""
    return ask(context, "GET", "guilds", search=search, after=after, limit=limit)


@app.command(name="show")
def show_guild(context: typer.Context, guild: GuildId) -> Work:
    """Show a guild."""
    return ask(context, "GET", "guilds", guild)


@app.command(name="delete")
def delete_guild(context: typer.Context, guild: GuildId, *, reason: Reason = "") -> Work:
    """Delete a guild for ever, with all its contents."""
    return ask(context, "DELETE", "guilds", guild, reason=reason)


@app.command(name="transfer")
def transfer_guild(context: typer.Context, guild: GuildId, user: Named, *, reason: Reason = "") -> Work:
    """Make another member the owner of a guild."""
    return ask(context, "PUT", "guilds", guild, "owner", user=user, body={"user_id": "{user}"}, reason=reason)
