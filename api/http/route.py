"""The declaration of routes: a decorator over a handler makes a `Route`, a plain value.

    @get("/guilds/{guild_id}/roles")
    async def list_roles(guild_id: SnowflakePath, caller: Caller, roles: RoleService) -> list[RoleObject]: ...

A handler names its needs by its parameters: those of the path in braces, the `caller` or the member of
`staff`, the audit log's `reason`, the
body as `data` and the `files` that came with it, or as a stream (`content`), the ASGI `scope`, a service; every other
parameter is one of the query. `api.http.binding` fills them.
The handler returns an object to be encoded, or an `Answer` with finished bytes.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final, TypedDict

import msgspec
from typing_extensions import Unpack

from core.domain.instance.staff import StaffRole

Handler = Callable[..., Awaitable[Any]]


class Route(msgspec.Struct, kw_only=True, frozen=True):
    """One method of one path, or of several paths that mean the same."""

    method: str
    paths: tuple[str, ...]
    """The paths below the router's prefix. `{name}` is a parameter, which is one segment."""
    handler: Handler
    status: int = 200
    """The status of an answer that has none of its own. An answer of status 204 has no body."""
    is_public: bool = False
    """True when callers without a token may pass."""
    is_signed: bool = False
    """True when the address itself is the proof: the request needs no token and counts for no limit of requests."""
    staff_role: StaffRole | None = None
    """The least role of instance staff that may pass, and nobody else may: tokens of accounts mean nothing there."""
    is_audited: bool = False
    """True when the route takes a reason for the audit log, which is then checked even if the handler asks for none."""
    takes_html_forms: bool = False
    """True when the body may also be an HTML form as browsers send it (`api.http.html_forms`)."""
    max_body_bytes: int | None = None
    """The bound of the body, if it is not the usual one."""
    answer: Any = None
    """The type that an `Answer` of the handler holds, for the OpenAPI document."""


class Options(TypedDict, total=False):
    """The fields of a `Route` that a declaration may set."""

    status: int
    is_public: bool
    is_signed: bool
    staff_role: StaffRole
    is_audited: bool
    takes_html_forms: bool
    max_body_bytes: int
    answer: Any


Declaration = Callable[[Handler], Route]


def get(*paths: str, **options: Unpack[Options]) -> Declaration:
    """Declare a GET route, which also answers HEAD."""
    return _declare("GET", paths, options)


def post(*paths: str, **options: Unpack[Options]) -> Declaration:
    """Declare a POST route."""
    return _declare("POST", paths, options)


def put(*paths: str, **options: Unpack[Options]) -> Declaration:
    """Declare a PUT route."""
    return _declare("PUT", paths, options)


def patch(*paths: str, **options: Unpack[Options]) -> Declaration:
    """Declare a PATCH route."""
    return _declare("PATCH", paths, options)


def delete(*paths: str, **options: Unpack[Options]) -> Declaration:
    """Declare a DELETE route."""
    return _declare("DELETE", paths, options)


def _declare(method: str, paths: tuple[str, ...], options: Options) -> Declaration:
    def declare(handler: Handler) -> Route:
        return Route(method=method, paths=paths, handler=handler, **options)

    return declare


REQUEST_PARAMETERS: Final = frozenset({"caller", "staff", "reason", "scope", "data", "files", "content"})
"""The parameter names that mean a part of the request on every route."""
