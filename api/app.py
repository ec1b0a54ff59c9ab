"""Composition root of the API: builds the services and binds them into the routes.

Adding a noun: build its service under the name by which handlers ask for it (see `api.binding`) in the side of the API that
it belongs to (`account_services`, `guild_services`, or here), and add the HANDLERS of its routes module to that side's
routes. Paths of HANDLERS start after `/api/v10`, those of ROOT_HANDLERS stand as they are.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Final

from litestar import Litestar, Request, Response
from litestar.exceptions import MethodNotAllowedException, NotFoundException, ValidationException
from litestar.handlers import HTTPRouteHandler

from api.account_services import ACCOUNT_ROUTES, build_account_services
from api.binding import bind
from api.body import BodyRequest
from api.compiled_routes import compile_routes
from api.documented_routes import is_caught, is_documented
from api.edge import Edge
from api.gate import Gate
from api.guild_services import GUILD_ROUTES, build_guild_services
from api.limits import Limits, MemoryRateLimiter
from api.openapi import build_document
from api.refusals import refuse
from api.routes import direct_channels as direct_channel_routes
from api.routes import documentation as documentation_routes
from api.routes import images as image_routes
from api.routes import instance as instance_routes
from api.routes import messages as message_routes
from api.routes import typing_indicators as typing_routes
from api.services.authenticator import Authenticator
from api.services.direct_channels import DirectChannels
from api.services.directory import Directory
from api.services.documentation import Documentation
from api.services.gateway_addresses import GatewayAddresses
from api.services.ids import IdSource
from api.services.images import Images
from api.services.login_uses import LoginUses
from api.services.message_cache import MessageCache
from api.services.message_edits import MessageEdits
from api.services.message_history import MessageHistory
from api.services.message_limits import MessageLimits
from api.services.message_views import MessageViews
from api.services.messages import MessageService
from api.services.passwords import Passwords
from api.services.temporary_members import TemporaryMembers
from api.services.typing_indicators import TypingIndicators
from core.bus.interfaces import Bus
from core.domain.errors import NotBuilt
from core.runtime.clock import Clock
from core.runtime.metrics import Metrics
from core.runtime.settings import Settings
from core.store.interfaces import BlobStore, Store

PREFIX: Final = "/api/v10"

_ROUTES: Final[tuple[Sequence[HTTPRouteHandler], ...]] = (
    *ACCOUNT_ROUTES,
    direct_channel_routes.HANDLERS,
    message_routes.HANDLERS,
    typing_routes.HANDLERS,
    *GUILD_ROUTES,
)
_ROOT_ROUTES: Final[tuple[Sequence[HTTPRouteHandler], ...]] = (
    documentation_routes.ROOT_HANDLERS,
    instance_routes.ROOT_HANDLERS,
    image_routes.ROOT_HANDLERS,
)


class Api:
    """The finished tier: an ASGI application, and the services that other parts of the process share with it."""

    __slots__ = ("_passwords", "_temporary_members", "asgi", "directory", "limits", "messages", "uses")

    def __init__(
        self,
        *,
        asgi: Edge,
        directory: Directory,
        limits: Limits,
        messages: MessageService,
        passwords: Passwords,
        temporary_members: TemporaryMembers,
        uses: LoginUses,
    ) -> None:
        self.asgi = asgi
        self.directory = directory
        self.limits = limits
        self.messages = messages
        """The gateway's `MessagePort`."""
        self._passwords = passwords
        self._temporary_members = temporary_members
        self.uses = uses

    async def run(self) -> None:
        """The tier's chores, until cancelled; then let go of what it owns."""
        try:
            async with asyncio.TaskGroup() as chores:
                chores.create_task(self.uses.run(), name="login uses")
                chores.create_task(self._temporary_members.run(), name="temporary members")
        finally:
            self._passwords.close()


def build_api(
    *,
    store: Store,
    bus: Bus,
    blobs: BlobStore,
    ids: IdSource,
    clock: Clock,
    settings: Settings,
    metrics: Metrics,
    gateway_url: Callable[[str], str],
) -> Api:
    """`gateway_url` gives the gateway's address (ws://…, without query) for the Host header of a client's request."""
    directory = Directory(store=store, bus=bus, clock=clock)
    passwords = Passwords()
    uses = LoginUses(store=store, clock=clock)
    limits = Limits(limiter=MemoryRateLimiter(clock=clock), settings=settings.limits)
    images = Images(blobs=blobs)
    cache = MessageCache(messages=store.messages, bus=bus)
    views = MessageViews(directory=directory, messages=cache)
    messages = MessageService(
        directory=directory,
        messages=cache,
        bus=bus,
        views=views,
        limits=MessageLimits(limits=limits, clock=clock),
        ids=ids,
        clock=clock,
        metrics=metrics,
    )
    gate = Gate(authenticator=Authenticator(store=store, bus=bus, uses=uses), limits=limits)
    services: dict[str, Any] = {
        "direct_channels": DirectChannels(directory=directory, store=store, ids=ids),
        "directory": directory,
        "edits": MessageEdits(directory=directory, messages=store.messages, views=views, ids=ids, clock=clock),
        "gate": gate,
        "gateway_addresses": GatewayAddresses(store=store, settings=settings.gateway, url=gateway_url),
        "history": MessageHistory(directory=directory, messages=store.messages, cache=cache, views=views),
        "images": images,
        "limits": limits,
        "messages": messages,
        "store": store,
        "typing_indicators": TypingIndicators(
            directory=directory, bus=bus, ids=ids, clock=clock, interval_s=settings.limits.typing_interval_s
        ),
    }
    services |= build_guild_services(store=store, directory=directory, images=images, ids=ids, clock=clock)
    services |= build_account_services(
        store=store,
        directory=directory,
        images=images,
        membership=services["membership"],
        passwords=passwords,
        ids=ids,
        clock=clock,
        settings=settings,
    )
    framework = _build_litestar(services, gate, settings)
    routes = compile_routes(framework, gate)
    application: Any = framework  # an ASGI application, whose own types for it are narrower
    edge = Edge(app=application, routes=routes, limits=limits, clock=clock, metrics=metrics)
    return Api(
        asgi=edge,
        directory=directory,
        limits=limits,
        messages=messages,
        passwords=passwords,
        temporary_members=TemporaryMembers(store=store, bus=bus, membership=services["membership"]),
        uses=uses,
    )


def _build_litestar(services: dict[str, Any], gate: Gate, settings: Settings) -> Litestar:
    described = [handler for handlers in _ROUTES for handler in handlers]
    services["documentation"] = Documentation(build_document(described, services, prefix=PREFIX))
    handlers = [bind(handler, services, prefix=PREFIX) for handlers in _ROUTES for handler in handlers]
    handlers += [bind(handler, services) for handlers in _ROOT_ROUTES for handler in handlers]
    return Litestar(
        route_handlers=handlers,
        before_request=gate.admit_request,
        request_class=BodyRequest,
        request_max_body_size=settings.api.max_json_bytes,
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
    return isinstance(error, ValidationException) and is_caught(scope["method"], path, scope["path_template"])
