"""Composition root of the API: builds the services and binds them into the routes.

Adding a noun: build its service in `build_api`, put it into `services` under the name by which handlers ask for it (see
`api.binding`), and add the HANDLERS of its routes module to `_ROUTES`. Paths of handlers start after `/api/v10`.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Protocol

from litestar import Litestar, Request, Response, Router
from litestar.handlers import HTTPRouteHandler

from api.binding import bind
from api.body import BodyRequest, FormDto
from api.errors import answer_to
from api.services.directory import Directory
from core.bus.interfaces import Bus
from core.runtime.clock import Clock
from core.runtime.metrics import Metrics
from core.runtime.settings import Settings
from core.store.interfaces import BlobStore, Store

PREFIX: Final = "/api/v10"

_ROUTES: Final[tuple[Sequence[HTTPRouteHandler], ...]] = ()


class IdSource(Protocol):
    """Makes snowflakes."""

    def next(self) -> int: ...


class Api:
    """The finished tier: an ASGI application, and the services that other parts of the process share with it."""

    __slots__ = ("app", "directory")

    def __init__(self, *, app: Any, directory: Directory) -> None:
        self.app = app
        self.directory = directory


def build_api(
    *,
    store: Store,
    bus: Bus,
    blobs: BlobStore,
    ids: IdSource,
    clock: Clock,
    settings: Settings,
    metrics: Metrics,
    gateway_url: Callable[[], str],
) -> Api:
    """`gateway_url` tells clients where the gateway is (ws://…, without query)."""
    directory = Directory(store=store, bus=bus, clock=clock)
    services: dict[str, Any] = {"directory": directory}
    return Api(app=_build_litestar(services, settings), directory=directory)


def _build_litestar(services: Mapping[str, Any], settings: Settings) -> Litestar:
    handlers = [bind(handler, services) for handlers in _ROUTES for handler in handlers]
    return Litestar(
        route_handlers=[Router(PREFIX, route_handlers=handlers)],
        dto=FormDto,
        return_dto=None,
        request_class=BodyRequest,
        request_max_body_size=settings.api.max_json_bytes,
        exception_handlers={Exception: _handle_error},
        logging_config=None,
        openapi_config=None,
    )


def _handle_error(_: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    answer = answer_to(error)
    return Response(answer.body, status_code=answer.status, headers=answer.headers, media_type="application/json")
