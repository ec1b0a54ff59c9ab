"""The binding of handlers: their parameters are filled by name, services once at start and the rest from each request.

    @get("/guilds/{guild_id}/roles")
    async def list_roles(guild_id: SnowflakePath, caller: Caller, roles: RoleService) -> list[RoleObject]: ...

    bind(list_roles, {"roles": role_service}, …)

A request passes the gate, then its parameters are read, then the reason for the audit log, then the body; the first of
them that finds something wrong answers. Files come with the body: they are on the disk when the handler is called, and
those that it has not taken are discarded when the request ends, however it ends.
"""

import inspect
import typing
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final, Protocol

import msgspec

from api.forms.form import Form
from api.http.answers import Answer, encode_json
from api.http.audit_reasons import read_reason
from api.http.body import Body
from api.http.errors import refuse
from api.http.gate import Gate
from api.http.html_forms import FileSink, is_multipart, read_json
from api.http.parameters import ParameterReader, WrongPath, find_parameters
from api.http.route import Handler, Route
from api.http.scope import CALLER_KEY, PREFIX, STAFF_KEY, TEMPLATE_KEY, Receive, Scope, find_header
from api.http.staff_gate import StaffGate
from api.http.unbuilt_routes import is_caught
from api.services.caller import Caller
from core.domain.errors import NotBuilt, Unauthorized

_NO_CONTENT: Final = 204
_UNBOUNDED: Final = 1 << 62
"""The bound of a body that its handler counts itself."""


Admit = Callable[[Scope], Awaitable[None]]
"""A gate: it raises Unauthorized, Forbidden or RateLimited."""


class Incoming(FileSink, Protocol):
    """The files of one request."""

    def discard(self) -> None:
        """Remove what no handler has taken."""


class Intake(Protocol):
    """The service `intake`, which begins the files of requests to a channel."""

    def begin(self, user_id: int, channel_id: int) -> Incoming:
        """Return the files of a request, none of which has come."""


class BodyBounds(msgspec.Struct, frozen=True):
    """The most bytes of a usual body, and of a form with files."""

    usual: int
    with_files: int


def bind(
    route: Route,
    services: Mapping[str, object],
    *,
    gate: Gate,
    staff_gate: StaffGate,
    bounds: BodyBounds,
    prefix: str = "",
) -> list["Endpoint"]:
    """Return the route's endpoints below `prefix`, one for each path.

    Raises:
        TypeError: when a parameter is annotated with a class that the service of its name is no instance of, when a
            reason is asked for on a route that takes none, or staff on a route of others, or when a parameter of the
            path is not asked for.
    """
    asked = inspect.signature(route.handler).parameters
    if "staff" in asked and route.staff_role is None:
        raise TypeError(f"{route.handler.__qualname__} asks for staff, which its route lets not in alone")
    if "reason" in asked and not route.is_audited:
        raise TypeError(f"{route.handler.__qualname__} asks for a reason, which its route does not take")
    filled = {name: services[name] for name in asked if name in services}
    _check_services(route.handler, filled)
    intake: Any = services["intake"] if "files" in asked else None
    call = _Call(route, filled, gate=gate, bounds=bounds, intake=intake)
    return [
        Endpoint(
            method=route.method,
            template=prefix + path,
            parameters=ParameterReader(find_parameters(route.handler, path, services.keys()), path),
            call=call,
            admit=_choose_gate(route, gate, staff_gate),
        )
        for path in route.paths
    ]


def _choose_gate(route: Route, gate: Gate, staff_gate: StaffGate) -> Admit | None:
    if route.is_signed:
        return None
    if route.staff_role is not None:
        return partial(staff_gate.admit, least=route.staff_role)
    return partial(gate.admit, is_public=route.is_public)


def _check_services(handler: Handler, filled: Mapping[str, object]) -> None:
    hints = typing.get_type_hints(handler)
    for name, service in filled.items():
        wanted = hints[name]
        if isinstance(wanted, type) and not isinstance(service, wanted):
            raise TypeError(f"{handler.__qualname__} asks for {name} as {wanted}, which is {type(service)}")


class Endpoint:
    """The endpoint of one method of one path."""

    __slots__ = ("_admit", "_call", "_parameters", "method", "template")

    def __init__(
        self,
        *,
        method: str,
        template: str,
        parameters: ParameterReader,
        call: "_Call",
        admit: Admit | None,
    ) -> None:
        """`admit` is the gate; None lets everybody pass."""
        self.method = method
        self.template = template
        """The whole path, with its parameters in braces."""
        self._parameters = parameters
        self._call = call
        self._admit = admit

    async def answer(self, scope: Scope, receive: Receive, segments: Sequence[str]) -> Answer:
        """Run the handler; errors become answers. `segments` are the values of the path's parameters, in order."""
        scope[TEMPLATE_KEY] = self.template
        try:
            if self._admit is not None:
                await self._admit(scope)
            given = self._parameters.read(segments, scope["query_string"])
            return await self._call.answer(scope, receive, given)
        except WrongPath as error:
            is_unbuilt = is_caught(scope["method"], scope["path"].removeprefix(PREFIX), self.template)
            return refuse(scope, NotBuilt() if is_unbuilt else error)
        except Exception as error:
            return refuse(scope, error)


class _Call:
    """A handler with its services, ready to be called with the parameters of a request."""

    __slots__ = (
        "_bounds",
        "_form",
        "_gate",
        "_handler",
        "_intake",
        "_is_audited",
        "_limit_bytes",
        "_reads_body",
        "_status",
        "_takes_html_forms",
        "_wants_caller",
        "_wants_content",
        "_wants_reason",
        "_wants_scope",
        "_wants_staff",
    )

    def __init__(
        self, route: Route, filled: Mapping[str, object], *, gate: Gate, bounds: BodyBounds, intake: Intake | None
    ) -> None:
        hints = typing.get_type_hints(route.handler, include_extras=True)
        self._handler = partial(route.handler, **filled)
        self._gate = gate
        self._bounds = bounds
        self._limit_bytes = route.max_body_bytes or bounds.usual
        self._intake = intake
        self._status = route.status
        self._is_audited = route.is_audited
        self._takes_html_forms = route.takes_html_forms
        self._wants_caller = "caller" in hints
        self._wants_reason = "reason" in hints
        self._wants_scope = "scope" in hints
        self._wants_staff = "staff" in hints
        self._wants_content = "content" in hints
        self._form: Form[Any] | None = Form(hints["data"]) if "data" in hints else None
        self._reads_body = self._form is not None or (route.method != "GET" and not self._wants_content)
        """A request that breaks off in its body changes nothing, also on routes that need no body."""

    async def answer(self, scope: Scope, receive: Receive, given: dict[str, Any]) -> Answer:
        """Run the handler. `given` holds the parameters of path and query. Raises DomainError of body and handler."""
        self._read_head(scope, given)
        if self._intake is not None:
            return await self._answer_with_files(scope, receive, given)
        if self._wants_content:
            given["content"] = Body(scope, receive, _UNBOUNDED, is_text=False)
        elif self._reads_body:
            await self._fill(given, scope, Body(scope, receive, self._limit_bytes), None)
        return await self._call(given)

    async def _answer_with_files(self, scope: Scope, receive: Receive, given: dict[str, Any]) -> Answer:
        """Answer a request whose body may have files."""
        if self._intake is None or not is_multipart(find_header(scope, b"content-type")):
            given["files"] = None
            await self._fill(given, scope, Body(scope, receive, self._limit_bytes), None)
            return await self._call(given)
        given["files"] = files = self._intake.begin(given["caller"].user_id, given["channel_id"])
        try:
            await self._fill(given, scope, Body(scope, receive, self._bounds.with_files), files)
            return await self._call(given)
        finally:
            files.discard()

    async def _call(self, given: dict[str, Any]) -> Answer:
        result = await self._handler(**given)
        if self._status == _NO_CONTENT:
            return Answer.empty()
        if type(result) is not Answer:
            return Answer(encode_json(result), status=self._status)
        if not result.status:
            result.status = self._status
        return result

    def _read_head(self, scope: Scope, given: dict[str, Any]) -> None:
        """Raise Unauthorized when the handler wants a caller and there is none, and Invalid for a wrong reason."""
        if self._wants_caller:
            given["caller"] = caller_of(scope)
        if self._wants_staff:
            given["staff"] = scope[STAFF_KEY]
        if self._wants_scope:
            given["scope"] = scope
        if self._is_audited:
            reason = read_reason(scope["headers"], scope["query_string"])
            if self._wants_reason:
                given["reason"] = reason

    async def _fill(self, given: dict[str, Any], scope: Scope, body: Body, files: FileSink | None) -> None:
        """Read the body into `given`. Raises Unauthorized when the auth session ended while the body came."""
        seen = self._gate.changes
        if self._takes_html_forms:
            content_type = find_header(scope, b"content-type")
            content = await read_json(body, content_type, max_bytes=self._limit_bytes, sink=files)
        else:
            content = await body.read()
        if self._gate.changes != seen:
            await self._gate.confirm(scope)
        if self._form is not None:
            given["data"] = self._form.decode(content)


def caller_of(scope: Scope) -> Caller:
    """Return the account that makes the request.

    Raises:
        Unauthorized: without a token.
    """
    caller: Caller | None = scope.get(CALLER_KEY)
    if caller is None:
        raise Unauthorized
    return caller
