"""Calls, which cannot be made yet: a client can tell, and ringing says why."""

from tests.support.embedded_api import ApiUnderTest
from tests.support.guild_scene import error_code
from tests.support.stores.stored_guild import store_guild


async def test_private_channel_cannot_be_rung_yet(api: ApiUnderTest) -> None:
    alice, bob, eve = [await api.register() for _ in range(3)]
    channel_id = (await alice.post("/users/@me/channels", {"recipient_id": bob.id})).json()["id"]
    path = f"/channels/{channel_id}/call"
    assert (await alice.get(path)).json() == {"ringable": False}
    for what in ("ring", "stop-ringing"):
        refused = await alice.post(f"{path}/{what}", {"recipients": [bob.id]})
        assert refused.status_code == 501
        assert "calls" in refused.json()["message"]
        assert error_code(await eve.post(f"{path}/{what}")) == (403, 50001)
    assert error_code(await eve.get(path)) == (403, 50001)
    place = await store_guild(api, alice)
    assert error_code(await alice.get(f"/channels/{place.channel_id}/call")) == (400, 50024)
