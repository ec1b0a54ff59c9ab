"""What concerns the server itself: where its gateway is, whether it lives."""

from litestar import get
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
async def get_gateway(gateway_addresses: GatewayAddresses) -> GatewayObject:
    """Where the gateway is."""
    return gateway_addresses.show()


@get("/gateway/bot")
async def get_bot_gateway(caller: Caller, gateway_addresses: GatewayAddresses) -> BotGatewayObject:
    """Where the gateway is, and how a bot should spread over it."""
    return await gateway_addresses.show_for_bot(caller)


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
