"""The server itself: the address of its gateway."""

from collections.abc import Sequence
from typing import Final

from api.http.route import Route, get
from api.http.scope import Scope, find_header
from api.services.caller import Caller
from api.services.gateway_addresses import GatewayAddressService
from core.wire.objects.gateway_address import BotGatewayObject, GatewayObject


@get("/gateway", is_public=True)
async def get_gateway(scope: Scope, gateway_addresses: GatewayAddressService) -> GatewayObject:
    """The address of the gateway."""
    return gateway_addresses.show(find_header(scope, b"host"))


@get("/gateway/bot")
async def get_bot_gateway(scope: Scope, caller: Caller, gateway_addresses: GatewayAddressService) -> BotGatewayObject:
    """The address of the gateway, and the number of shards that a bot should use."""
    return await gateway_addresses.show_for_bot(caller, find_header(scope, b"host"))


ROUTES: Final[Sequence[Route]] = (get_gateway, get_bot_gateway)
