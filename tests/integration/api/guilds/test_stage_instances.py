"""Stage instances: opened once, shown, changed and closed, with their events and messages."""

from typing import Any

import pytest

from core.domain.guilds.permissions import Permission
from tests.support.embedded_api import ApiUnderTest
from tests.support.guild_scene import Scene, error_code

MODERATES = int(Permission.MANAGE_CHANNELS | Permission.MUTE_MEMBERS | Permission.MOVE_MEMBERS)
EVENTS = ("STAGE_INSTANCE_CREATE", "STAGE_INSTANCE_UPDATE", "STAGE_INSTANCE_DELETE")


@pytest.fixture
async def scene(api: ApiUnderTest) -> Scene:
    return await Scene.build(api)


async def make_stage(scene: Scene, **fields: Any) -> str:
    made = await scene.owner.post(f"{scene.path}/channels", {"name": "stage", "type": 13, **fields})
    assert made.status_code == 201, made.text
    channel_id: str = made.json()["id"]
    return channel_id


async def test_stage_is_opened_once_changed_and_closed(scene: Scene) -> None:
    owner, stage = scene.owner, await make_stage(scene)
    path, body = f"/stage-instances/{stage}", {"channel_id": stage, "topic": "  Bees "}
    assert error_code(await owner.get(path)) == (404, 10067)
    opened = await owner.post("/stage-instances", body)
    assert opened.status_code == 200
    live = opened.json()
    assert live == {
        "id": live["id"],
        "guild_id": scene.id,
        "channel_id": stage,
        "topic": "Bees",
        "privacy_level": 2,
        "discoverable_disabled": True,
        "guild_scheduled_event_id": None,
    }
    assert error_code(await owner.post("/stage-instances", body)) == (400, 150006)
    assert (await owner.get(path)).json() == live
    changed = (await owner.patch(path, {"topic": "Wasps", "privacy_level": 2})).json()
    assert changed == {**live, "topic": "Wasps"}
    assert (await owner.delete(path)).status_code == 204
    for again in (await owner.delete(path), await owner.patch(path, {"topic": "x"}), await owner.get(path)):
        assert error_code(again) == (404, 10067)
    told = [(event.event, event.channel_id) for event in scene.api.events(*EVENTS)]
    assert told == [(event, int(stage)) for event in EVENTS]
    assert scene.api.payloads(*EVENTS) == [live, changed, changed]
    messages = (await owner.get(f"/channels/{stage}/messages")).json()
    notes = [(each["type"], each["content"], each["mention_everyone"]) for each in reversed(messages)]
    assert notes == [(27, "Bees", False), (31, "Wasps", False), (28, "Wasps", False)]


async def test_stage_that_notifies_mentions_everyone(scene: Scene) -> None:
    stage, moderator = await make_stage(scene), await scene.join()
    role = await scene.add_role(moderator, permissions=MODERATES)
    everyone = {"allow": "0", "deny": str(int(Permission.MENTION_EVERYONE)), "type": 0}
    await scene.owner.put(f"/channels/{stage}/permissions/{scene.id}", everyone)
    body = {"channel_id": stage, "topic": "t", "send_start_notification": True}
    assert error_code(await moderator.post("/stage-instances", body)) == (403, 50013)
    notifies = {"permissions": str(MODERATES | int(Permission.MENTION_EVERYONE))}
    await scene.owner.patch(f"{scene.path}/roles/{role}", notifies)
    allowed = {"allow": str(int(Permission.MENTION_EVERYONE)), "deny": "0", "type": 0}
    await scene.owner.put(f"/channels/{stage}/permissions/{role}", allowed)
    assert (await moderator.post("/stage-instances", body)).status_code == 200
    (message,) = (await scene.owner.get(f"/channels/{stage}/messages")).json()
    assert (message["type"], message["mention_everyone"], message["author"]["id"]) == (27, True, moderator.id)


async def test_members_see_stages_that_moderators_alone_open(scene: Scene) -> None:
    stage, member, stranger = await make_stage(scene), await scene.join(), await scene.api.register()
    body = {"channel_id": stage, "topic": "t"}
    assert error_code(await member.post("/stage-instances", body)) == (403, 50013)
    await scene.owner.post("/stage-instances", body)
    path = f"/stage-instances/{stage}"
    assert (await member.get(path)).status_code == 200
    assert error_code(await member.patch(path, {"topic": "x"})) == (403, 50013)
    assert error_code(await member.delete(path)) == (403, 50013)
    for call in (stranger.get(path), stranger.delete(path), stranger.post("/stage-instances", body)):
        assert error_code(await call) == (403, 50001)


@pytest.mark.parametrize(
    "wrong",
    [{"topic": ""}, {"topic": "x" * 121}, {"topic": None}, {"privacy_level": 1}, {"channel_id": "x"}],
    ids=str,
)
async def test_forms_are_checked(scene: Scene, wrong: dict[str, Any]) -> None:
    body = {"channel_id": await make_stage(scene), "topic": "t", **wrong}
    assert error_code(await scene.owner.post("/stage-instances", body)) == (400, 50035)


async def test_other_channels_are_no_stages(scene: Scene) -> None:
    body = {"channel_id": scene.general, "topic": "t"}
    assert error_code(await scene.owner.post("/stage-instances", body)) == (400, 50024)
    assert error_code(await scene.owner.get(f"/stage-instances/{scene.general}")) == (400, 50024)
    assert error_code(await scene.owner.get("/stage-instances/5")) == (404, 10003)


async def test_stage_closes_with_its_channel(scene: Scene) -> None:
    stage = await make_stage(scene)
    await scene.owner.post("/stage-instances", {"channel_id": stage, "topic": "t"})
    await scene.owner.delete(f"/channels/{stage}")
    names = [event.event for event in scene.api.events("STAGE_INSTANCE_DELETE", "CHANNEL_DELETE")]
    assert names == ["STAGE_INSTANCE_DELETE", "CHANNEL_DELETE"]
    assert await scene.api.store.stage_instances.find(int(stage)) is None
