"""Op 4 by requests: joining, changing and leaving, in guilds and calls, with the errors that op 4 does not tell."""

import pytest

from core.domain.guilds.permissions import Permission
from tests.support.embedded_api import ApiUnderTest
from tests.support.guild_scene import Scene, error_code


@pytest.fixture
async def scene(api: ApiUnderTest) -> Scene:
    return await Scene.build(api)


async def test_member_joins_changes_and_leaves(scene: Scene) -> None:
    member = await scene.join()
    voice = (await scene.owner.post(f"{scene.path}/channels", {"name": "voice", "type": 2})).json()["id"]
    joined = (await member.post(f"/voice/{voice}/join", {"session_id": "s", "self_mute": True})).json()
    assert (joined["channel_id"], joined["session_id"], joined["self_mute"]) == (voice, "s", True)
    changed = (await member.patch("/voice/state", {"guild_id": scene.id, "self_deaf": True})).json()
    assert changed == {**joined, "self_deaf": True}
    assert (await member.delete(f"/voice/state?guild_id={scene.id}")).status_code == 204
    assert error_code(await member.delete(f"/voice/state?guild_id={scene.id}")) == (404, 10065)
    assert error_code(await member.patch("/voice/state", {"guild_id": scene.id})) == (404, 10065)
    told = [(d["channel_id"], d["self_deaf"]) for d in scene.api.payloads("VOICE_STATE_UPDATE")]
    assert told == [(voice, False), (voice, True), (None, True)]


async def test_call_is_joined_and_left(api: ApiUnderTest) -> None:
    alice, bob = await api.register(), await api.register()
    await api.befriend(alice, bob)
    channel_id = (await alice.post("/users/@me/channels", {"recipient_id": bob.id})).json()["id"]
    joined = (await alice.post(f"/voice/{channel_id}/join", {"session_id": "s"})).json()
    assert (joined["guild_id"], joined["channel_id"]) == (None, channel_id)
    assert (await alice.patch("/voice/state", {"self_mute": True})).json()["self_mute"] is True
    assert (await alice.delete("/voice/state")).status_code == 204
    assert [event.event for event in api.events("CALL_CREATE", "CALL_DELETE")] == ["CALL_CREATE"] * 2 + [
        "CALL_DELETE"
    ] * 2


async def test_reasons_are_told(scene: Scene) -> None:
    member, stranger, body = await scene.join(), await scene.api.register(), {"session_id": "s"}
    voice = (await scene.owner.post(f"{scene.path}/channels", {"name": "v", "type": 2, "user_limit": 1})).json()["id"]
    assert error_code(await stranger.post(f"/voice/{voice}/join", body)) == (403, 50001)
    assert error_code(await member.post("/voice/5/join", body)) == (404, 10003)
    assert error_code(await member.post(f"/voice/{scene.general}/join", body)) == (400, 50024)
    assert error_code(await member.post(f"/voice/{voice}/join", {})) == (400, 50035)
    assert (await scene.owner.post(f"/voice/{voice}/join", body)).status_code == 200
    assert error_code(await member.post(f"/voice/{voice}/join", body)) == (403, 50013)
    await scene.owner.delete(f"/voice/state?guild_id={scene.id}")
    denied = {"allow": "0", "deny": str(int(Permission.CONNECT)), "type": 0}
    await scene.owner.put(f"/channels/{voice}/permissions/{scene.id}", denied)
    assert error_code(await member.post(f"/voice/{voice}/join", body)) == (403, 50013)
