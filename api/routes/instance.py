"""What concerns the server itself: where its gateway is."""

from typing import Any

from litestar import Request, get
from litestar.handlers import HTTPRouteHandler

from api.services.caller import Caller
from api.services.gateway_addresses import BotGatewayObject, GatewayAddresses, GatewayObject

PUBLIC = {"public": True}


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


HANDLERS: list[HTTPRouteHandler] = [get_gateway, get_bot_gateway]
