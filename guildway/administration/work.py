"""The work of a `guildway admin` command: it asks at the desk, writes the answer, and tells a refusal in one line."""

import os
import sys
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any, Final

import msgspec

from core.runtime.errors import StartError
from core.runtime.logs import configure_logging
from core.runtime.settings.configuration import load_settings
from core.runtime.settings.settings import LoggingSettings
from guildway.administration.desk import Desk, open_desk
from guildway.administration.printing import write_json, write_text
from guildway.outcomes import DONE, FAILED, REFUSED
from guildway.rest_client import ApiError, DemoError, NoServerError

NOT_THERE: Final = 5
NOT_ALLOWED: Final = 6

Asking = Callable[[Desk], Any]
"""The requests of a command, the last of which has its answer."""


class Place(msgspec.Struct, kw_only=True, frozen=True):
    """Which server, and how its answers are written."""

    flags: dict[str, str | None]
    url: str | None = None
    is_cluster: bool = False
    as_json: bool = False


class NobodyFound(Exception):
    """No account has the name that was given."""


def administer(place: Place, ask: Asking) -> int:
    """Do the work, and return the exit status. Raises StartError."""
    settings = load_settings(environ=os.environ, flags=place.flags)
    configure_logging(LoggingSettings(level="error", format="text"), sys.stderr)
    try:
        with open_desk(settings, url=place.url, is_cluster=place.is_cluster) as desk:
            answer = ask(desk)
    except ApiError as error:
        print(f"guildway: {describe(error)}", file=sys.stderr)
        return _status_of(error.status)
    except NobodyFound as error:
        print(f"guildway: {error}", file=sys.stderr)
        return NOT_THERE
    except NoServerError as error:
        raise StartError(f"{error}; name another address with --url") from error
    except DemoError as error:
        raise StartError(str(error)) from error
    (write_json if place.as_json else write_text)(answer, sys.stdout)
    return DONE


def find_user(desk: Desk, named: str) -> str:
    """Return the id of the account that has this id, username or e-mail address. Raises NobodyFound."""
    if named.isascii() and named.isdigit():
        return named
    for user in desk.ask("GET", "users", search=named, limit=200):
        if named.casefold() in (user["username"].casefold(), (user["email"] or "").casefold()) and not user["bot"]:
            user_id: str = user["id"]
            return user_id
    raise NobodyFound(f"nobody is called {named!r}")


def describe(error: ApiError) -> str:
    """Return an error of the server as one line for people."""
    body = error.body if isinstance(error.body, dict) else {}
    fields = "; ".join(f"{path}: {message}" for path, message in _list_faults(body.get("errors") or {}))
    return fields or str(body.get("message") or error)


def _list_faults(errors: Any, path: str = "") -> Iterator[tuple[str, str]]:
    for name, value in errors.items():
        if name == "_errors":
            yield from ((path, each["message"]) for each in value)
        else:
            yield from _list_faults(value, f"{path}.{name}" if path else name)


def _status_of(status: int) -> int:
    match status:
        case HTTPStatus.NOT_FOUND:
            return NOT_THERE
        case HTTPStatus.FORBIDDEN | HTTPStatus.UNAUTHORIZED:
            return NOT_ALLOWED
        case HTTPStatus.BAD_REQUEST | HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            return REFUSED
        case _:
            return FAILED
