"""Statuses of voice channels: who may set them, who sees them, and that they end with the last who leaves."""

from typing import Any

import msgspec
import pytest

from core.domain.guilds.permissions import Permission
from core.wire.voice_wish import VoiceWish
from tests.support.embedded_api import Actor, ApiUnderTest
from tests.support.guild_scene import Scene, error_code

EVENT = "VOICE_CHANNEL_STATUS_UPDATE"


@pytest.fixture
async def scene(api: ApiUnderTest) -> Scene:
    return await Scene.build(api)


async def make_voice(scene: Scene, name: str = "voice", kind: int = 2) -> str:
    made = await scene.owner.post(f"{scene.path}/channels", {"name": name, "type": kind})
    channel_id: str = made.json()["id"]
    return channel_id


async def join(scene: Scene, who: Actor, channel_id: str | None) -> None:
    wish = VoiceWish(guild_id=int(scene.id), channel_id=None if channel_id is None else int(channel_id))
    await scene.api.built.voice.join_from_gateway(int(who.id), f"s{who.id}", wish)


async def show(scene: Scene, who: Actor) -> Any:
    shown = await scene.api.built.voice.show_statuses(int(who.id), int(scene.id))
    return None if shown is None else msgspec.json.decode(shown)["channels"]


async def test_those_who_are_there_set_it_until_the_last_has_left(scene: Scene) -> None:
    voice, other, member = await make_voice(scene), await make_voice(scene, "other"), await scene.join()
    path = f"/channels/{voice}/voice-status"
    assert error_code(await member.put(path, {"status": "x"})) == (403, 50013)
    await join(scene, member, voice)
    await join(scene, scene.owner, voice)
    assert (await member.put(path, {"status": "  planting\nbees "})).status_code == 204
    assert (await member.put(path, {"status": "planting bees"})).status_code == 204
    update = {"id": voice, "guild_id": scene.id, "status": "planting bees"}
    assert scene.api.payloads(EVENT) == [update]
    assert await show(scene, member) == [{"id": voice, "status": "planting bees"}]
    await join(scene, member, None)
    assert len(scene.api.payloads(EVENT)) == 1
    await join(scene, scene.owner, other)
    assert scene.api.payloads(EVENT) == [update, {**update, "status": None}]
    assert await show(scene, member) == []


async def test_managers_set_it_from_elsewhere_and_anybody_there_removes_it(scene: Scene) -> None:
    voice, member = await make_voice(scene), await scene.join()
    path = f"/channels/{voice}/voice-status"
    assert (await scene.owner.put(path, {"status": "quiet"})).status_code == 204
    await join(scene, member, voice)
    for nothing in ({"status": None}, {}, {"status": " "}):
        assert (await member.put(path, nothing)).status_code == 204
    assert [each["status"] for each in scene.api.payloads(EVENT)] == ["quiet", None]
    await scene.owner.put(
        f"/channels/{voice}/permissions/{scene.id}",
        {"allow": "0", "deny": str(int(Permission.SET_VOICE_CHANNEL_STATUS)), "type": 0},
    )
    assert error_code(await member.put(path, {"status": "x"})) == (403, 50013)


async def test_statuses_of_channels_that_one_does_not_view_are_hidden(scene: Scene) -> None:
    voice, member, stranger = await make_voice(scene), await scene.join(), await scene.api.register()
    await scene.owner.put(f"/channels/{voice}/voice-status", {"status": "secret"})
    hidden = {"allow": "0", "deny": str(int(Permission.VIEW_CHANNEL)), "type": 0}
    await scene.owner.put(f"/channels/{voice}/permissions/{scene.id}", hidden)
    assert await show(scene, member) == []
    assert len(await show(scene, scene.owner)) == 1
    assert await show(scene, stranger) is None
    assert error_code(await member.put(f"/channels/{voice}/voice-status", {"status": "x"})) == (403, 50001)


async def test_wrong_channels_and_texts_are_refused(scene: Scene) -> None:
    voice, stage = await make_voice(scene), await make_voice(scene, "stage", 13)
    long = await scene.owner.put(f"/channels/{voice}/voice-status", {"status": "x" * 501})
    assert error_code(long) == (400, 50035)
    for channel_id in (scene.general, stage):
        refused = await scene.owner.put(f"/channels/{channel_id}/voice-status", {"status": "x"})
        assert error_code(refused) == (400, 50024)
