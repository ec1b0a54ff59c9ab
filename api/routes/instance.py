"""What concerns the server itself: where its gateway is, whether it lives."""

from typing import Any

from litestar import Request, get
from litestar.handlers import HTTPRouteHandler
from msgspec import Struct

from api.caller import Caller
from api.services.gateway_addresses import BotGatewayObject, GatewayAddresses, GatewayObject
from core.store.interfaces import Store

PUBLIC = {"public": True}


class StatusObject(Struct, kw_only=True):
    """The answer of /health and /ready."""

    status: str


@get("/gateway", opt=PUBLIC)
async def get_gateway(request: Request[Any, Any, Any], gateway_addresses: GatewayAddresses) -> GatewayObject:
    """Where the gateway is."""
    return gateway_addresses.show(request.headers.get("host", ""))


@get("/gateway/bot")
async def get_bot_gateway(
    request: Request[Any, Any, Any], caller: Caller, gateway_addresses: GatewayAddresses
) -> BotGatewayObject:
    """Where the gateway is, and how a bot should spread over it."""
    return await gateway_addresses.show_for_bot(caller, request.headers.get("host", ""))


@get("/health", opt=PUBLIC)
async def get_health() -> StatusObject:
    """Whether the process lives."""
    return StatusObject(status="ok")


@get("/ready", opt=PUBLIC)
async def get_readiness(store: Store) -> StatusObject:
    """Whether the process can do its work; 503 while its database does not answer."""
    await store.ping()
    return StatusObject(status="ready")


HANDLERS: list[HTTPRouteHandler] = [get_gateway, get_bot_gateway]
ROOT_HANDLERS: list[HTTPRouteHandler] = [get_health, get_readiness]
