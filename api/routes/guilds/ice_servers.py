"""/voice/ice-servers: the STUN and TURN servers of browsers in voice. Discord has no such route."""

from collections.abc import Sequence
from typing import Final

from api.http.route import Route, get
from api.services.caller import Caller
from api.services.voice.ice_servers import IceServerService
from core.wire.objects.guilds.ice_servers import IceServersObject


@get("/voice/ice-servers")
async def show_ice_servers(caller: Caller, ice_servers: IceServerService) -> IceServersObject:
    """Show the servers, with a login for the caller."""
    return ice_servers.show(caller)


ROUTES: Final[Sequence[Route]] = (show_ice_servers,)
