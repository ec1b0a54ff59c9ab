"""Gives handlers what they ask for by name, once, at start: services, the caller, the audit log reason.

    @get("/guilds/{guild_id:str}/roles")
    async def list_roles(guild_id: SnowflakePath, caller: Caller, roles: RoleService) -> list[RoleObject]: ...

    bind(list_roles, {"roles": role_service})

Litestar's own dependency injection would do the same per request, with a task group as soon as a handler asks for two
things; that costs more than most handlers. Here `caller` and `reason` are read out of the request and services are plain
keyword arguments. What is left in the signature (path, query, `data`) is Litestar's, and the OpenAPI page's, as ever.
"""

import inspect
import typing
from collections.abc import Mapping
from copy import copy
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from litestar import Request
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody

from api.caller import Caller
from core.domain.errors import Unauthorized, invalid_field

CALLER_KEY: Final = "guildway.caller"
"""Where the gate leaves the `Caller` in the ASGI scope."""

MAX_REASON_LENGTH: Final = 512


def bind(handler: HTTPRouteHandler, services: Mapping[str, Any], *, prefix: str = "") -> HTTPRouteHandler:
    """A copy of the handler with its services filled in, below `prefix`.

    The prefix stands here because Litestar's own routers deep-copy what they are given, services included.

    Raises:
        TypeError: when a parameter is annotated with a class that the service of its name is no instance of.
    """
    fn: Any = handler.fn
    hints = typing.get_type_hints(fn, include_extras=True)
    signature = inspect.signature(fn, eval_str=True)
    bound = {name: services[name] for name in signature.parameters if name in services}
    for name, service in bound.items():
        wanted = hints[name]
        if isinstance(wanted, type) and not getattr(wanted, "_is_protocol", False) and not isinstance(service, wanted):
            raise TypeError(f"{fn.__qualname__} asks for {name} as {wanted}, which is {type(service)}")
    wrapped = _wrap(
        fn, bound, wants_caller="caller" in signature.parameters, wants_reason="reason" in signature.parameters
    )
    taken = {*bound, "caller", "reason", "request"}
    kept = {name: hint for name, hint in hints.items() if name not in taken}
    if "data" in kept:
        kept["data"] = JSONBody[kept["data"]]
    kept["request"] = Request
    parameters = [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=signature.parameters[name].default if name in signature.parameters else inspect.Parameter.empty,
            annotation=hint,
        )
        for name, hint in kept.items()
        if name != "return"
    ]
    wrapped.__signature__ = inspect.Signature(parameters, return_annotation=hints["return"])
    wrapped.__annotations__ = kept
    wrapped.__name__, wrapped.__qualname__, wrapped.__module__ = fn.__name__, fn.__qualname__, fn.__module__
    wrapped.__doc__ = fn.__doc__
    made = copy(handler)(wrapped)
    made.paths = {prefix + path for path in handler.paths}
    return made


def _wrap(fn: Any, bound: dict[str, Any], *, wants_caller: bool, wants_reason: bool) -> Any:
    wants_request = "request" in inspect.signature(fn).parameters

    async def handle(request: Request[Any, Any, Any], **given: Any) -> Any:
        if wants_caller:
            given["caller"] = caller_of(request)
        if wants_reason:
            given["reason"] = read_reason(request)
        if wants_request:
            given["request"] = request
        return await fn(**given, **bound)

    return handle


def caller_of(request: Request[Any, Any, Any]) -> Caller:
    """Who makes the request.

    Raises:
        Unauthorized: without a token.
    """
    caller = request.scope.get(CALLER_KEY)
    if caller is None:
        raise Unauthorized
    return typing.cast("Caller", caller)


def read_reason(request: Request[Any, Any, Any]) -> str | None:
    """X-Audit-Log-Reason: percent-encoded UTF-8, at most 512 characters."""
    given = request.headers.get("x-audit-log-reason")
    if not given:
        return None
    try:
        reason = unquote_to_bytes(given).decode("utf-8")
    except UnicodeDecodeError:
        raise invalid_field("X-Audit-Log-Reason", "STRING_TYPE_CONVERT", "Must be percent-encoded UTF-8.") from None
    if len(reason) > MAX_REASON_LENGTH or "\x00" in reason:
        raise invalid_field("X-Audit-Log-Reason", "BASE_TYPE_MAX_LENGTH", "Must be 512 or fewer in length.")
    return reason
