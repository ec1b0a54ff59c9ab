"""Voice states over REST as outsiders, listeners and moderators of a stage try to change them."""

from typing import Any

import pytest

from core.domain.guilds.permissions import Permission
from core.wire.voice_wish import VoiceWish
from tests.support.embedded_api import Actor, ApiUnderTest
from tests.support.guild_scene import Scene, error_code


class Stage:
    """A guild with a stage, on which a member listens."""

    def __init__(self, scene: Scene, channel_id: str, member: Actor) -> None:
        self.scene = scene
        self.channel_id = channel_id
        self.member = member
        self.path = f"{scene.path}/voice-states"

    async def join(self, who: Actor, channel_id: str = "") -> None:
        """Let somebody join the stage, or another channel."""
        wish = VoiceWish(guild_id=int(self.scene.id), channel_id=int(channel_id or self.channel_id))
        await self.scene.api.built.voice.join_from_gateway(int(who.id), f"s{who.id}", wish)

    async def show(self, who: Actor) -> Any:
        """Return the voice state of somebody."""
        return (await self.scene.owner.get(f"{self.path}/{who.id}")).json()


@pytest.fixture
async def stage(api: ApiUnderTest) -> Stage:
    scene = await Scene.build(api)
    made = await scene.owner.post(f"{scene.path}/channels", {"name": "stage", "type": 13})
    found = Stage(scene, made.json()["id"], await scene.join())
    await found.join(found.member)
    return found


async def test_outsiders_and_those_who_do_not_view_the_stage_find_nobody(stage: Stage) -> None:
    api, scene, member = stage.scene.api, stage.scene, stage.member
    stranger, other = await api.register(), await scene.join()
    for path in (f"{stage.path}/{member.id}", f"{stage.path}/@me"):
        assert error_code(await stranger.get(path)) == (404, 10004)
        assert error_code(await stranger.patch(path, {"suppress": False})) == (404, 10004)
    for call in (other.get(f"{stage.path}/@me"), other.patch(f"{stage.path}/@me", {"suppress": True})):
        assert error_code(await call) == (404, 10065)
    assert (await other.get(f"{stage.path}/{member.id}")).status_code == 200
    hidden = {"allow": "0", "deny": str(int(Permission.VIEW_CHANNEL)), "type": 0}
    await scene.owner.put(f"/channels/{stage.channel_id}/permissions/{scene.id}", hidden)
    assert error_code(await other.get(f"{stage.path}/{member.id}")) == (404, 10065)
    assert error_code(await other.patch(f"{stage.path}/{member.id}", {"suppress": False})) == (404, 10065)


async def test_listeners_neither_take_the_word_nor_give_it(stage: Stage) -> None:
    other = await stage.scene.join()
    await stage.join(other)
    for target in ("@me", other.id, stage.member.id):
        refused = await other.patch(f"{stage.path}/{target}", {"suppress": False})
        assert error_code(refused) == (403, 50013)
    refused = await other.patch(f"{stage.path}/{stage.member.id}", {"suppress": True})
    assert error_code(refused) == (403, 50013)
    assert (await stage.show(other))["suppress"] is True
    assert (await other.patch(f"{stage.path}/@me", {"suppress": True})).status_code == 204


async def test_people_who_are_given_the_word_are_invited_and_bots_are_not(stage: Stage) -> None:
    scene, member = stage.scene, stage.member
    bot = await scene.api.make_bot(scene.owner)
    await scene.api.let_in(scene.owner, bot, scene.id)
    await stage.join(bot)
    for who, is_invited in ((member, True), (bot, False)):
        given = await scene.owner.patch(f"{stage.path}/{who.id}", {"channel_id": stage.channel_id, "suppress": False})
        assert given.status_code == 204
        shown = await stage.show(who)
        assert (shown["suppress"], shown["request_to_speak_timestamp"] is not None) == (False, is_invited)
        assert (await scene.owner.patch(f"{stage.path}/{who.id}", {"suppress": True})).status_code == 204
        assert (await stage.show(who))["request_to_speak_timestamp"] is None


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ("2999-01-01T00:00:00Z", "2999-01-01"),
        ("2999-01-01T00:00:00", "2999-01-01"),
        ("9999-12-31T23:59:59-12:00", "9999-12-31"),
        ("0001-01-01T00:00:00+12:00", "20"),
        (None, None),
    ],
)
async def test_word_is_asked_for_now_or_later(stage: Stage, asked: str | None, shown: str | None) -> None:
    answer = await stage.member.patch(f"{stage.path}/@me", {"request_to_speak_timestamp": asked})
    assert answer.status_code == 204
    found = (await stage.show(stage.member))["request_to_speak_timestamp"]
    assert found is None if shown is None else found.startswith(shown)


async def test_word_is_not_asked_for_without_the_right(stage: Stage) -> None:
    denied = {"allow": "0", "deny": str(int(Permission.REQUEST_TO_SPEAK)), "type": 0}
    await stage.scene.owner.put(f"/channels/{stage.channel_id}/permissions/{stage.scene.id}", denied)
    refused = await stage.member.patch(f"{stage.path}/@me", {"request_to_speak_timestamp": "2999-01-01T00:00:00Z"})
    assert error_code(refused) == (403, 50013)
    assert (await stage.member.patch(f"{stage.path}/@me", {"request_to_speak_timestamp": None})).status_code == 204


async def test_other_channels_have_no_word_to_give(stage: Stage) -> None:
    scene, member = stage.scene, stage.member
    wrong = await scene.owner.patch(f"{stage.path}/{member.id}", {"channel_id": scene.general, "suppress": False})
    assert error_code(wrong) == (404, 10065)
    voice = (await scene.owner.post(f"{scene.path}/channels", {"name": "voice", "type": 2})).json()["id"]
    await stage.join(member, voice)
    assert error_code(await scene.owner.patch(f"{stage.path}/{member.id}", {"suppress": True})) == (400, 50024)


@pytest.mark.parametrize(
    "wrong", [{"suppress": "x"}, {"channel_id": "x"}, {"request_to_speak_timestamp": "soon"}], ids=str
)
async def test_forms_are_checked(stage: Stage, wrong: dict[str, Any]) -> None:
    assert error_code(await stage.member.patch(f"{stage.path}/@me", wrong)) == (400, 50035)
