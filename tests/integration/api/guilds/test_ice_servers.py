"""The STUN and TURN servers that browsers in voice are told, with logins as coturn checks them."""

import base64
import hashlib
import hmac

from core.runtime.settings.settings import IceSettings
from tests.fakes.clock import FakeClock
from tests.integration.api.conftest import OpenApi

SECRET = "north"
STUN, TURN = ("stun:x.example:3478",), ("turn:x.example:3478", "turns:x.example:5349?transport=tcp")


async def test_users_are_told_servers_with_a_login_that_ends(open_api: OpenApi) -> None:
    clock = FakeClock()
    settings = IceSettings(stun_urls=STUN, turn_urls=TURN, turn_secret=SECRET, turn_lifetime_s=600)
    async with open_api(ice=settings, clock=clock) as api:
        person = await api.register()
        told = (await person.get("/voice/ice-servers")).json()
        name = f"{clock.now_ms() // 1000 + 600}:{person.id}"
        password = base64.b64encode(hmac.new(SECRET.encode(), name.encode(), hashlib.sha1).digest()).decode()
        assert told == {
            "iceServers": [{"urls": list(STUN)}, {"urls": list(TURN), "username": name, "credential": password}],
            "ttl": 600,
        }
        assert (await api.nobody.get("/voice/ice-servers")).status_code == 401


async def test_nobody_is_told_anything_where_there_are_no_servers(open_api: OpenApi) -> None:
    async with open_api() as api:
        person = await api.register()
        assert (await person.get("/voice/ice-servers")).json()["iceServers"] == []
