"""The commands of `guildway admin`, as Typer reads them. A command function only returns the work of the command."""

import sys
from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, Literal

import typer

Work = Callable[[], int]

Named = Annotated[str, typer.Argument(metavar="USER", help="An id, a username or an e-mail address.")]
GuildId = Annotated[int, typer.Argument(metavar="GUILD", min=0, help="The guild's id.")]
Reason = Annotated[str, typer.Option(metavar="TEXT", help="Why, for the instance's log.")]
After = Annotated[int, typer.Option(metavar="ID", min=0, help="Only those above this id, to turn the page.")]
Limit = Annotated[int, typer.Option(metavar="N", min=1, max=200, help="How many at most.")]
MaxAge = Annotated[int, typer.Option(metavar="SECONDS", min=0, help="How long it is good; 0 for ever.")]
PasswordStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from the input; without, the server makes one.")
]

_SETTINGS: dict[str, Any] = {
    "rich_markup_mode": None,
    "context_settings": {"help_option_names": ["-h", "--help"]},
}

app = typer.Typer(
    **_SETTINGS,
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
users = typer.Typer(**_SETTINGS, help="Accounts.")
guilds = typer.Typer(**_SETTINGS, help="Guilds.")
registration = typer.Typer(**_SETTINGS, help="Who may register.")
invites = typer.Typer(**_SETTINGS, help="Invites to register.")
staff = typer.Typer(**_SETTINGS, help="Members of instance staff, and their tokens.")
for _name, _group in (
    ("users", users),
    ("guilds", guilds),
    ("registration", registration),
    ("invites", invites),
    ("staff", staff),
):
    app.add_typer(_group, name=_name)


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


def _work(context: typer.Context, *request: str | int, **options: Any) -> Work:
    """Return the work of one request. `{user}` in its path is the account that `user` names."""
    return partial(_run, context.obj, request, **options)


def _run(place: dict[str, Any], request: tuple[str | int, ...], *, user: str = "", **options: Any) -> int:
    from guildway.administration.work import Place, administer, find_user  # noqa: PLC0415 - as in `guildway/works.py`

    def ask(desk: Any) -> Any:
        method, *words = request
        found = find_user(desk, user) if user else ""
        words = [found if word == "{user}" else word for word in words]
        body = options.pop("body", None)
        if isinstance(body, dict):
            body = {name: found if value == "{user}" else value for name, value in body.items()}
        return desk.ask(method, *words, body=body, **options)

    return administer(Place(**place), ask)


def _read_password(wanted: bool) -> dict[str, str]:  # noqa: FBT001 - a flag
    if not wanted:
        return {}
    password = sys.stdin.readline().rstrip("\r\n")
    if not password:
        raise typer.BadParameter("--password-stdin: the input has no line")
    return {"password": password}


@users.command(name="list")
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
    return _work(context, "GET", "users", search=search, after=after, limit=limit)


@users.command(name="show")
def show_user(context: typer.Context, user: Named) -> Work:
    """Show an account."""
    return _work(context, "GET", "users", "{user}", user=user)


@users.command(name="create")
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
    return _work(context, "POST", "users", body=body, reason=reason)


@users.command(name="password")
def reset_password(
    context: typer.Context, user: Named, *, password_stdin: PasswordStdin = False, reason: Reason = ""
) -> Work:
    """Give an account a new password, and end its sessions."""
    body = _read_password(password_stdin)
    return _work(context, "POST", "users", "{user}", "password", user=user, body=body, reason=reason)


@users.command(name="suspend")
def suspend(context: typer.Context, user: Named, *, reason: Reason = "") -> Work:
    """Suspend an account: all that is logged in ends at once, and nobody logs in. Its messages stay."""
    return _work(context, "PUT", "users", "{user}", "suspension", user=user, reason=reason)


@users.command(name="unsuspend")
def unsuspend(context: typer.Context, user: Named, *, reason: Reason = "") -> Work:
    """Let a suspended account log in again."""
    return _work(context, "DELETE", "users", "{user}", "suspension", user=user, reason=reason)


@users.command(name="delete")
def delete_user(context: typer.Context, user: Named, *, reason: Reason = "") -> Work:
    """Delete an account for ever; its messages stay, by a deleted user. Its guilds need another owner before."""
    return _work(context, "DELETE", "users", "{user}", user=user, reason=reason)


@users.command(name="sessions")
def list_sessions(context: typer.Context, user: Named) -> Work:
    """List what an account is logged in with, newest first."""
    return _work(context, "GET", "users", "{user}", "sessions", user=user)


@users.command(name="end-sessions")
def end_sessions(
    context: typer.Context,
    user: Named,
    *,
    session: Annotated[int | None, typer.Option(metavar="ID", min=0, help="Only this one.")] = None,
    reason: Reason = "",
) -> Work:
    """Log an account out everywhere, or of one session."""
    which = () if session is None else (session,)
    return _work(context, "DELETE", "users", "{user}", "sessions", *which, user=user, reason=reason)


@guilds.command(name="list")
def list_guilds(
    context: typer.Context,
    *,
    search: Annotated[str, typer.Option(metavar="TEXT", help="A part of the name.")] = "",
    after: After = 0,
    limit: Limit = 50,
) -> Work:
    """List guilds by ascending id."""
    return _work(context, "GET", "guilds", search=search, after=after, limit=limit)


@guilds.command(name="show")
def show_guild(context: typer.Context, guild: GuildId) -> Work:
    """Show a guild."""
    return _work(context, "GET", "guilds", guild)


@guilds.command(name="delete")
def delete_guild(context: typer.Context, guild: GuildId, *, reason: Reason = "") -> Work:
    """Delete a guild for ever, with all its contents."""
    return _work(context, "DELETE", "guilds", guild, reason=reason)


@guilds.command(name="transfer")
def transfer_guild(context: typer.Context, guild: GuildId, user: Named, *, reason: Reason = "") -> Work:
    """Make another member the owner of a guild."""
    return _work(context, "PUT", "guilds", guild, "owner", user=user, body={"user_id": "{user}"}, reason=reason)


@registration.command(name="show")
def show_registration(context: typer.Context) -> Work:
    """Show who may register."""
    return _work(context, "GET", "registration")


@registration.command(name="set")
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
    return _work(context, "PUT", "registration", body=body, reason=reason)


@invites.command(name="list")
def list_invites(context: typer.Context) -> Work:
    """List the invites to register, oldest first."""
    return _work(context, "GET", "registration", "invites")


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
    return _work(context, "POST", "registration", "invites", body=body, reason=reason)


@invites.command(name="revoke")
def revoke_invite(
    context: typer.Context, code: Annotated[str, typer.Argument(metavar="CODE")], *, reason: Reason = ""
) -> Work:
    """Revoke an invite to register."""
    return _work(context, "DELETE", "registration", "invites", code, reason=reason)


@staff.command(name="list")
def list_staff(context: typer.Context) -> Work:
    """List the staff."""
    return _work(context, "GET", "staff")


@staff.command(name="set")
def set_staff(
    context: typer.Context,
    user: Named,
    role: Annotated[Literal["reader", "moderator", "owner"], typer.Argument(help="What they may do.")],
    *,
    reason: Reason = "",
) -> Work:
    """Add a person to the staff, or give another role. A reader looks, a moderator suspends, an owner does all."""
    return _work(context, "PUT", "staff", "{user}", user=user, body={"role": role}, reason=reason)


@staff.command(name="remove")
def remove_staff(context: typer.Context, user: Named, *, reason: Reason = "") -> Work:
    """Remove somebody from the staff, with all tokens."""
    return _work(context, "DELETE", "staff", "{user}", user=user, reason=reason)


@staff.command(name="tokens")
def list_tokens(context: typer.Context, user: Named) -> Work:
    """List somebody's tokens of staff."""
    return _work(context, "GET", "staff", "{user}", "tokens", user=user)


@staff.command(name="create-token")
def create_token(context: typer.Context, user: Named, *, max_age: MaxAge = 2_592_000, reason: Reason = "") -> Work:
    """Make a token of staff for somebody, which is shown this once."""
    body = {"max_age": max_age}
    return _work(context, "POST", "staff", "{user}", "tokens", user=user, body=body, reason=reason)


@staff.command(name="revoke-token")
def revoke_token(
    context: typer.Context,
    user: Named,
    token: Annotated[int, typer.Argument(metavar="ID", min=0, help="As `tokens` shows it.")],
    *,
    reason: Reason = "",
) -> Work:
    """Revoke a token of staff."""
    return _work(context, "DELETE", "staff", "{user}", "tokens", token, user=user, reason=reason)


@app.command()
def limits(context: typer.Context) -> Work:
    """Show the limits of the instance, which the settings say."""
    return _work(context, "GET", "limits")


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
    return _work(context, "GET", "log", actor=actor, target=target, before=before, limit=limit)
