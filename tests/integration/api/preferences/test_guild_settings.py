"""Settings of guilds and of direct messages: mutes, and what other devices hear of them."""

from typing import Any

import pytest

from tests.support.embedded_api import ApiUnderTest
from tests.support.guild_scene import Scene, error_code, form_code

MUTE = {"end_time": "2027-01-01T00:00:00+00:00", "selected_time_window": 3600}


def told(api: ApiUnderTest, user_id: str) -> list[Any]:
    return [d for name, d in api.events_of(user_id) if name == "USER_GUILD_SETTINGS_UPDATE"]


async def test_guild_is_muted_and_the_whole_entry_is_answered_and_told(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    path = f"/users/@me/guilds/{scene.id}/settings"
    muted = (await scene.owner.patch(path, {"muted": True, "mute_config": MUTE, "suppress_everyone": True})).json()
    assert (muted["guild_id"], muted["muted"], muted["mute_config"], muted["version"]) == (scene.id, True, MUTE, 1)
    assert (muted["message_notifications"], muted["channel_overrides"]) == (3, [])
    loud = (await scene.owner.patch(path, {"muted": False, "mute_config": None, "message_notifications": 1})).json()
    assert (loud["muted"], loud["mute_config"], loud["suppress_everyone"], loud["version"]) == (False, None, True, 2)
    assert told(api, scene.owner.id) == [muted, loud]


@pytest.mark.parametrize("is_list", [True, False])
async def test_channels_are_changed_one_by_one(api: ApiUnderTest, is_list: bool) -> None:
    scene = await Scene.build(api)
    path = f"/users/@me/guilds/{scene.id}/settings"

    def overrides(**by_id: Any) -> Any:
        pairs = {channel_id.removeprefix("c"): given for channel_id, given in by_id.items()}
        return [{"channel_id": key, **given} for key, given in pairs.items()] if is_list else pairs

    await scene.owner.patch(path, {"channel_overrides": overrides(c11={"muted": True, "mute_config": MUTE}, c12={})})
    changed = {"channel_overrides": overrides(c12={"message_notifications": 2, "collapsed": True})}
    shown = (await scene.owner.patch(path, changed)).json()["channel_overrides"]
    assert [
        (each["channel_id"], each["muted"], each["message_notifications"], each["collapsed"]) for each in shown
    ] == [
        ("11", True, 3, False),
        ("12", False, 2, True),
    ]


async def test_direct_messages_have_settings_without_a_guild(api: ApiUnderTest) -> None:
    alice = await api.register()
    shown = (await alice.patch("/users/@me/guilds/@me/settings", {"muted": True})).json()
    assert (shown["guild_id"], shown["muted"]) == (None, True)


async def test_several_guilds_are_changed_together_or_not_at_all(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    given = {"guilds": {scene.id: {"muted": True}, "@me": {"flags": 2}}}
    answer = await scene.owner.patch("/users/@me/guilds/settings", given)
    assert [(each["guild_id"], each["muted"], each["flags"]) for each in answer.json()] == [
        (scene.id, True, 0),
        (None, False, 2),
    ]
    stranger = await api.register()
    for guilds in ({"@me": {"muted": True}, scene.id: {"muted": True}}, {"@me": {"muted": True}, "x": {}}):
        assert (await stranger.patch("/users/@me/guilds/settings", {"guilds": guilds})).is_client_error
    assert told(api, stranger.id) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"message_notifications": 4},
        {"muted": "loud"},
        {"channel_overrides": {"x": {}}},
        {"channel_overrides": [{"muted": True}]},
        {"channel_overrides": {str(number + 1): {"mute_config": MUTE} for number in range(1000)}},
    ],
)
async def test_wrong_settings_are_refused(api: ApiUnderTest, wrong: Any) -> None:
    scene = await Scene.build(api)
    answer = await scene.owner.patch(f"/users/@me/guilds/{scene.id}/settings", wrong)
    assert error_code(answer) == (400, 50035)
    assert told(api, scene.owner.id) == []


@pytest.mark.parametrize(
    ("wrong", "place", "code"),
    [
        ({"mute_config": {"end_time": "soon"}}, ["mute_config", "end_time"], "DATETIME_TYPE_PARSE"),
        ({"channel_overrides": {"x": {}}}, ["channel_overrides", "x"], "NUMBER_TYPE_COERCE"),
        ({"channel_overrides": [{}]}, ["channel_overrides", "0", "channel_id"], "BASE_TYPE_REQUIRED"),
    ],
)
async def test_wrong_part_of_the_settings_is_named(api: ApiUnderTest, wrong: Any, place: list[str], code: str) -> None:
    scene = await Scene.build(api)
    answer = await scene.owner.patch(f"/users/@me/guilds/{scene.id}/settings", wrong)
    assert form_code(answer, *place) == code
    several = await scene.owner.patch("/users/@me/guilds/settings", {"guilds": {"y": {}}})
    assert form_code(several, "guilds", "y") == "NUMBER_TYPE_COERCE"


async def test_time_of_a_mute_is_kept_with_its_zone(api: ApiUnderTest) -> None:
    alice = await api.register()
    for given, kept in (
        ("2027-01-01T00:00:00.5Z", "2027-01-01T00:00:00.500000+00:00"),
        ("2027-01-01T00:00:00", "2027-01-01T00:00:00+00:00"),
        (None, None),
    ):
        answer = await alice.patch("/users/@me/guilds/@me/settings", {"mute_config": {"end_time": given}})
        assert answer.json()["mute_config"]["end_time"] == kept


async def test_guild_of_others_has_no_settings_here(api: ApiUnderTest) -> None:
    scene, stranger = await Scene.build(api), await api.register()
    assert error_code(await stranger.patch(f"/users/@me/guilds/{scene.id}/settings", {})) == (404, 10004)
    assert error_code(await stranger.patch("/users/@me/guilds/1/settings", {})) == (404, 10004)


async def test_settings_are_read_as_they_were_set(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    alice = await scene.join()
    path = f"/users/@me/guilds/{scene.id}/settings"
    fresh = (await alice.get(path)).json()
    assert (fresh["guild_id"], fresh["muted"], fresh["version"]) == (scene.id, False, 0)
    assert (await alice.get("/users/@me/guilds/settings")).json() == []
    changed = (await alice.patch(path, {"muted": True})).json()
    direct = (await alice.patch("/users/@me/guilds/@me/settings", {"mobile_push": False})).json()
    assert (await alice.get(path)).json() == changed
    assert (await alice.get("/users/@me/guilds/@me/settings")).json() == direct
    assert (await alice.get("/users/@me/guilds/settings")).json() == [direct, changed]
    assert (await scene.owner.get("/users/@me/guilds/settings")).json() == []
    assert error_code(await (await api.register()).get(path)) == (404, 10004)
