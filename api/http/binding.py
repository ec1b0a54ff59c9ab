"""Gives handlers what they ask for by name, once, at start: services, the caller, the audit log reason.

    @get("/guilds/{guild_id:str}/roles")
    async def list_roles(guild_id: SnowflakePath, caller: Caller, roles: RoleService) -> list[RoleObject]: ...

    bind(list_roles, {"roles": role_service})

Litestar's own dependency injection would do the same per request, with a task group as soon as a handler asks for two
things; that costs more than most handlers. Here `caller`, `reason` and `data` (the body, through `api.forms.form`) are read out of
the request and services are plain keyword arguments. What is left in the signature (path, query) is Litestar's, as ever, or
`api.compiled_routes`'.

A body that need not be JSON: `opt={"json_of": function}`, which gets the body and its content type and gives the JSON.
"""

import inspect
import re
import typing
from collections.abc import Awaitable, Callable, Collection, Mapping
from copy import copy
from functools import partial
from typing import Annotated, Any, Final

from litestar import Request
from litestar.handlers import HTTPRouteHandler
from litestar.params import ParameterKwarg, PathParameter, QueryParameter
from litestar.status_codes import HTTP_200_OK, HTTP_204_NO_CONTENT
from litestar.types import ASGIApp

from api.forms.form import Form
from api.http.answers import Answer, encode_json
from api.http.audit_reasons import Headers, is_audited, read_reason
from api.http.gate import Gate
from api.http.scope import CALLER_KEY, Scope
from api.services.caller import Caller
from core.domain.errors import Unauthorized

JSON_OF_KEY: Final = "json_of"
"""In a handler's `opt`: (body, content type) → JSON."""

BOUND_KEY: Final = "guildway.bound"
"""In a bound handler's `opt`: its `BoundHandler`."""

_FROM_REQUEST: Final = ("caller", "reason", "request", "scope", "data")
"""Parameters that are read out of the request here."""

_NOT_LITESTARS: Final = frozenset({*_FROM_REQUEST, "return"})
_PATH_NAME: Final = re.compile(r"\{(\w+)")


def bind(handler: HTTPRouteHandler, services: Mapping[str, Any], *, prefix: str = "") -> HTTPRouteHandler:
    """A copy of the handler with its services filled in, below `prefix`.

    The prefix stands here because Litestar's own routers deep-copy what they are given, services included.

    Raises:
        TypeError: when a parameter is annotated with a class that the service of its name is no instance of, or a reason is
            asked for on a route that takes none.
    """
    fn: Any = handler.fn
    hints = typing.get_type_hints(fn, include_extras=True)
    signature = inspect.signature(fn)
    filled = {name: services[name] for name in signature.parameters if name in services}
    for name, service in filled.items():
        wanted = hints[name]
        if isinstance(wanted, type) and not getattr(wanted, "_is_protocol", False) and not isinstance(service, wanted):
            raise TypeError(f"{fn.__qualname__} asks for {name} as {wanted}, which is {type(service)}")
    asked = {name: hint for name, hint in hints.items() if name not in filled and name not in _NOT_LITESTARS}
    audited = any(is_audited(handler.http_methods, path) for path in handler.paths)
    if "reason" in signature.parameters and not audited:
        raise TypeError(f"{fn.__qualname__} asks for a reason, which its route does not take")
    bound = BoundHandler(
        fn=partial(fn, **filled),
        from_request=[name for name in _FROM_REQUEST if name in signature.parameters],
        body=_BodyReader(hints["data"], handler.opt.get(JSON_OF_KEY)) if "data" in hints else None,
        asked=asked,
        status=handler.status_code,
        is_audited=audited,
        gate=services["gate"],
    )
    wrapped = _wrap(bound)
    _describe(wrapped, fn, asked, handler.paths)
    made = copy(handler)(wrapped)
    # Answers bring their own status; Litestar would object to one of 204 that comes from a function with a result.
    made.status_code = HTTP_200_OK
    made.paths = {prefix + path for path in handler.paths}
    made.opt = {**handler.opt, BOUND_KEY: bound}
    return made


class BoundHandler:
    """A handler with its services, to be called with what is its own of a request."""

    __slots__ = ("_body", "_fn", "_from_request", "_gate", "_is_audited", "_status", "_wants_reason", "asked")

    def __init__(
        self,
        *,
        fn: Any,
        from_request: Collection[str],
        body: "_BodyReader | None",
        asked: Mapping[str, Any],
        status: int,
        is_audited: bool,
        gate: Gate,
    ) -> None:
        self._gate = gate
        self._fn = fn
        self._from_request = tuple(name for name in from_request if name not in ("data", "reason"))
        self._wants_reason = "reason" in from_request
        self._body = body
        self.asked = asked
        """The annotations of the parameters that are still to be given, by name: path and query."""
        self._status = status
        self._is_audited = is_audited

    @property
    def wants_request(self) -> bool:
        """Whether it needs the framework's request."""
        return "request" in self._from_request

    async def _read(self, scope: Scope, read: Callable[[], Awaitable[bytes]]) -> bytes:
        """The body; a login that ended while it came is none any more."""
        seen = self._gate.changes
        body = await read()
        if self._gate.changes != seen:
            await self._gate.confirm(scope)
        return body

    async def answer(
        self, scope: Scope, given: dict[str, Any], read: Callable[[], Awaitable[bytes]], request: Any = None
    ) -> Answer:
        """Run the handler. `given` holds the parameters in `asked`, `read` gives the body.

        Raises:
            Unauthorized: when it wants a caller and there is none. DomainError: the handler's own, and the body's.
        """
        for name in self._from_request:
            given[name] = caller_of(scope) if name == "caller" else scope if name == "scope" else request
        if self._is_audited:
            reason = read_reason(scope["headers"], scope["query_string"])
            if self._wants_reason:
                given["reason"] = reason
        if self._body is not None or scope["method"] != "GET":
            # Of a request that breaks off in its body nothing is done, whether or not the body says anything.
            body = await self._read(scope, read)
            if self._body is not None:
                given["data"] = self._body.decode(body, scope["headers"])
        result = await self._fn(**given)
        if self._status == HTTP_204_NO_CONTENT:
            return Answer.empty()
        if type(result) is not Answer:
            return Answer(encode_json(result), status=self._status)
        if not result.status:
            result.status = self._status
        return result


def _describe(wrapped: Any, fn: Any, asked: Mapping[str, Any], paths: Collection[str]) -> None:
    """Make the wrapped function look to Litestar like one with just the parameters that Litestar has to fill."""
    in_path = {name for path in paths for name in _PATH_NAME.findall(path)}
    kept = {name: _mark(name, hint, in_path) for name, hint in asked.items()}
    kept["request"] = Request
    given = inspect.signature(fn).parameters
    wrapped.__signature__ = inspect.Signature(
        [
            inspect.Parameter(
                name,
                inspect.Parameter.KEYWORD_ONLY,
                default=given[name].default if name in given else inspect.Parameter.empty,
                annotation=hint,
            )
            for name, hint in kept.items()
        ],
        return_annotation=ASGIApp,
    )
    wrapped.__annotations__ = {**kept, "return": ASGIApp}
    wrapped.__name__, wrapped.__qualname__, wrapped.__module__ = fn.__name__, fn.__qualname__, fn.__module__
    wrapped.__doc__ = fn.__doc__


def _mark(name: str, hint: Any, in_path: Collection[str]) -> Any:
    """The annotation with Litestar's mark of where the value comes from, unless it has one."""
    if any(isinstance(item, ParameterKwarg) for item in getattr(hint, "__metadata__", ())):
        return hint
    if name in in_path:
        return _annotate(hint, PathParameter())
    # Of `SnowflakeQuery | None` the mark stands inside the union, where Litestar does not look for it.
    for part in typing.get_args(hint):
        for item in getattr(part, "__metadata__", ()):
            if isinstance(item, ParameterKwarg):
                return _annotate(part.__origin__ | None, item)
    return _annotate(hint, QueryParameter())


def _annotate(hint: Any, mark: Any) -> Any:
    special_form: Any = Annotated
    return special_form[hint, mark]


class _BodyReader:
    """Reads one handler's `data`."""

    __slots__ = ("_form", "_json_of")

    def __init__(self, type_: Any, json_of: Callable[[bytes, str], bytes] | None) -> None:
        self._form: Form[Any] = Form(type_)
        self._json_of = json_of

    def decode(self, body: bytes, headers: Headers) -> Any:
        """The body as the handler wants it. Raises as `Form.decode`."""
        if self._json_of is not None:
            body = self._json_of(body, _find_header(headers, b"content-type"))
        return self._form.decode(body)


def _find_header(headers: Headers, wanted: bytes) -> str:
    """The header's first value, "" without one."""
    for name, value in headers:
        if name == wanted:
            return value.decode("latin-1")
    return ""


def _wrap(bound: BoundHandler) -> Any:
    async def handle(request: Request[Any, Any, Any], **given: Any) -> Answer:
        scope: Any = request.scope
        return await bound.answer(scope, given, request.body, request)

    return handle


def caller_of(scope: Scope) -> Caller:
    """Who makes the request.

    Raises:
        Unauthorized: without a token.
    """
    caller: Caller | None = scope.get(CALLER_KEY)
    if caller is None:
        raise Unauthorized
    return caller
