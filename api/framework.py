"""Litestar, put together: all routes with their services, the gate before them, one shape of errors.

Paths of HANDLERS start after `/api/v10`, those of ROOT_HANDLERS stand as they are.
"""

from collections.abc import Sequence
from typing import Any, Final

from litestar import Litestar, Request, Response
from litestar.exceptions import MethodNotAllowedException, NotFoundException, ValidationException
from litestar.handlers import HTTPRouteHandler

from api.account_services import ACCOUNT_ROUTES
from api.guild_services import GUILD_ROUTES
from api.http.binding import bind
from api.http.body import BodyRequest
from api.http.gate import Gate
from api.http.openapi import build_document
from api.http.scope import TEMPLATE_KEY
from api.http.unbuilt_routes import is_caught, is_documented
from api.message_services import MESSAGE_ROUTES
from api.refusals import refuse
from api.routes import documentation, images
from api.services.documentation import Documentation
from core.domain.errors import NotBuilt

PREFIX: Final = "/api/v10"

_ROUTES: Final[tuple[Sequence[HTTPRouteHandler], ...]] = (*ACCOUNT_ROUTES, *MESSAGE_ROUTES, *GUILD_ROUTES)
_ROOT_ROUTES: Final[tuple[Sequence[HTTPRouteHandler], ...]] = (
    documentation.ROOT_HANDLERS,
    images.ROOT_HANDLERS,
)


def build_framework(services: dict[str, Any], gate: Gate, *, max_body_bytes: int) -> Litestar:
    """The framework's application; `documentation` joins the services."""
    described = [handler for handlers in _ROUTES for handler in handlers]
    services["documentation"] = Documentation(build_document(described, services, prefix=PREFIX))
    handlers = [bind(handler, services, prefix=PREFIX) for handler in described]
    handlers += [bind(handler, services) for handlers in _ROOT_ROUTES for handler in handlers]
    return Litestar(
        route_handlers=handlers,
        before_request=gate.admit_request,
        request_class=BodyRequest,
        request_max_body_size=max_body_bytes,
        exception_handlers={Exception: _handle_error},
        logging_config=None,
        openapi_config=None,
    )


def _handle_error(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Also tells routes that Discord documents and that are not built here from those that are nobody's."""
    scope: Any = request.scope
    if _is_unbuilt(scope, error):
        error = NotBuilt()
    answer = refuse(scope, error)
    headers = {name.decode(): value.decode() for name, value in answer.headers}
    return Response(answer.body, status_code=answer.status, headers=headers)


def _is_unbuilt(scope: Any, error: Exception) -> bool:
    path = scope["path"].removeprefix(PREFIX)
    if isinstance(error, NotFoundException | MethodNotAllowedException):
        return is_documented(scope["method"], path)
    return isinstance(error, ValidationException) and is_caught(scope["method"], path, scope[TEMPLATE_KEY])
