"""The STUN and TURN servers that a browser in voice may use, with a login of its own that ends by itself.

A login is what coturn's `use-auth-secret` expects: the name is the end of its validity and the user, and the password
an HMAC of the name by the secret that this server and the TURN servers share.

Source: draft-uberti-behave-turn-rest-00, "A REST API For Access To TURN Services".
"""

import base64
import hmac

from api.services.caller import Caller
from core.runtime.clock import Clock
from core.runtime.settings.settings import IceSettings
from core.wire.objects.guilds.ice_servers import IceServerObject, IceServersObject


class IceServerService:
    """Tells users the servers."""

    __slots__ = ("_clock", "_settings")

    def __init__(self, *, settings: IceSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock

    def show(self, caller: Caller) -> IceServersObject:
        """Return the servers, none where there are none."""
        settings, servers = self._settings, list[IceServerObject]()
        if settings.stun_urls:
            servers.append(IceServerObject(urls=settings.stun_urls))
        if settings.turn_urls:
            name = f"{self._clock.now_ms() // 1000 + settings.turn_lifetime_s}:{caller.user_id}"
            password = compute_password(settings.turn_secret, name)
            servers.append(IceServerObject(urls=settings.turn_urls, username=name, credential=password))
        return IceServersObject(ice_servers=servers, ttl=settings.turn_lifetime_s)


def compute_password(secret: str, name: str) -> str:
    """Return the password of a name."""
    return base64.b64encode(hmac.digest(secret.encode(), name.encode(), "sha1")).decode()
