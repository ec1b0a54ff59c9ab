"""What the commands of `guildway admin` have in common: their options, and how they ask `/admin`."""

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any

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

SETTINGS: dict[str, Any] = {
    "rich_markup_mode": None,
    "context_settings": {"help_option_names": ["-h", "--help"]},
}


def ask(context: typer.Context, *request: str | int, **options: Any) -> Work:
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
