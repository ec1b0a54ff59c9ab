"""The fields of each type of channel are shown where Discord documents them. Flags are set where they mean something."""

from typing import Any, Final

import pytest

from core.domain.channels.channel import ChannelType
from core.runtime.settings.settings import VoiceSettings
from tests.integration.api.conftest import OpenApi
from tests.support.embedded_api import ApiUnderTest
from tests.support.guild_scene import Scene, form_code

TEXT, VOICE, NEWS = ChannelType.TEXT, ChannelType.VOICE, ChannelType.ANNOUNCEMENT
STAGE, FORUM, CATEGORY = ChannelType.STAGE, ChannelType.FORUM, ChannelType.CATEGORY
_REQUIRE_TAG: Final = 1 << 4

FIELDS: Final[dict[str, tuple[Any, set[ChannelType]]]] = {
    "name": ("walked", {TEXT, VOICE, NEWS, STAGE, FORUM, CATEGORY}),
    "position": (7, {TEXT, VOICE, NEWS, STAGE, FORUM, CATEGORY}),
    "topic": ("walked", {TEXT, NEWS, FORUM}),
    "nsfw": (True, {TEXT, VOICE, NEWS, STAGE, FORUM}),
    "rate_limit_per_user": (5, {TEXT, VOICE, STAGE, FORUM}),
    "bitrate": (9000, {VOICE, STAGE}),
    "user_limit": (3, {VOICE, STAGE}),
    "rtc_region": ("automatic", {VOICE, STAGE}),
    "video_quality_mode": (2, {VOICE, STAGE}),
    "default_auto_archive_duration": (60, {TEXT, NEWS, FORUM}),
    "default_thread_rate_limit_per_user": (5, {TEXT, NEWS, FORUM}),
    "default_sort_order": (1, {FORUM}),
    "default_forum_layout": (1, {FORUM}),
}
"""A value of each field, and the types that have it, from Discord's table "Modify Channel"."""


@pytest.mark.parametrize("kind", [TEXT, VOICE, NEWS, STAGE, FORUM, CATEGORY])
async def test_documented_fields_of_a_type_are_kept_and_shown(api: ApiUnderTest, kind: ChannelType) -> None:
    scene = await Scene.build(api)
    wanted = {name: value for name, (value, kinds) in FIELDS.items() if kind in kinds}
    answers = []
    created = await scene.owner.post(f"{scene.path}/channels", {**wanted, "type": kind})
    answers += [created.json(), (await scene.owner.get(f"/channels/{created.json()['id']}")).json()]
    plain = await scene.add_channel("plain", type=int(kind))
    answers.append((await scene.owner.patch(f"/channels/{plain['id']}", wanted)).json())
    answers += [
        channel for channel in (await scene.owner.get(f"{scene.path}/channels")).json() if channel["id"] == plain["id"]
    ]
    for answer in answers:
        assert {name: answer.get(name) for name in wanted} == wanted


async def test_region_is_one_that_the_server_lists(open_api: OpenApi) -> None:
    async with open_api(voice=VoiceSettings(region="frankfurt", regions=("frankfurt", "us-east"))) as api:
        scene = await Scene.build(api)
        regions = (await scene.owner.get("/voice/regions")).json()
        assert [region["id"] for region in regions] == ["automatic", "frankfurt", "us-east"]
        assert [region["id"] for region in regions if region["optimal"]] == ["frankfurt"]
        channel = await scene.add_channel("loud", type=int(VOICE))
        for region in ("automatic", "us-east", None):
            answer = await scene.owner.patch(f"/channels/{channel['id']}", {"rtc_region": region})
            assert answer.json()["rtc_region"] == region
        wrong = {"name": "x", "type": VOICE, "rtc_region": "atlantis"}
        for answer in (
            await scene.owner.patch(f"/channels/{channel['id']}", {"rtc_region": "atlantis"}),
            await scene.owner.post(f"{scene.path}/channels", wrong),
        ):
            assert form_code(answer, "rtc_region") == "BASE_TYPE_CHOICES"
        answer = await scene.owner.post("/guilds", {"name": "new", "channels": [wrong]})
        assert form_code(answer, "channels", "0", "rtc_region") == "BASE_TYPE_CHOICES"


@pytest.mark.parametrize("kind", [TEXT, VOICE, NEWS, STAGE, FORUM, CATEGORY])
async def test_flags_are_set_where_they_mean_something_and_refused_elsewhere(
    api: ApiUnderTest, kind: ChannelType
) -> None:
    scene = await Scene.build(api)
    channel = await scene.add_channel("flagged", type=int(kind))
    path = f"/channels/{channel['id']}"
    for flag in (1 << number for number in range(31)):
        answer = await scene.owner.patch(path, {"flags": flag, "name": "renamed"})
        if kind == FORUM and flag == _REQUIRE_TAG:
            assert answer.json()["flags"] == flag
            assert (await scene.owner.patch(path, {"flags": flag})).status_code == 200, "as it was read"
            assert (await scene.owner.patch(path, {"flags": 0})).json()["flags"] == 0
        else:
            assert form_code(answer, "flags") == "BASE_TYPE_CHOICES"
    assert (await scene.owner.patch(path, {"flags": 0})).json()["flags"] == 0


async def test_flags_that_are_there_already_can_be_sent_back(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    async with api.store.write() as tx:
        await tx.channels.update(int(scene.general), {"flags": _REQUIRE_TAG})
    answer = await scene.owner.patch(f"/channels/{scene.general}", {"flags": _REQUIRE_TAG, "name": "renamed"})
    assert (answer.status_code, answer.json()["name"]) == (200, "renamed")
