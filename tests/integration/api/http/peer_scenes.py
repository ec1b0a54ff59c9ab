"""Valid requests for routes of calls from client to client; see `field_scenes`."""

from typing import Any, Final

from core.wire.voice_wish import VoiceWish
from tests.integration.api.http.field_ground import Ground
from tests.integration.api.http.field_walk import Prepare, Prepared, Route
from tests.support.embedded_api import ApiUnderTest

SETTING: Final = "/users/@me/peer-to-peer"
_CANDIDATE: Final = {"candidate": "candidate:1"}
_PARTS: Final = {"candidate": "candidate:2", "sdpMid": "0", "sdpMLineIndex": 1, "usernameFragment": "u"}


async def _call(api: ApiUnderTest) -> tuple[Ground, str]:
    """A call of owner and member, of whom the member agrees."""
    ground = await Ground.build(api)
    await api.befriend(ground.owner, ground.member)
    opened = await ground.owner.post("/users/@me/channels", {"recipient_id": ground.member.id})
    channel = opened.json()["id"]
    for who in (ground.owner, ground.member):
        await who.patch(SETTING, {"enabled": True})
        await api.built.voice.join_from_gateway(int(who.id), "s", VoiceWish(channel_id=int(channel)))
    await ground.member.put(f"/channels/{channel}/call/peers/@me", {"session_id": "s"})
    return ground, channel


async def agree(api: ApiUnderTest, _field: str) -> Prepared:
    ground, channel = await _call(api)
    values: dict[str, list[Any]] = {"session_id": ["t"]}
    return ground.request(f"/channels/{channel}/call/peers/@me", {"session_id": "s"}, values=values)


async def _begin(api: ApiUnderTest) -> tuple[Ground, str, str]:
    ground, channel = await _call(api)
    path = f"/channels/{channel}/call/peers"
    return ground, path, (await ground.owner.put(f"{path}/@me", {"session_id": "s"})).json()["round_id"]


async def report(api: ApiUnderTest, _field: str) -> Prepared:
    ground, path, round_id = await _begin(api)
    values: dict[str, list[Any]] = {"round_id": ["5"], "state": ["failed"]}
    return ground.request(f"{path}/@me", {"round_id": round_id, "state": "connected"}, values=values)


async def signal(api: ApiUnderTest, _field: str) -> Prepared:
    ground, path, round_id = await _begin(api)
    values: dict[str, list[Any]] = {
        "round_id": ["5"],
        "type": ["answer"],
        "sdp": ["v=0\n1"],
        "candidates": [[_CANDIDATE]],
        **{f"candidates[].{name}": [value] for name, value in _PARTS.items()},
    }
    body = {"round_id": round_id, "type": "offer", "sdp": "v=0\n"}
    parents = {"candidates[]": _CANDIDATE}
    return ground.request(f"{path}/{ground.member.id}/signals", body, values=values, parents=parents)


async def update_settings(api: ApiUnderTest, _field: str) -> Prepared:
    ground = await Ground.build(api)
    return ground.request(SETTING, {"enabled": False}, values={"enabled": [True]})


SCENES: Final[dict[Route, Prepare]] = {
    ("PUT", "/channels/{channel_id}/call/peers/@me"): agree,
    ("PATCH", "/channels/{channel_id}/call/peers/@me"): report,
    ("POST", "/channels/{channel_id}/call/peers/{user_id}/signals"): signal,
    ("PATCH", "/users/@me/peer-to-peer"): update_settings,
}
