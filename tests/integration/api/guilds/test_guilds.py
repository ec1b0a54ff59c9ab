"""Guilds: created, shown, changed, transferred, left and deleted."""

from typing import Any

import pytest

from core.domain.events import GUILD_JOINED, Audience
from core.domain.guilds.permissions import DEFAULT_EVERYONE, Permission
from tests.support.embedded_api import ApiUnderTest
from tests.support.embedded_data import AVATAR
from tests.support.guild_scene import Scene, error_code, form_code

PICTURE = AVATAR


async def test_create_guild_default_has_everyone_channels_and_system_channel(api: ApiUnderTest) -> None:
    alice = await api.register()
    answer = await alice.post("/guilds", {"name": "Gardeners"})
    assert answer.status_code == 201, answer.text
    guild = answer.json()
    assert guild["name"] == "Gardeners"
    assert guild["owner_id"] == alice.id
    assert [role["name"] for role in guild["roles"]] == ["@everyone"]
    assert guild["roles"][0]["id"] == guild["id"]
    assert guild["roles"][0]["permissions"] == str(DEFAULT_EVERYONE)
    channels = (await alice.get(f"/guilds/{guild['id']}/channels")).json()
    assert [(channel["type"], channel["name"]) for channel in channels] == [
        (4, "Text Channels"),
        (0, "general"),
        (4, "Voice Channels"),
        (2, "General"),
    ]
    assert guild["system_channel_id"] == channels[1]["id"]


async def test_create_guild_announces_owner_joining_and_nothing_before(api: ApiUnderTest) -> None:
    alice = await api.register()
    before = len(api.events())
    guild = (await alice.post("/guilds", {"name": "Gardeners"})).json()
    added, joined = api.events()[before:]
    assert (added.event, added.audience, added.guild_id, added.user_id) == (
        "GUILD_MEMBER_ADD",
        Audience.GUILD,
        int(guild["id"]),
        int(alice.id),
    )
    assert (joined.event, joined.audience, joined.user_id) == (GUILD_JOINED, Audience.USER, int(alice.id))
    assert api.payloads(GUILD_JOINED) == [{"guild_id": guild["id"]}]
    member = api.payloads("GUILD_MEMBER_ADD")[0]
    assert (member["guild_id"], member["user"]["id"]) == (guild["id"], alice.id)


async def test_bot_in_ten_guilds_makes_no_more(api: ApiUnderTest) -> None:
    alice = await api.register()
    bot = await api.make_bot(alice)
    made = [await bot.post("/guilds", {"name": "Gardeners"}) for _ in range(11)]
    assert [answer.status_code for answer in made[:10]] == [201] * 10
    assert error_code(made[10]) == (400, 30001)
    assert len((await bot.get("/users/@me/guilds")).json()) == 10
    other = (await alice.post("/guilds", {"name": "Others"})).json()["id"]
    await api.let_in(alice, bot, other, 0)
    assert len((await bot.get("/users/@me/guilds")).json()) == 11


async def test_create_guild_from_template_translates_placeholders(api: ApiUnderTest) -> None:
    alice = await api.register()
    answer = await alice.post(
        "/guilds",
        {
            "name": "Made to order",
            "icon": PICTURE,
            "verification_level": 2,
            "roles": [
                {"id": 0, "permissions": "1024"},
                {"id": 1, "name": "top", "permissions": "8", "color": 255},
                {"id": 2, "name": "low", "hoist": True},
            ],
            "channels": [
                {"id": 10, "name": "Rooms", "type": 4},
                {
                    "id": 11,
                    "name": "Front Room",
                    "type": 0,
                    "parent_id": 10,
                    "permission_overwrites": [{"id": 1, "type": 0, "allow": "2048", "deny": "0"}],
                },
                {"id": 12, "name": "Asleep", "type": 2},
            ],
            "system_channel_id": 11,
            "afk_channel_id": 12,
            "afk_timeout": 900,
        },
    )
    assert answer.status_code == 201, answer.text
    guild = answer.json()
    roles = {role["name"]: role for role in guild["roles"]}
    assert roles["@everyone"]["permissions"] == "1024"
    assert roles["top"]["position"] > roles["low"]["position"] > 0
    channels = {channel["name"]: channel for channel in (await alice.get(f"/guilds/{guild['id']}/channels")).json()}
    assert channels["front-room"]["parent_id"] == channels["Rooms"]["id"]
    assert channels["front-room"]["permission_overwrites"] == [
        {"id": roles["top"]["id"], "type": 0, "allow": "2048", "deny": "0"}
    ]
    assert guild["system_channel_id"] == channels["front-room"]["id"]
    assert guild["afk_channel_id"] == channels["Asleep"]["id"]
    assert (guild["verification_level"], guild["afk_timeout"]) == (2, 900)
    assert guild["icon"] is not None


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, ("name",)),
        ({"name": "x"}, ("name",)),
        ({"name": "x" * 101}, ("name",)),
        ({"name": "fine", "icon": "nonsense"}, ("icon",)),
        ({"name": "fine", "verification_level": 9}, ("verification_level",)),
        ({"name": "fine", "channels": [{"name": "a", "parent_id": 5}]}, ("channels", "0", "parent_id")),
        ({"name": "fine", "channels": [{"name": "a", "type": 1}]}, ("channels", "0", "type")),
        ({"name": "fine", "channels": [{"id": 1, "name": "a"}], "system_channel_id": 2}, ("system_channel_id",)),
    ],
)
async def test_create_guild_bad_body_names_the_field(api: ApiUnderTest, body: Any, path: tuple[str, ...]) -> None:
    alice = await api.register()
    assert form_code(await alice.post("/guilds", body), *path)
    assert api.events("GUILD_MEMBER_ADD") == []


async def test_get_guild_with_counts_tells_them(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    await scene.join()
    plain = (await scene.owner.get(scene.path)).json()
    assert "approximate_member_count" not in plain
    for flag in ("true", "True", "1"):
        counted = (await scene.owner.get(f"{scene.path}?with_counts={flag}")).json()
        assert (counted["approximate_member_count"], counted["approximate_presence_count"]) == (2, 0)
    api.online.put(int(scene.id), 1)
    api.online.put(1, 5)
    counted = (await scene.owner.get(f"{scene.path}?with_counts=true")).json()
    assert counted["approximate_presence_count"] == 1
    assert (await scene.owner.get(f"{scene.path}/preview")).json()["approximate_presence_count"] == 1


async def test_get_guild_stranger_and_nonsense_are_refused(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    stranger = await api.register()
    assert error_code(await stranger.get(scene.path)) == (404, 10004)
    assert error_code(await stranger.get("/guilds/1")) == (404, 10004)
    assert form_code(await stranger.get("/guilds/abc"), "guild_id") == "NUMBER_TYPE_COERCE"
    assert error_code(await api.nobody.get(scene.path)) == (401, 0)


async def test_update_guild_changes_given_fields_and_announces_them(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    voice = await scene.add_channel("Asleep", type=2)
    answer = await scene.owner.patch(
        scene.path,
        {
            "name": "Renamed",
            "description": "about",
            "icon": PICTURE,
            "banner": PICTURE,
            "verification_level": 3,
            "afk_channel_id": voice["id"],
            "afk_timeout": 60,
            "system_channel_id": None,
            "system_channel_flags": 1,
            "preferred_locale": "de",
            "features": ["DISCOVERABLE", "VERIFIED", None],
            "unknown": 1,
        },
    )
    assert answer.status_code == 200, answer.text
    guild = answer.json()
    assert guild["name"] == "Renamed"
    assert guild["description"] == "about"
    assert guild["icon"] == guild["banner"]
    assert guild["afk_channel_id"] == voice["id"]
    assert guild["system_channel_id"] is None
    assert guild["features"] == ["DISCOVERABLE"]
    assert guild["preferred_locale"] == "de"
    assert api.payloads("GUILD_UPDATE") == [guild]
    shown = await scene.owner.get(scene.path)
    assert shown.json() == guild
    twice = await scene.owner.patch(scene.path, {"features": ["DISCOVERABLE", "DISCOVERABLE"]})
    assert form_code(twice, "features", "1") == "SET_TYPE_ALREADY_CONTAINS_VALUE"
    cleared = (await scene.owner.patch(scene.path, {"icon": None, "name": None})).json()
    assert (cleared["icon"], cleared["name"]) == (None, "Renamed")


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"name": ""}, "name"),
        ({"afk_timeout": 61}, "afk_timeout"),
        ({"preferred_locale": "xx"}, "preferred_locale"),
        ({"afk_channel_id": "1"}, "afk_channel_id"),
        ({"system_channel_id": "text"}, "system_channel_id"),
        ({"features": "COMMUNITY"}, "features"),
        ({"description": "x" * 301}, "description"),
        ({"banner": "data:image/png;base64,!!"}, "banner"),
    ],
)
async def test_update_guild_bad_body_names_the_field(api: ApiUnderTest, body: Any, path: str) -> None:
    scene = await Scene.build(api)
    assert form_code(await scene.owner.patch(scene.path, body), path)
    assert api.events("GUILD_UPDATE") == []


async def test_update_guild_refers_to_channels_of_its_own_and_of_the_right_type(api: ApiUnderTest) -> None:
    scene, other = await Scene.build(api), await Scene.build(api)
    voice, category = [await scene.add_channel(type=kind) for kind in (2, 4)]
    before = (await scene.owner.get(scene.path)).json()
    fields = [name for name in before if name.endswith("_channel_id") and name != "widget_channel_id"]
    assert len(fields) == 5
    for field in fields:
        wrong = scene.general if field == "afk_channel_id" else voice["id"]
        for channel_id in ("1", "9223372036854775807", other.general, category["id"], wrong, scene.id):
            answer = await scene.owner.patch(scene.path, {field: channel_id, "name": "Renamed"})
            assert form_code(answer, field) == "CHANNEL_TYPE_INVALID"
    assert (await scene.owner.get(scene.path)).json() == before
    assert api.events("GUILD_UPDATE") == []


async def test_update_guild_needs_manage_guild(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    bob = await scene.join()
    assert error_code(await bob.patch(scene.path, {"name": "Bob's"})) == (403, 50013)
    await scene.add_role(bob, permissions=Permission.MANAGE_GUILD)
    assert (await bob.patch(scene.path, {"name": "Bob's"})).status_code == 200


async def test_transfer_guild_is_the_owners_alone(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    bob = await scene.join()
    await scene.add_role(bob, permissions=Permission.ADMINISTRATOR)
    stranger = await api.register()
    assert error_code(await bob.patch(scene.path, {"owner_id": bob.id})) == (403, 50013)
    assert error_code(await scene.owner.patch(scene.path, {"owner_id": stranger.id})) == (404, 10007)
    bot = await api.make_bot(scene.owner)
    await api.let_in(scene.owner, bot, scene.id)
    assert error_code(await scene.owner.patch(scene.path, {"owner_id": bot.id})) == (400, 50132)
    answer = await scene.owner.patch(scene.path, {"owner_id": bob.id})
    assert answer.json()["owner_id"] == bob.id
    assert error_code(await scene.owner.delete(scene.path)) == (403, 50013)
    assert (await scene.owner.delete(f"/users/@me/guilds/{scene.id}")).status_code == 204


async def test_delete_guild_by_owner_announces_and_forgets_it(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    bob = await scene.join()
    assert error_code(await bob.delete(scene.path)) == (403, 50013)
    assert (await scene.owner.delete(scene.path)).status_code == 204
    assert api.payloads("GUILD_DELETE") == [{"id": scene.id}]
    assert error_code(await scene.owner.get(scene.path)) == (404, 10004)
    assert error_code(await scene.owner.get(f"/channels/{scene.general}")) == (404, 10003)
    assert error_code(await scene.owner.delete(scene.path)) == (404, 10004)


async def test_delete_guild_as_discords_client_does(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    assert (await scene.owner.post(f"{scene.path}/delete")).status_code == 204
    assert error_code(await scene.owner.get(scene.path)) == (404, 10004)


async def test_leave_guild_announces_removal_and_owner_cannot(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    bob = await scene.join()
    assert (await bob.delete(f"/users/@me/guilds/{scene.id}")).status_code == 204
    [removed] = api.payloads("GUILD_MEMBER_REMOVE")
    assert (removed["guild_id"], removed["user"]["id"]) == (scene.id, bob.id)
    assert api.events("GUILD_MEMBER_REMOVE")[0].user_id == int(bob.id)
    assert error_code(await bob.get(scene.path)) == (404, 10004)
    assert error_code(await bob.delete(f"/users/@me/guilds/{scene.id}")) == (404, 10004)
    assert error_code(await scene.owner.delete(f"/users/@me/guilds/{scene.id}")) == (400, 50055)


async def test_preview_is_for_members_unless_discoverable(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    stranger = await api.register()
    assert (await scene.owner.get(f"{scene.path}/preview")).json()["approximate_member_count"] == 1
    assert error_code(await stranger.get(f"{scene.path}/preview")) == (404, 10004)
    await scene.owner.patch(scene.path, {"features": ["DISCOVERABLE"]})
    assert (await stranger.get(f"{scene.path}/preview")).json()["id"] == scene.id


async def test_regions_are_listed(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    [region] = (await scene.owner.get(f"{scene.path}/regions")).json()
    assert region["optimal"] is True
    assert (await scene.owner.get("/voice/regions")).json() == [region]


async def test_vanity_code_leads_in_and_is_unique(api: ApiUnderTest) -> None:
    scene, other = await Scene.build(api), await Scene.build(api)
    stranger = await api.register()
    assert (await scene.owner.get(f"{scene.path}/vanity-url")).json() == {"code": None, "uses": 0}
    answer = await scene.owner.patch(f"{scene.path}/vanity-url", {"code": "Green-Thumbs"})
    assert answer.json()["code"] == "green-thumbs"
    assert error_code(await other.owner.patch(f"{other.path}/vanity-url", {"code": "green-thumbs"})) == (400, 50020)
    assert error_code(await other.owner.patch(f"{other.path}/vanity-url", {"code": "no spaces"})) == (400, 50020)
    assert error_code(await stranger.get(f"{scene.path}/vanity-url")) == (404, 10004)
    shown = (await api.nobody.get("/invites/GREEN-thumbs")).json()
    assert (shown["code"], shown["guild"]["id"], shown["expires_at"]) == ("green-thumbs", scene.id, None)
    assert (await stranger.post("/invites/green-thumbs")).json()["new_member"] is True
    assert (await stranger.get(scene.path)).json()["vanity_url_code"] == "green-thumbs"
    shown = await scene.owner.get(f"{scene.path}/vanity-url")
    assert shown.json() == {"code": "green-thumbs", "uses": 1}
    await stranger.post("/invites/green-thumbs")  # who is in already uses nothing
    assert (await scene.owner.patch(f"{scene.path}/vanity-url", {"code": "green-thumbs"})).json()["uses"] == 1
    assert (await scene.owner.patch(f"{scene.path}/vanity-url", {"code": "other"})).json()["uses"] == 0
    await scene.owner.patch(f"{scene.path}/vanity-url", {"code": None})
    assert error_code(await stranger.get("/invites/green-thumbs")) == (404, 10006)
