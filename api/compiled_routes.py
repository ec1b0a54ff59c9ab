"""The short way of requests whose routes need nothing of the framework.

Routes are declared once, for Litestar. Most of what it does per request (signature models, exit stacks, layers of exception
handlers and hooks) leads to the same result every time for a route that takes nothing but ids out of its path, a body and the
caller. Of such routes everything is looked up at start, and a request is:

    method + path → route, ids → gate → body → handler → answer or refusal

The gate, the binding and the errors are those that Litestar calls too. What the table does not know goes to Litestar, which
also says what is wrong with it: query parameters, ids that are none, methods and paths that are nobody's.
"""

import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute

from api.forms.form import SnowflakePath
from api.http.answers import Answer
from api.http.binding import BOUND_KEY, BoundHandler
from api.http.body import read_body
from api.http.gate import PUBLIC_KEY, Gate
from api.http.scope import TEMPLATE_KEY, Receive, Scope
from api.refusals import refuse
from core.domain.ids import MAX_SNOWFLAKE

_ID: Final = re.compile(r"/(0|[1-9][0-9]{0,18})(?=/|$)")
"""A path's segment that is an id, as clients write it. Others that Litestar takes for one are left to it."""

_PARAMETER: Final = re.compile(r"/\{(\w+)\}")


class CompiledRoute:
    """One method of one path."""

    __slots__ = ("_bound", "_gate", "_is_public", "_limit_bytes", "_names", "_template")

    def __init__(
        self, *, bound: BoundHandler, gate: Gate, is_public: bool, limit_bytes: int, names: Sequence[str], template: str
    ) -> None:
        self._bound = bound
        self._gate = gate
        self._is_public = is_public
        self._limit_bytes = limit_bytes
        self._names = names
        self._template = template

    async def answer(self, scope: Scope, receive: Receive, ids: Sequence[int]) -> Answer:
        """Run the handler; errors become answers. `ids` are the path's, in its order."""
        scope[TEMPLATE_KEY] = self._template
        try:
            await self._gate.admit(scope, is_public=self._is_public)
            given: dict[str, Any] = dict(zip(self._names, ids, strict=True))
            return await self._bound.answer(scope, given, partial(read_body, scope, receive, self._limit_bytes))
        except Exception as error:
            return refuse(scope, error)


class CompiledRoutes:
    """The table: method and path, ids replaced by a mark, to routes."""

    __slots__ = ("_routes",)

    def __init__(self, routes: Mapping[str, CompiledRoute]) -> None:
        self._routes = routes

    async def answer(self, scope: Scope, receive: Receive) -> Answer | None:
        """The answer, None when the framework has to find it."""
        parts = _ID.split(scope["path"])  # what stands between the ids at even places, the ids at odd ones
        route = self._routes.get(scope["method"] + "/#".join(parts[::2]))
        if route is None:
            return None
        ids = [int(text) for text in parts[1::2]]
        if max(ids, default=0) > MAX_SNOWFLAKE:
            return None
        return await route.answer(scope, receive, ids)


def compile_routes(app: Litestar, gate: Gate) -> CompiledRoutes:
    """The table of what can be answered without the framework."""
    table: dict[str, CompiledRoute] = {}
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for method, (handler, _) in route.route_handler_map.items():
                compiled = _compile(route.path_format, handler, gate)
                if compiled is not None:
                    table[method + _PARAMETER.sub("/#", route.path_format)] = compiled
    return CompiledRoutes(table)


def _compile(template: str, handler: HTTPRouteHandler, gate: Gate) -> CompiledRoute | None:
    bound: BoundHandler | None = handler.opt.get(BOUND_KEY)
    names = _PARAMETER.findall(template)
    if bound is None or bound.wants_request or bound.asked != dict.fromkeys(names, SnowflakePath):
        return None
    return CompiledRoute(
        bound=bound,
        gate=gate,
        is_public=bool(handler.opt.get(PUBLIC_KEY)),
        limit_bytes=handler.resolve_request_max_body_size() or 0,
        names=names,
        template=template,
    )
